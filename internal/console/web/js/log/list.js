// A list of any length: only the rows that are seen exist.
import { h } from '../dom.js';

/**
 * @template T
 * @typedef {object} Drawing
 * @property {number} height of a row in px
 * @property {(item: T) => string} key
 * @property {(item: T) => string} sign what the row shows: another sign draws it again
 * @property {(item: T) => HTMLElement} draw
 * @property {() => void} [nearEnd]
 * @property {(item: T) => void} open
 */

/** @template T */
export class List {
  /** @param {string} label @param {Drawing<T>} drawing */
  constructor(label, drawing) {
    this.drawing = drawing;
    /** @type {T[]} */
    this.items = [];
    this.at = -1;
    this.space = h('div', { class: 'vspace' });
    this.el = h('div', { class: 'vlist', tabindex: '0', role: 'listbox', 'aria-label': label }, this.space);
    /** @type {Map<string, {el: HTMLElement, sign: string, at: number, of: number, chosen: boolean}>} */
    this.alive = new Map();
    this.drawn = false;
    this.el.addEventListener('scroll', () => this.later(), { passive: true });
    this.el.addEventListener('keydown', (e) => this.keys(e));
    this.el.addEventListener('click', (e) => {
      this.choose(Math.floor((e.clientY - this.el.getBoundingClientRect().top + this.el.scrollTop) / drawing.height), true);
    });
    new ResizeObserver(() => this.later()).observe(this.el);
  }

  /** @param {T[]} items */
  set(items) {
    const { height, key } = this.drawing;
    const chosen = this.chosen;
    // A reader who has scrolled down stays with what he reads.
    const first = Math.floor(this.el.scrollTop / height);
    const held = this.el.scrollTop > height ? this.items[first] : undefined;
    this.items = items;
    this.space.style.setProperty('height', items.length * height + 'px');
    if (held) {
      const now = items.findIndex((it) => key(it) === key(held));
      if (now >= 0 && now !== first) this.el.scrollTop += (now - first) * height;
    }
    this.at = chosen ? items.findIndex((it) => key(it) === chosen) : -1;
    this.paint();
  }

  /** @type {string | undefined} */
  chosen;

  later() {
    if (this.drawn) return;
    this.drawn = true;
    requestAnimationFrame(() => {
      this.drawn = false;
      this.paint();
    });
  }

  paint() {
    const { height, key, sign, draw, nearEnd } = this.drawing;
    const top = this.el.scrollTop;
    const from = Math.max(0, Math.floor(top / height) - 6);
    const to = Math.min(this.items.length, Math.ceil((top + this.el.clientHeight) / height) + 6);
    const seen = new Set();
    const fresh = document.createDocumentFragment();
    for (let i = from; i < to; i++) {
      const it = this.items[i];
      const k = key(it);
      seen.add(k);
      let row = this.alive.get(k);
      const s = sign(it);
      if (!row || row.sign !== s) {
        const el = draw(it);
        el.classList.add('vrow');
        if (row) { // the element stays: a click on one that goes while the button is down is lost
          row.el.className = el.className;
          row.el.replaceChildren(...el.childNodes);
          row.sign = s;
        } else {
          el.setAttribute('role', 'option');
          el.id = 'row-' + k.replace(/[^\w-]/g, '_');
          fresh.append(el);
          row = { el, sign: s, at: -1, of: -1, chosen: k !== this.chosen };
          this.alive.set(k, row);
        }
      }
      this.place(row, i, k === this.chosen);
    }
    this.space.append(fresh);
    for (const [k, row] of this.alive) {
      if (seen.has(k)) continue;
      row.el.remove();
      this.alive.delete(k);
    }
    if (nearEnd && to > this.items.length - 60) nearEnd();
  }

  /** Writes what has changed of where a row stands. @param {{el: HTMLElement, at: number, of: number, chosen: boolean}} row @param {number} i @param {boolean} chosen */
  place(row, i, chosen) {
    if (row.at !== i) {
      row.at = i;
      row.el.style.setProperty('transform', `translateY(${i * this.drawing.height}px)`);
      row.el.setAttribute('aria-posinset', String(i + 1));
    }
    if (row.of !== this.items.length) {
      row.of = this.items.length;
      row.el.setAttribute('aria-setsize', String(row.of));
    }
    if (row.chosen !== chosen) {
      row.chosen = chosen;
      row.el.setAttribute('aria-selected', String(chosen));
    }
  }

  /** @param {number} i @param {boolean} open */
  choose(i, open) {
    const { height, key } = this.drawing;
    if (i < 0 || i >= this.items.length) return;
    this.at = i;
    this.chosen = key(this.items[i]);
    if (i * height < this.el.scrollTop) this.el.scrollTop = i * height;
    if ((i + 1) * height > this.el.scrollTop + this.el.clientHeight) this.el.scrollTop = (i + 1) * height - this.el.clientHeight;
    this.paint();
    this.el.setAttribute('aria-activedescendant', 'row-' + this.chosen.replace(/[^\w-]/g, '_'));
    if (open) this.drawing.open(this.items[i]);
  }

  unchoose() {
    this.chosen = undefined;
    this.at = -1;
    this.el.removeAttribute('aria-activedescendant');
    this.paint();
  }

  /** @param {KeyboardEvent} e */
  keys(e) {
    const many = Math.max(1, Math.floor(this.el.clientHeight / this.drawing.height) - 1);
    const to = /** @type {Record<string, number>} */ ({
      ArrowDown: this.at + 1, j: this.at + 1, ArrowUp: Math.max(0, this.at - 1), k: Math.max(0, this.at - 1), PageDown: Math.min(this.items.length - 1, this.at + many),
      PageUp: Math.max(0, this.at - many), Home: 0, End: this.items.length - 1,
    })[e.key];
    if (to !== undefined) {
      e.preventDefault();
      this.choose(to, false);
    } else if ((e.key === 'Enter' || e.key === ' ') && this.at >= 0) {
      e.preventDefault();
      this.drawing.open(this.items[this.at]);
    }
  }
}
