// One phone on the page: its screen, its conversations, what opens over them.
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { agentOf, agents, colorOf } from './agents.js';
import { avatar, infoSheet, verified } from './info.js';
import { looks } from './looks.js';
import { large } from './media.js';
import { perform, shareLocation } from './actions.js';
import { Thread } from './thread.js';
import { unsubscribePill, unsubscribeSheet } from './unsubscribe.js';

/** @typedef {import('./device.js').Device} Device */

export class PhoneView {
  /** @param {Device} device @param {string} look */
  constructor(device, look) {
    this.device = device;
    this.look = looks[look] ?? looks.android;
    this.agent = '';
    this.overlays = h('div', { class: 'overlays' });
    this.body = h('div', { class: 'phone-body' });
    this.toasts = h('div', { class: 'phone-toasts', role: 'status' });
    this.statusBar = h('div', { class: 'status-bar', 'aria-hidden': 'true' });
    this.screen = h('div', { class: 'screen' }, this.statusBar, this.body, this.overlays, this.toasts);
    this.el = h('section', { class: 'phone', 'aria-label': 'Phone ' + device.number }, this.screen);
    /** @type {(() => void)[]} */
    this.endings = [];
    /** @type {Thread | null} */
    this.thread = null;
    this.dress();
    this.endings.push(device.state.watch(() => this.showStatus()), agents.watch(() => this.redraw()),
      device.items.watch(() => this.news()), device.typing.watch(() => this.thread?.showTyping()));
    const minute = setInterval(() => this.showStatus(), 15000);
    const seen = () => this.seen();
    document.addEventListener('visibilitychange', seen);
    this.endings.push(() => clearInterval(minute), () => document.removeEventListener('visibilitychange', seen));
  }

  end() {
    for (const fn of this.endings) fn();
    this.endings = [];
  }

  /** @param {string} look */
  wear(look) {
    this.look = looks[look] ?? looks.android;
    this.overlays.replaceChildren();
    this.dress();
    this.redraw();
  }

  dress() {
    this.el.dataset.look = this.look.id;
    this.el.dataset.family = this.look.family;
    this.showStatus();
  }

  showStatus() {
    const now = new Date().toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' }).replace(/\s?[AP]M/i, '');
    const state = this.device.state.value;
    fill(this.statusBar, h('span', { class: 'clock' }, now), h('span', { class: 'signals ' + state }, h('i'), h('i'), h('i'), h('i'), h('b')));
  }

  /** The conversations, the newest first. @returns {{agent: string, last: import('./memory.js').Item, unread: number}[]} */
  conversations() {
    /** @type {Map<string, {agent: string, last: any, unread: number}>} */
    const all = new Map();
    for (const it of this.device.items.value) {
      const c = all.get(it.agent) ?? { agent: it.agent, last: it, unread: 0 };
      if (it.dir !== 'event') c.last = it;
      if (it.dir === 'in' && it.reported !== 'read') c.unread++;
      all.set(it.agent, c);
    }
    return [...all.values()].sort((a, b) => b.last.order - a.last.order);
  }

  news() {
    const newest = this.conversations()[0];
    if (!this.agent && !this.browsing && newest) return this.openThread(newest.agent);
    if (this.thread) {
      this.thread.update();
      this.seen();
    } else this.redraw();
  }

  redraw() {
    if (this.agent) this.openThread(this.agent);
    else this.showList();
  }

  /** What is on the screen of a visible page has been read. */
  seen() {
    if (this.agent && document.visibilityState === 'visible') this.readSoon();
  }

  looking = false;

  /** A user needs a moment to read. */
  readSoon() {
    if (this.looking) return;
    this.looking = true;
    setTimeout(() => {
      this.looking = false;
      if (this.agent && document.visibilityState === 'visible' && this.el.isConnected) void this.device.look(this.agent);
    }, 800);
  }

  showList() {
    this.agent = this.device.open = '';
    this.thread = null;
    this.el.style.setProperty('--agent', '#3b5bdb');
    const rows = this.conversations().map((c) => {
      const a = agentOf(c.agent);
      return h('button', { type: 'button', class: 'conversation' + (c.unread ? ' unread' : ''), on: { click: () => this.openThread(c.agent) } }, avatar(a, this.look, 52),
        h('span', { class: 'about' }, h('span', { class: 'name' }, a.displayName, verified(a, this.look)), h('span', { class: 'last', dir: 'auto' }, brief(c.last))),
        h('span', { class: 'when' }, new Date(c.last.at).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })),
        c.unread ? h('span', { class: 'count', 'aria-label': c.unread + ' unread' }, c.unread) : null);
    });
    const others = [...agents.value.values()].filter((a) => !this.conversations().some((c) => c.agent === a.agentId));
    fill(this.body, h('header', { class: 'list-head' }, h('h2', null, 'Messages')),
      h('div', { class: 'conversations' }, rows.length ? rows : h('div', { class: 'no-messages' }, icon('smile', 40), h('p', null, 'No messages yet'),
        h('p', { class: 'faint' }, 'Send one from the composer or the API and it appears here.')),
      others.length ? h('div', { class: 'start' }, h('p', { class: 'faint' }, 'Start a chat with'), ...others.slice(0, 20).map((a) =>
        h('button', { type: 'button', class: 'start-chat', on: { click: () => this.openThread(a.agentId) } }, avatar(a, this.look, 28), a.displayName))) : null));
  }

  browsing = false;

  back() {
    this.browsing = true;
    this.agent = '';
    this.showList();
  }

  /** @param {string} agent */
  openThread(agent) {
    this.agent = this.device.open = agent;
    const a = agentOf(agent);
    this.el.style.setProperty('--agent', colorOf(a));
    this.thread = new Thread(this);
    fill(this.body, this.header(a), this.thread.el, this.foot(agent));
    this.thread.update(true);
    this.seen();
  }

  /** @param {import('./agents.js').Agent} a */
  header(a) {
    const back = h('button', { type: 'button', class: 'round back', 'aria-label': 'All conversations', on: { click: () => this.back() } }, icon('back', 22));
    const open = () => this.app(this.look.family === 'ios' ? '' : 'Info & options', infoSheet(this, a), 'info');
    const name = h('button', { type: 'button', class: 'who', 'aria-label': 'About ' + a.displayName, on: { click: open } },
      avatar(a, this.look, this.look.family === 'ios' ? 44 : 36), h('span', { class: 'name' }, h('span', { dir: 'auto' }, shown(a.displayName, this.look)), verified(a, this.look), this.look.family === 'ios' && icon('next', 10)));
    const menu = h('button', { type: 'button', class: 'round', 'aria-label': 'Menu', on: { click: () => this.menu(a) } }, icon(this.look.family === 'ios' ? 'info' : 'more', 22));
    return h('header', { class: 'chat-head' }, back, name, menu);
  }

  /** @param {import('./agents.js').Agent} a */
  menu(a) {
    const stopped = this.unsubscribed(a.agentId);
    const item = (/** @type {string} */ name, /** @type {string} */ text, /** @type {() => void} */ fn) =>
      h('button', { type: 'button', class: 'menu-item', on: { click: () => { close(); fn(); } } }, icon(name, 20), text);
    const close = this.sheet(a.displayName, h('div', { class: 'menu' },
      item('info', this.look.family === 'ios' ? 'Info' : 'Info & options', () => this.app('Info & options', infoSheet(this, a), 'info')),
      stopped ? item('bell', 'Subscribe', () => void this.device.sendEvent(a.agentId, 'SUBSCRIBE')) : item('mute', 'Unsubscribe', () => unsubscribeSheet(this)),
      item('trash', 'Delete all messages of this phone', () => void this.device.forget().then(() => this.back()))));
  }

  /** Whether the user has unsubscribed. @param {string} agent */
  unsubscribed(agent) {
    const said = this.device.items.value.filter((it) => it.agent === agent && (it.eventType === 'UNSUBSCRIBE' || it.eventType === 'SUBSCRIBE'));
    return said.at(-1)?.eventType === 'UNSUBSCRIBE';
  }

  /** @param {string} agent */
  foot(agent) {
    const field = h('textarea', { rows: '1', placeholder: this.look.field, 'aria-label': 'Message', dir: 'auto', maxlength: '3072' });
    let told = 0;
    const grow = () => {
      field.style.setProperty('height', 'auto');
      field.style.setProperty('height', Math.min(field.scrollHeight, 110) + 'px');
      form.classList.toggle('typed', field.value.trim() !== '');
      if (field.value && Date.now() - told > 10000) {
        told = Date.now();
        void this.device.sendEvent(agent, 'IS_TYPING');
      }
    };
    const send = () => {
      const text = field.value.trim();
      field.value = '';
      told = 0;
      grow();
      if (text) void this.device.send(agent, { text });
    };
    field.addEventListener('input', grow);
    field.addEventListener('keydown', (e) => {
      if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
        e.preventDefault();
        send();
      }
    });
    const form = h('form', { class: 'write', on: { submit: (/** @type {Event} */ e) => { e.preventDefault(); send(); } } },
      h('button', { type: 'button', class: 'round plus', 'aria-label': 'Attach', on: { click: () => this.attach() } }, icon('plus', 22)),
      h('div', { class: 'field' }, field),
      h('button', { type: 'submit', class: 'round send', 'aria-label': 'Send' }, icon(this.look.family === 'ios' ? 'up' : 'send', 20)));
    return h('footer', { class: 'foot' }, unsubscribePill(this), form);
  }

  attach() {
    const pick = h('input', { type: 'file', class: 'offscreen', 'aria-label': 'File to send' });
    pick.onchange = () => {
      const file = pick.files?.[0];
      if (file) this.device.sendFile(this.agent, file).catch((e) => this.toast(e.message));
      close();
    };
    const close = this.sheet('Attach', h('div', { class: 'menu' }, pick,
      h('button', { type: 'button', class: 'menu-item', on: { click: () => pick.click() } }, icon('image', 20), 'Photo or file'),
      h('button', { type: 'button', class: 'menu-item', on: { click: () => { close(); shareLocation(this); } } }, icon('pin', 20), 'Location')));
  }

  /** What a tap on a suggestion does. @param {any} one @param {import('./memory.js').Item} from */
  tap(one, from) {
    const reply = one.reply;
    const said = reply ?? one.action;
    const answer = { suggestionResponse: { postbackData: said.postbackData ?? '', text: said.text ?? '', type: reply ? 'REPLY' : 'ACTION' } };
    void this.device.send(from.agent, answer, Boolean(reply));
    from.used = true;
    void this.device.keep(from);
    if (!reply) perform(this, one.action);
  }

  /** @param {string} text */
  toast(text) {
    const el = h('div', { class: 'phone-toast' }, text);
    this.toasts.append(el);
    setTimeout(() => el.remove(), 2600);
  }

  /** Opens something as large as the screen. @param {string} title @param {HTMLElement} content @param {string} [kind] @returns {() => void} */
  app(title, content, kind = '') {
    return this.over(h('div', { class: 'app ' + kind, role: 'dialog', 'aria-modal': 'true', 'aria-label': title || 'Details', tabindex: '-1' },
      h('header', { class: 'app-head' }, h('button', { type: 'button', class: 'round', 'aria-label': 'Close', data: { close: '' } }, icon(kind === 'info' ? 'back' : 'close', 22)), h('h3', null, title)), content));
  }

  /** Opens something over the lower part. @param {string} title @param {HTMLElement} content @param {string} [size] @returns {() => void} */
  sheet(title, content, size = '') {
    return this.over(h('div', { class: 'sheet-holder' }, h('button', { type: 'button', class: 'shade', tabindex: '-1', 'aria-label': 'Close the sheet', data: { close: '' } }),
      h('div', { class: 'sheet-body ' + size, role: 'dialog', 'aria-modal': 'true', 'aria-label': title, tabindex: '-1' },
        h('header', { class: 'sheet-head' }, h('h3', null, title), h('button', { type: 'button', class: 'round', 'aria-label': 'Close', data: { close: '' } }, icon('close', 20))), content)));
  }

  /** @param {HTMLElement} el */
  over(el) {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const close = () => {
      el.remove();
      before?.focus({ preventScroll: true });
    };
    el.addEventListener('click', (e) => {
      if (/** @type {Element} */ (e.target).closest('[data-close]')) close();
    });
    el.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      close();
    });
    this.overlays.append(el);
    /** @type {HTMLElement | null} */ (el.matches('[tabindex]') ? el : el.querySelector('[role=dialog]'))?.focus({ preventScroll: true });
    return close;
  }

  /** @param {import('./media.js').Attachment} a */
  view(a) {
    this.app(a.fileName ?? '', h('div', { class: 'viewer' }, large(a)), 'dark');
  }
}

/** The name as the system shows it. @param {string} name @param {import('./looks.js').Look} look */
const shown = (name, look) => (look.family === 'ios' ? name.replace(/[/\\:]|%[0-9a-f]{2}/gi, '') : name);

/** The last thing said, in a line. @param {import('./memory.js').Item} it */
export function brief(it) {
  const c = it.message?.contentMessage ?? it.content ?? {};
  const card = c.richCard?.standaloneCard?.cardContent ?? c.richCard?.carouselCard?.cardContents?.[0];
  const text = c.text ?? c.suggestionResponse?.text ?? card?.title ?? card?.description ?? (c.location ? 'Location' : c.userFile ? 'File' : it.eventType ? '' : 'File');
  return (it.dir === 'out' ? 'You: ' : '') + text;
}
