import { s } from './dom.js';

/** Our own line icons on a grid of 24. @type {Record<string, string>} */
const paths = {
  live: 'M4 12h3l3-8 4 16 3-8h3',
  compose: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  hook: 'M8 8a4 4 0 1 1 6.5 3.1L17 16M12 8l-3.5 7M17 20a3 3 0 1 0-2.8-4H8M7 13a4 4 0 1 0 4 4',
  chart: 'M5 20V11M12 20V5M19 20v-6M3 20h18',
  agents: 'M4 20v-1a5 5 0 0 1 5-5h6a5 5 0 0 1 5 5v1M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
  brand: 'M4 20V9l8-5 8 5v11zM9.5 20v-6h5v6',
  phone: 'M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM11 18h2',
  gauge: 'M4.500 18a9 9 0 1 1 15 0M12 14l4-5M12 15v.01',
  audit: 'M6 3h9l4 4v14H6zM14 3v5h5M9 12h6M9 16h6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  down: 'M5 9l7 7 7-7',
  more: 'M12 5.5v.01M12 12v.01M12 18.5v.01',
  plus: 'M12 5v14M5 12h14',
  send: 'M4 12l16-8-5 16-3-7zM12 13l4-4',
  up: 'M12 19V5M6 11l6-6 6 6',
  call: 'M6.5 3.5l3 .5 1.5 4-2 1.7a12 12 0 0 0 5.3 5.3l1.7-2 4 1.5.5 3a2 2 0 0 1-2.2 2.3A17 17 0 0 1 4.200 5.700 2 2 0 0 1 6.500 3.500z',
  pin: 'M12 21s7-6.200 7-11.500a7 7 0 1 0-14 0C5 14.800 12 21 12 21zM12 12a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  target: 'M12 18a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM12 2v4M12 18v4M2 12h4M18 12h4',
  calendar: 'M5 6h14v14H5zM5 10h14M9 3v4M15 3v4',
  open: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  window: 'M4 5h16v14H4zM4 9h16M7 7v.01M9.500 7v.01',
  file: 'M7 3h7l4 4v14H7zM13 3v5h5',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9.500v.01',
  video: 'M4 6h11v12H4zM15 10l5-3v10l-5-3',
  audio: 'M4 10v4h4l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  checks: 'M2.500 12.500l4.500 4.500L15.500 8.500M11.500 16l1 1L21.500 8',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  warn: 'M12 4l9 16H3zM12 10v4.500M12 17.500v.01',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  retry: 'M20 11a8 8 0 1 0-2.500 6.500M20 5v6h-6',
  undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  gear: 'M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM12 2.500v3M12 18.500v3M2.500 12h3M18.500 12h3M5.300 5.300l2.100 2.100M16.600 16.600l2.100 2.100M18.700 5.300l-2.100 2.100M7.400 16.600l-2.100 2.100',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M19 5l-1.400 1.400M6.400 17.600L5 19',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  out: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  in: 'M7 17L17 7M9 7h8v8',
  bell: 'M6 17v-6a6 6 0 1 1 12 0v6l2 1H4zM10 20.500h4',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5',
  keyboard: 'M3 7h18v11H3zM7 11v.01M11 11v.01M15 11v.01M18 11v.01M8 14.500h8',
  key: 'M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9v3M17.500 12v2.500',
  mail: 'M3 6h18v12H3zM3 7l9 6 9-6',
  web: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  shield: 'M12 3l8 3v6c0 5-3.500 7.500-8 9-4.500-1.500-8-4-8-9V6z',
  smile: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 14a4.500 4.500 0 0 0 8 0M9 9.500v.01M15 9.500v.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v6M12 7.500v.01',
  flag: 'M6 21V4h12l-3 4 3 4H6',
  list: 'M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01',
  bolt: 'M13 3L5 14h6l-1 7 8-11h-6z',
  download: 'M12 4v11M7 10l5 5 5-5M4 20h16',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0',
  filter: 'M4 6h16M7 12h10M10 18h4',
  mute: 'M4 10v4h4l5 4V6l-5 4zM16.500 9.500l5 5M21.500 9.500l-5 5',
};

/** Icons that were drawn before: to copy one is much quicker. @type {Map<string, SVGElement>} */
const drawn = new Map();

/**
 * @param {string} name @param {number} [size] in px
 * @param {string} [label] what it means; without it the icon is decoration
 */
export function icon(name, size = 20, label) {
  if (!label) {
    const key = name + size;
    let made = drawn.get(key);
    if (!made) drawn.set(key, (made = s('svg', { viewBox: '0 0 24 24', width: size, height: size, class: 'icon icon-' + name, 'aria-hidden': 'true' }, s('path', { d: paths[name] ?? '' }))));
    return /** @type {SVGElement} */ (made.cloneNode(true));
  }
  return s('svg', { viewBox: '0 0 24 24', width: size, height: size, class: 'icon icon-' + name, role: 'img', 'aria-label': label }, s('path', { d: paths[name] ?? '' }));
}

/** The mark of a verified business. @param {'check' | 'shield'} kind @param {number} [size] */
export function badge(kind, size = 16) {
  const outline = kind === 'shield' ? paths.shield : 'M12 2l2.700 2.200 3.500-.3.900 3.300 3 1.800-1.300 3.200 1.300 3.200-3 1.800-.900 3.300-3.500-.3L12 22.400l-2.700-2.200-3.500.3-.900-3.300-3-1.800 1.300-3.200-1.300-3.200 3-1.800.900-3.300 3.500.3z';
  return s('svg', { viewBox: '0 0 24 24', width: size, height: size, class: 'badge', role: 'img', 'aria-label': 'verified business' },
    s('path', { d: outline, class: 'badge-body' }), s('path', { d: 'M8 12.300l2.800 2.800 5.200-5.600', class: 'badge-tick' }));
}
