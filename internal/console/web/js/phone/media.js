// Files in messages: pictures, films, sound, documents.
import { h, s } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {{path: string, mimeType: string, sizeBytes: number, url: string, fileName?: string, thumbnailUrl?: string, thumbnailMimeType?: string}} Attachment */

/** @param {string} type */
export function kindOf(type) {
  if (type === 'image/gif') return 'gif';
  if (type === 'application/pdf') return 'pdf';
  return /^(image|video|audio)\//.exec(type)?.[1] ?? 'file';
}

/** @param {number} bytes */
export function size(bytes) {
  if (!bytes) return '';
  if (bytes < 1000) return bytes + ' B';
  if (bytes < 1e6) return Math.round(bytes / 1000) + ' kB';
  return (bytes / 1e6).toFixed(1) + ' MB';
}

/** @param {number} seconds */
const clock = (seconds) => Math.floor(seconds / 60) + ':' + String(Math.floor(seconds % 60)).padStart(2, '0');

/**
 * The picture of a file in a card or bubble; `view` opens it.
 * @param {Attachment | undefined} a @param {{alt?: string, still?: boolean, view: (a: Attachment) => void}} o
 */
export function frame(a, o) {
  if (!a) return h('div', { class: 'media missing', role: 'img', 'aria-label': o.alt || 'a file that is not there' }, icon('image', 30));
  const kind = kindOf(a.mimeType);
  const label = o.alt || a.fileName || { image: 'picture', gif: 'animated picture', video: 'video', pdf: 'PDF document', audio: 'sound' }[kind] || 'file';
  const shown = kind === 'image' || kind === 'gif' ? a.url : a.thumbnailUrl;
  return h('button', { class: 'media ' + kind, type: 'button', 'aria-label': 'Open ' + label, on: { click: (/** @type {Event} */ e) => { e.stopPropagation(); o.view(a); } } },
    shown ? (kind === 'gif' && o.still ? still(a.url, label) : picture(shown, a.thumbnailUrl, label)) : backdrop(kind),
    kind === 'video' && h('span', { class: 'play' }, icon('play', 26)),
    kind === 'pdf' && h('span', { class: 'tag' }, 'PDF'));
}

/** The default picture of a file without a thumbnail. @param {string} kind */
function backdrop(kind) {
  return h('span', { class: 'backdrop' }, icon({ video: 'video', pdf: 'file', audio: 'audio' }[kind] ?? 'image', 34));
}

/** The thumbnail stays while the file loads, and if it does not. @param {string} url @param {string | undefined} thumb @param {string} alt */
function picture(url, thumb, alt) {
  const img = h('img', { src: url, alt, loading: 'lazy', decoding: 'async', draggable: 'false' });
  img.onerror = () => {
    if (thumb && img.src !== new URL(thumb, location.href).href) img.src = thumb;
    else img.replaceWith(backdrop('image'));
  };
  return img;
}

/** The first frame of a GIF. @param {string} url @param {string} alt */
function still(url, alt) {
  const canvas = h('canvas', { role: 'img', 'aria-label': alt });
  const img = new Image();
  img.onload = () => {
    canvas.width = img.naturalWidth;
    canvas.height = img.naturalHeight;
    canvas.getContext('2d')?.drawImage(img, 0, 0);
  };
  img.src = url;
  return canvas;
}

/** A sound with its own small player. @param {Attachment} a */
export function sound(a) {
  const audio = new Audio();
  audio.preload = 'metadata';
  audio.src = a.url;
  const time = h('span', { class: 'time' }, '0:00');
  const bars = [...Array(32)].map((_, i) => 3 + Math.abs(Math.sin(i * 12.9898 + a.url.length) * 43758.5453) % 15);
  const wave = s('svg', { viewBox: '0 0 128 24', class: 'wave', 'aria-hidden': 'true' },
    ...bars.map((v, i) => s('rect', { x: i * 4, y: 12 - v / 2, width: 2.4, height: v, rx: 1.2 })));
  const button = h('button', { class: 'round', type: 'button', 'aria-label': 'Play' }, icon('play', 18));
  const show = () => {
    button.replaceChildren(icon(audio.paused ? 'play' : 'pause', 18));
    button.setAttribute('aria-label', audio.paused ? 'Play' : 'Pause');
    const d = Number.isFinite(audio.duration) ? audio.duration : 0;
    time.textContent = clock(audio.currentTime || d);
    const done = d ? (audio.currentTime / d) * bars.length : 0;
    wave.querySelectorAll('rect').forEach((r, i) => r.classList.toggle('played', i < done));
  };
  button.onclick = () => void (audio.paused ? audio.play() : audio.pause());
  for (const type of ['play', 'pause', 'timeupdate', 'loadedmetadata', 'ended']) audio.addEventListener(type, show);
  return h('div', { class: 'sound' }, button, wave, time);
}

/** A document as a row. @param {Attachment} a @param {(a: Attachment) => void} view */
export function documentRow(a, view) {
  return h('button', { class: 'document', type: 'button', on: { click: () => view(a) } },
    a.thumbnailUrl ? h('img', { src: a.thumbnailUrl, alt: '', class: 'sheet' }) : h('span', { class: 'sheet none' }, icon('file', 24)),
    h('span', { class: 'about' }, h('span', { class: 'name' }, a.fileName || 'Document'),
      h('span', { class: 'size' }, [kindOf(a.mimeType) === 'pdf' ? 'PDF' : a.mimeType, size(a.sizeBytes)].filter(Boolean).join(' · '))));
}

/** A file as large as the phone. @param {Attachment} a */
export function large(a) {
  switch (kindOf(a.mimeType)) {
    case 'video':
      return h('video', { src: a.url, poster: a.thumbnailUrl, controls: true, playsinline: true, 'aria-label': a.fileName ?? 'video' });
    case 'image':
    case 'gif':
      return h('img', { src: a.url, alt: a.fileName ?? 'picture' });
    default:
      return h('div', { class: 'opened-file' }, icon('file', 56), h('p', null, a.fileName || 'Document'), h('p', { class: 'size' }, size(a.sizeBytes)),
        h('a', { class: 'pill-button', href: a.url, target: '_blank', rel: 'noopener' }, icon('open', 18), 'Open in a new tab'));
  }
}
