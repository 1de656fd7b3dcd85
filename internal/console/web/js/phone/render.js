// An AgentMessage as a phone draws it. The composer's preview and the log's use the
// same functions as the phone.
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { documentRow, frame, kindOf, sound } from './media.js';

/** @typedef {import('./looks.js').Look} Look */
/** @typedef {import('./media.js').Attachment} Attachment */

/**
 * What the drawing needs to know and may do.
 * @typedef {object} Stage
 * @property {Look} look
 * @property {(suggestion: any) => void} tap
 * @property {(a: Attachment) => void} view opens a file
 * @property {(what: HTMLElement) => void} expand shows something cut in full
 */

/** @param {any} message @param {Attachment[]} media @param {Stage} stage */
export function render(message, media, stage) {
  const c = message?.contentMessage ?? {};
  const at = (/** @type {string} */ path) => media.find((a) => a.path === path);
  if (c.richCard?.carouselCard) return carousel(c.richCard.carouselCard, at, stage);
  if (c.richCard?.standaloneCard) return standalone(c.richCard.standaloneCard, at, stage);
  if (c.text) return h('div', { class: 'bubble words', dir: 'auto' }, ...linked(c.text, stage.look.linksAnywhere));
  if (c.contentInfo || c.uploadedRbmFile || c.fileName) {
    return file(at('contentInfo') ?? at('uploadedRbmFile') ?? at('fileName'), stage, c.contentInfo?.fileUrl);
  }
  return h('div', { class: 'bubble words empty' }, 'Empty message');
}

/** A file that is the whole message. @param {Attachment | undefined} a @param {Stage} stage @param {string} [address] */
export function file(a, stage, address) {
  if (!a) {
    return h('div', { class: 'bubble gone' }, icon('file', 22), h('span', null, 'The file is not available', address && h('small', null, address)));
  }
  switch (kindOf(a.mimeType)) {
    case 'audio': return h('div', { class: 'bubble' }, sound(a));
    case 'image': case 'gif': case 'video': return h('div', { class: 'bubble picture' }, frame(a, { view: stage.view }));
    default: return h('div', { class: 'bubble' }, documentRow(a, stage.view));
  }
}

const address = /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/gi;

/** Text with its links: anywhere, or only at the end. @param {string} text @param {boolean} anywhere */
export function linked(text, anywhere) {
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  let from = 0;
  for (const m of text.matchAll(address)) {
    const last = text.slice(m.index + m[0].length).trim() === '';
    if (!anywhere && !last) continue;
    parts.push(text.slice(from, m.index), h('a', { href: m[0], target: '_blank', rel: 'noopener noreferrer' }, m[0]));
    from = m.index + m[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** @param {any} card @param {(path: string) => Attachment | undefined} at @param {Stage} stage */
function standalone(card, at, stage) {
  const across = card.cardOrientation === 'HORIZONTAL' && (stage.look.family === 'android' || kindOf(at(standalonePath)?.mimeType ?? '') !== 'video');
  const el = cardElement(card.cardContent ?? {}, at(standalonePath), stage, false);
  el.classList.add('standalone', across ? 'across' : 'upright');
  if (across) {
    el.classList.add(card.thumbnailImageAlignment === 'RIGHT' ? 'media-right' : 'media-left');
    el.style.setProperty('--strip', stage.look.strip + 'px');
  }
  return el;
}

const standalonePath = 'richCard.standaloneCard.cardContent.media';

/** @param {any} card @param {(path: string) => Attachment | undefined} at @param {Stage} stage */
function carousel(card, at, stage) {
  const size = card.cardWidth === 'SMALL' ? 'SMALL' : 'MEDIUM';
  const cards = (card.cardContents ?? []).map((/** @type {any} */ content, /** @type {number} */ i) => {
    const el = cardElement(content, at(`richCard.carouselCard.cardContents[${i}].media`), stage, true);
    el.classList.add('upright');
    el.setAttribute('role', 'group');
    el.setAttribute('aria-label', `Card ${i + 1} of ${card.cardContents.length}`);
    return el;
  });
  const strip = h('div', { class: 'carousel ' + size.toLowerCase(), tabindex: '0', role: 'group', 'aria-label': 'Cards', style: { '--card': stage.look.width[size] + 'px' } }, ...cards);
  strip.addEventListener('keydown', (e) => {
    const step = stage.look.width[size] + 8;
    if (e.target === strip && e.key === 'ArrowRight') strip.scrollBy({ left: step, behavior: 'smooth' });
    if (e.target === strip && e.key === 'ArrowLeft') strip.scrollBy({ left: -step, behavior: 'smooth' });
  });
  draggable(strip);
  whenSeen(strip, () => cards.forEach((/** @type {HTMLElement} */ el) => cut(el, stage.look.tallest[size])));
  return strip;
}

/**
 * @param {any} content @param {Attachment | undefined} a @param {Stage} stage @param {boolean} inCarousel
 * @returns {HTMLElement}
 */
function cardElement(content, a, stage, inCarousel) {
  const { look } = stage;
  const media = content.media && frame(a, { alt: content.media.contentDescription, still: !look.animatesGIF, view: stage.view });
  if (media) {
    const height = look.media[content.media.height ?? 'SHORT'] ?? look.media.SHORT;
    media.classList.add('card-media');
    if (height) media.style.setProperty('height', height + 'px');
    else media.classList.add('ratio');
  }
  const words = h('div', { class: 'card-words' },
    content.title && h('div', { class: 'card-title', dir: 'auto' }, content.title),
    content.description && h('div', { class: 'card-description', dir: 'auto' }, content.description));
  const buttons = cardButtons(content.suggestions ?? [], stage);
  const body = h('div', { class: 'card-body' }, words, buttons);
  const el = h('article', { class: 'card' }, media, body);
  el.style.setProperty('--lines', String(look.lines));
  whenSeen(el, () => {
    const tooLong = [...words.children].some((w) => w.scrollHeight > w.clientHeight + 2);
    if (tooLong || el.classList.contains('cut')) more(el, content, a, stage);
  });
  if (inCarousel) el.classList.add('in-carousel');
  return el;
}

/** The sign that something was cut: it opens the whole. @param {HTMLElement} el @param {any} content @param {Attachment | undefined} a @param {Stage} stage */
function more(el, content, a, stage) {
  if (el.querySelector('.card-more')) return;
  const open = () => stage.expand(whole(content, a, stage));
  el.querySelector('.card-words')?.append(h('button', { class: 'card-more', type: 'button', on: { click: open } }, 'More'));
}

/** The card as a full view: on Android with everything, on iOS its text alone. @param {any} content @param {Attachment | undefined} a @param {Stage} stage */
function whole(content, a, stage) {
  const all = stage.look.family === 'android';
  return h('article', { class: 'card whole' },
    all && content.media && frame(a, { alt: content.media.contentDescription, view: stage.view }),
    h('div', { class: 'card-words' }, h('div', { class: 'card-title', dir: 'auto' }, content.title ?? ''), h('div', { class: 'card-description', dir: 'auto' }, content.description ?? '')),
    all && h('div', { class: 'card-buttons' }, ...(content.suggestions ?? []).map((/** @type {any} */ one) => cardButton(one, stage))));
}

/**
 * Makes a card of a carousel as low as it must be, in the order in which Google
 * Messages gives things up.
 * @param {HTMLElement} el @param {number} tallest
 */
function cut(el, tallest) {
  for (const step of ['one-line', 'one-title', 'no-buttons', 'no-description', 'no-title']) {
    if (el.scrollHeight <= tallest) return;
    el.classList.add('cut', step);
  }
}

/** @param {any[]} suggestions @param {Stage} stage */
function cardButtons(suggestions, stage) {
  if (!suggestions.length) return null;
  if (stage.look.cardButtons === 'menu' && suggestions.length > 1) {
    return h('details', { class: 'card-menu' }, h('summary', null, label(suggestions[0]), icon('down', 14)),
      ...suggestions.map((one) => cardButton(one, stage)));
  }
  return h('div', { class: 'card-buttons' }, ...suggestions.map((one) => cardButton(one, stage)));
}

/** @param {any} one @param {Stage} stage */
function cardButton(one, stage) {
  return h('button', { class: 'card-button', type: 'button', on: { click: () => stage.tap(one) } }, glyph(one, 18), h('span', { dir: 'auto' }, label(one)));
}

/** @param {any} one a suggestion */
export const label = (one) => one.reply?.text ?? one.action?.text ?? '';

/** @param {any} one @param {number} size */
export function glyph(one, size) {
  const name = Object.entries({
    dialAction: 'call', viewLocationAction: 'pin', shareLocationAction: 'target', createCalendarEventAction: 'calendar', openUrlAction: 'open', composeAction: 'compose',
  }).find(([kind]) => one.action?.[kind])?.[1];
  if (name === 'open' && one.action.openUrlAction.application === 'WEBVIEW') return icon('window', size);
  return name ? icon(name, size) : null;
}

/** The chips below the newest message. @param {any[]} suggestions @param {Stage} stage */
export function chips(suggestions, stage) {
  const chip = (/** @type {any} */ one) => h('button', { class: 'chip', type: 'button', on: { click: () => stage.tap(one) } }, glyph(one, 17), h('span', { dir: 'auto' }, label(one)));
  if (stage.look.chips === 'row') {
    const row = h('div', { class: 'chips line', role: 'group', 'aria-label': 'Suggestions' }, ...suggestions.map(chip));
    draggable(row);
    return row;
  }
  const actions = suggestions.filter((one) => one.action);
  const replies = suggestions.filter((one) => !one.action);
  return h('div', { class: 'chips list', role: 'group', 'aria-label': 'Suggestions' },
    actions.length > 2 ? h('details', { class: 'options' }, h('summary', null, 'Options', icon('down', 14)), ...actions.map(chip)) : actions.map(chip),
    ...replies.map(chip));
}

/** Calls fn once el is laid out. @param {HTMLElement} el @param {() => void} fn */
function whenSeen(el, fn) {
  const watch = new ResizeObserver(() => {
    if (!el.isConnected || !el.clientHeight) return;
    watch.disconnect();
    fn();
  });
  watch.observe(el);
}

/** Lets a mouse drag a strip as a finger does. @param {HTMLElement} el */
function draggable(el) {
  let from = 0;
  let left = 0;
  let dragged = false;
  el.addEventListener('pointerdown', (e) => {
    if (e.pointerType !== 'mouse' || e.button !== 0) return;
    [from, left, dragged] = [e.clientX, el.scrollLeft, false];
    const move = (/** @type {PointerEvent} */ m) => {
      if (!dragged && Math.abs(m.clientX - from) < 6) return;
      dragged = true;
      el.classList.add('dragging');
      el.scrollLeft = left - (m.clientX - from);
    };
    const end = () => {
      window.removeEventListener('pointermove', move);
      el.classList.remove('dragging');
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', end, { once: true });
  });
  el.addEventListener('click', (e) => {
    if (dragged) e.stopPropagation();
    dragged = false;
  }, true);
}
