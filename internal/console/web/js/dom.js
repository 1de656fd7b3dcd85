// The whole of our framework: elements, values that can be watched, small helpers.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, any>} Props */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Props are attributes, but: `class`, `on` ({click: fn}), `style`
 * (an object, set through the CSSOM as the policy forbids style attributes), `data`,
 * and `props` for properties such as value.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Props | null} [props] @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  return /** @type {HTMLElementTagNameMap[K]} */ (dress(document.createElement(tag), props, children));
}

/**
 * Makes an SVG element.
 * @param {string} tag @param {Props | null} [props] @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function s(tag, props, ...children) {
  return dress(document.createElementNS(SVG, tag), props, children);
}

/**
 * @template {HTMLElement | SVGElement} E
 * @param {E} el @param {Props | null | undefined} props @param {(Child | Child[])[]} children
 * @returns {E}
 */
function dress(el, props, children) {
  for (const [name, v] of Object.entries(props ?? {})) {
    if (v === null || v === undefined || v === false) continue;
    if (name === 'on') for (const [type, fn] of Object.entries(v)) el.addEventListener(type, fn);
    else if (name === 'style') for (const [k, value] of Object.entries(v)) el.style.setProperty(k, String(value));
    else if (name === 'data') for (const [k, value] of Object.entries(v)) el.dataset[k] = String(value);
    else if (name === 'props') Object.assign(el, v);
    else el.setAttribute(name, v === true ? '' : String(v));
  }
  add(el, children);
  return el;
}

/** @param {Element} el @param {(Child | Child[])[]} children */
export function add(el, children) {
  for (const c of children.flat()) if (c !== null && c !== undefined && c !== false) el.append(c instanceof Node ? c : String(c));
}

/** Replaces what is in el. @param {Element} el @param {...(Child | Child[])} children */
export function fill(el, ...children) {
  el.replaceChildren();
  add(el, children);
}

/**
 * A value that can be watched.
 * @template T
 */
export class Live {
  /** @param {T} value */
  constructor(value) {
    this.value = value;
    /** @type {Set<(v: T) => void>} */
    this.watchers = new Set();
  }
  /** @param {T} value */
  set(value) {
    this.value = value;
    for (const fn of [...this.watchers]) fn(value);
  }
  /** Calls fn now and at every change. @param {(v: T) => void} fn @returns {() => void} ends it */
  watch(fn) {
    this.watchers.add(fn);
    fn(this.value);
    return () => this.watchers.delete(fn);
  }
}

/** A promise of the moment after ms. @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Calls fn once, ms after the last of several calls.
 * @template {any[]} A
 * @param {number} ms @param {(...args: A) => void} fn
 */
export function calm(ms, fn) {
  let timer = 0;
  return (/** @type {A} */ ...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => fn(...args), ms);
  };
}

/** 128 random bits as text. */
export function randomID() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((v) => v.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Keeps text for the user. @param {string} text @param {string} what said in the note */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    note(what + ' copied');
  } catch {
    const area = h('textarea', { class: 'offscreen', props: { value: text } });
    document.body.append(area);
    area.select();
    note(document.execCommand('copy') ? what + ' copied' : 'The browser does not allow copying');
    area.remove();
  }
}

/** Where notes appear. It is there before the first, or a screen reader would not tell that one. */
const tray = h('div', { class: 'notes', role: 'status', 'aria-live': 'polite' });
document.body.append(tray);

/** Says something in passing. @param {string} text @param {'good' | 'bad'} [tone] */
export function note(text, tone = 'good') {
  const el = h('div', { class: 'note ' + tone }, text);
  (document.querySelector('dialog[open]') ?? document.body).append(tray); // a modal dialog hides what is outside of it
  tray.append(el);
  setTimeout(() => el.classList.add('leaving'), tone === 'bad' ? 6000 : 2600);
  setTimeout(() => el.remove(), tone === 'bad' ? 6400 : 3000);
}

/** Gives the user a file. @param {string} name @param {string} type @param {BlobPart} content */
export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const a = h('a', { href: url, download: name });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
