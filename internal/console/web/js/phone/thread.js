// A conversation: its items are drawn once, and changed where they change.
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { keywords } from './looks.js';
import { map, place } from './map.js';
import { chips, file, render } from './render.js';

/** @typedef {import('./memory.js').Item} Item */

export class Thread {
  /** @param {import('./view.js').PhoneView} phone */
  constructor(phone) {
    this.phone = phone;
    this.agent = phone.agent;
    this.list = h('div', { class: 'items' });
    this.typing = h('div', { class: 'typing', hidden: true, role: 'status', 'aria-label': 'is typing' }, h('i'), h('i'), h('i'));
    this.chipHolder = h('div', { class: 'chip-holder' });
    const inner = h('div', { class: 'thread-inner' }, this.list, this.typing, this.chipHolder);
    this.el = h('div', { class: 'thread', tabindex: '0', role: 'log', 'aria-label': 'Conversation' }, inner);
    this.stick = true; // the end stays in sight, whatever grows
    let at = 0;
    this.el.addEventListener('scroll', () => {
      const end = this.el.scrollHeight - this.el.scrollTop - this.el.clientHeight < 60;
      this.stick = end || (this.stick && this.el.scrollTop >= at); // only who scrolls up leaves the end
      at = this.el.scrollTop;
    }, { passive: true });
    const watch = new ResizeObserver(() => this.stick && this.toEnd());
    watch.observe(inner);
    watch.observe(this.el);
    /** @type {Map<string, HTMLElement>} */
    this.nodes = new Map();
    this.chipsOf = '';
  }

  /** @param {Item} it @returns {import('./render.js').Stage} */
  stage(it) {
    const { phone } = this;
    return { look: phone.look, tap: (one) => phone.tap(one, it), view: (a) => phone.view(a), expand: (el) => void phone.app('', el, 'whole') };
  }

  /** @param {boolean} [jump] */
  update(jump = false) {
    const items = this.phone.device.items.value.filter((it) => it.agent === this.agent).sort((a, b) => a.order - b.order);
    if (jump || items.at(-1)?.dir === 'out') this.stick = true;
    const here = new Set(items.map((it) => it.id));
    for (const [id, node] of this.nodes) {
      if (here.has(id)) continue;
      node.remove();
      this.nodes.delete(id);
    }
    /** @type {Item | undefined} */
    let before;
    for (const it of items) {
      if (it.dir !== 'event' || it.eventType) this.place(it, before);
      if (it.dir !== 'event') before = it;
    }
    this.receipts(items);
    this.showChips(items);
    this.showTyping();
  }

  toEnd() {
    this.el.scrollTop = this.el.scrollHeight;
  }

  /** @param {Item} it @param {Item | undefined} before */
  place(it, before) {
    if (this.nodes.has(it.id)) return;
    const node = it.eventType ? this.remark(it) : this.draw(it);
    if (!before || it.at - before.at > 15 * 60e3) node.prepend(this.dateLine(it.at, !before));
    else if (before.dir === it.dir) node.classList.add('follows');
    this.nodes.set(it.id, node);
    this.list.append(node);
  }

  /** @param {number} at @param {boolean} first */
  dateLine(at, first) {
    const today = new Date(at).toDateString() === new Date().toDateString();
    const day = today ? (this.phone.look.family === 'ios' ? 'Today' : '') : new Date(at).toLocaleDateString([], { weekday: 'short', day: 'numeric', month: 'short' });
    const time = new Date(at).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
    const words = this.phone.look.family === 'ios' ? [h('strong', null, day), ' ' + time] : [[day, time].filter(Boolean).join(' • ')];
    return h('div', { class: 'date' }, first && this.phone.look.family === 'ios' && h('div', { class: 'service' }, 'Text Message • RCS'), ...words);
  }

  /** @param {Item} it */
  remark(it) {
    const { stop, start } = keywords(this.phone.device.number);
    const stopped = it.eventType === 'UNSUBSCRIBE';
    return h('div', { class: 'remark out', data: { item: it.id } }, h('div', { class: 'bubble words' }, stopped ? stop : start), stopped ? 'Unsubscribe request sent' : 'Subscribed again');
  }

  /** @param {Item} it */
  draw(it) {
    const content = it.dir === 'in' ? render(it.message, it.media ?? [], this.stage(it)) : this.mine(it);
    const node = h('div', { class: 'item ' + it.dir, data: { item: it.id, message: it.messageId } }, content, h('div', { class: 'receipt' }));
    if (it.dir === 'in') node.querySelector('.receipt')?.replaceChildren(new Date(it.at).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' }));
    return node;
  }

  /** What the user sent. @param {Item} it */
  mine(it) {
    const c = it.content ?? {};
    if (c.location) {
      const { latitude: lat, longitude: lng } = c.location;
      return h('div', { class: 'bubble place' }, map({ lat, lng, width: 240, height: 140, zoom: 44 }), h('div', { class: 'place-words' }, place(lat, lng)));
    }
    if (c.userFile) {
      const { payload: p, thumbnail: t } = c.userFile;
      const path = (/** @type {string | undefined} */ u) => u && new URL(u).pathname;
      const el = file({ path: '', mimeType: p.mimeType, sizeBytes: p.fileSizeBytes ?? 0, url: path(p.fileUri) ?? '', fileName: p.fileName, thumbnailUrl: path(t?.fileUri) }, this.stage(it));
      return el;
    }
    return h('div', { class: 'bubble words', dir: 'auto' }, c.text ?? c.suggestionResponse?.text ?? '');
  }

  /** What became of what the user sent: icons on Android, words on iOS. @param {Item[]} items */
  receipts(items) {
    const mine = items.filter((it) => it.dir === 'out');
    const last = mine.at(-1);
    for (const it of mine) {
      const node = this.nodes.get(it.id);
      const holder = node?.querySelector('.receipt');
      if (!node || !holder || node.dataset.state === it.state + String(it === last)) continue;
      node.dataset.state = it.state + String(it === last);
      const time = new Date(it.at).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
      if (this.phone.look.family === 'ios') {
        const words = { sending: 'Sending…', sent: 'Sent', delivered: 'Delivered', read: 'Read ' + time, failed: 'Not delivered' }[it.state ?? 'sent'];
        fill(holder, it === last || it.state === 'failed' ? words : '');
      } else {
        const name = { sending: 'clock', sent: 'check', delivered: 'checks', read: 'checks', failed: 'warn' }[it.state ?? 'sent'];
        fill(holder, time, icon(name, 15, it.state));
      }
      holder.className = 'receipt ' + it.state;
      if (it.error) holder.append(h('span', { class: 'why' }, it.error));
    }
  }

  /** The chips of the newest message, as long as they live. @param {Item[]} items */
  showChips(items) {
    const { look } = this.phone;
    const spoken = items.filter((it) => it.dir !== 'event');
    const last = spoken.at(-1);
    let of = last?.dir === 'in' && !last.used ? last : undefined;
    let list = of?.message?.contentMessage?.suggestions ?? [];
    if (look.family === 'ios') {
      // Actions stay; replies stay until the user has said something.
      of = [...spoken].reverse().find((it) => it.dir === 'in');
      list = of?.message?.contentMessage?.suggestions ?? [];
      if (last?.dir === 'out') list = list.filter((/** @type {any} */ one) => one.action);
    }
    const sign = of && list.length ? of.id + list.length + look.id : '';
    if (sign === this.chipsOf) return;
    this.chipsOf = sign;
    fill(this.chipHolder, of && list.length ? chips(list, this.stage(of)) : null);
  }

  showTyping() {
    const until = this.phone.device.typing.value.get(this.agent) ?? 0;
    this.typing.hidden = until < Date.now();
  }
}
