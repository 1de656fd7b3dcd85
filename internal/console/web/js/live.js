// The first page: phones beside the log of everything that happens.
import { fill, h, note } from './dom.js';
import { icon } from './icons.js';
import { get, patch, post } from './api.js';
import { listen } from './stream.js';
import { Device, features } from './phone/device.js';
import { loadAgents } from './phone/agents.js';
import { looks } from './phone/looks.js';
import { PhoneView } from './phone/view.js';
import { logPane } from './log/pane.js';

/** Phones live on while other pages are shown. @type {Map<string, Device>} */
export const devices = new Map();

/** Which phones are on the page, and in which look. @returns {{number: string, look: string}[]} */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem('openrbm-bench') ?? '[]');
  } catch {
    return [];
  }
}

/** @param {{number: string, look: string}[]} list */
const remember = (list) => localStorage.setItem('openrbm-bench', JSON.stringify(list));

export function livePage() {
  const bench = h('div', { class: 'bench' });
  const log = logPane();
  /** @type {PhoneView[]} */
  let views = [];
  /** @type {any[]} */
  let all = [];
  let over = false;

  const show = async () => {
    all = (await get('phones?pageSize=500')).phones;
    if (over) return;
    const places = remembered().filter((p) => all.some((one) => one.phoneNumber === p.number));
    if (!places.length && all.length) places.push({ number: all[0].phoneNumber, look: 'android' });
    for (const v of views) v.end();
    views = [];
    const used = new Set(places.map((p) => p.number));
    fill(bench, ...places.map((p, i) => place(all.find((one) => one.phoneNumber === p.number), p.look, i, places)),
      h('div', { class: 'bench-add' }, addButton(all.filter((p) => !used.has(p.phoneNumber)), places, show)));
  };

  /** @param {any} phone @param {string} look @param {number} i @param {{number: string, look: string}[]} places */
  const place = (phone, look, i, places) => {
    const device = deviceOf(phone);
    const view = new PhoneView(device, look);
    views.push(view);
    if (!device.habits.value.offline && device.state.value === 'offline') void device.connect();
    const wear = (/** @type {string} */ id) => {
      places[i].look = id;
      remember(places);
      view.wear(id);
    };
    return h('div', { class: 'stand' }, controls(device, view, phone, look, wear, () => {
      places.splice(i, 1);
      remember(places);
      device.hangUp();
      void show();
    }, places.length > 1), view.el);
  };

  void Promise.all([loadAgents(), show()]).catch((e) => note(e.message, 'bad'));
  const tabs = h('div', { class: 'halves', role: 'tablist', 'aria-label': 'Phone or log' });
  const el = h('div', { class: 'live' }, tabs, bench, log.el);
  for (const [name, text] of [['phones', 'Phone'], ['log', 'Log']]) {
    tabs.append(h('button', { type: 'button', role: 'tab', 'aria-selected': String(name === 'phones'), on: { click: (/** @type {MouseEvent} */ e) => {
      el.dataset.half = name;
      for (const t of tabs.children) t.setAttribute('aria-selected', String(t === e.currentTarget));
    } } }, text));
  }
  el.dataset.half = 'phones';
  const unlisten = listen((e) => {
    if (e.kind === 'WEBHOOK' && e.http?.status === 200 && e.phoneNumber) void devices.get(e.phoneNumber)?.told(e.agentId ?? '', e.messageId ?? '');
  });
  return {
    el,
    end: () => {
      over = true;
      unlisten();
      log.end();
      for (const v of views) v.end();
    },
  };
}

/** @param {any} phone */
function deviceOf(phone) {
  let d = devices.get(phone.phoneNumber);
  if (!d || d.key !== phone.phoneNumber + ' ' + phone.createTime) {
    d?.hangUp(true);
    d = new Device(phone);
    devices.set(phone.phoneNumber, d);
  }
  return d;
}

/** @param {any[]} free @param {{number: string, look: string}[]} places @param {() => Promise<void>} show */
function addButton(free, places, show) {
  const add = (/** @type {string} */ number) => {
    remember([...places, { number, look: places.length % 2 ? 'ios' : 'android' }]);
    void show();
  };
  const fresh = async () => {
    const number = '+1555' + String(Math.floor(Math.random() * 1e7)).padStart(7, '0');
    try {
      await post('phones', { phoneNumber: number, carrier: 'Demo Mobile' });
      add(number);
    } catch (e) {
      note(/** @type {Error} */ (e).message, 'bad');
    }
  };
  return h('details', { class: 'popover' }, h('summary', { class: 'button quiet', 'aria-label': 'Put another phone beside it', title: 'Put another phone beside it' }, icon('plus', 18)),
    h('div', { class: 'popover-body' }, h('button', { type: 'button', class: 'menu-item', on: { click: () => void fresh() } }, icon('phone', 18), 'A new phone'),
      ...free.slice(0, 30).map((p) => h('button', { type: 'button', class: 'menu-item', on: { click: () => add(p.phoneNumber) } }, icon('phone', 18), p.phoneNumber))));
}

const featureNames = /** @type {Record<string, string>} */ ({
  RICHCARD_STANDALONE: 'Rich cards', RICHCARD_CAROUSEL: 'Carousels', ACTION_CREATE_CALENDAR_EVENT: 'Calendar', ACTION_DIAL: 'Dial', ACTION_OPEN_URL: 'Open URL',
  ACTION_SHARE_LOCATION: 'Share location', ACTION_VIEW_LOCATION: 'View location', ACTION_OPEN_URL_IN_WEBVIEW: 'Web view', PDF_IN_RICH_CARDS: 'PDF in cards', REVOCATION: 'Revocation',
});

/**
 * What can be done to a phone from outside.
 * @param {Device} device @param {PhoneView} view @param {any} phone @param {string} look @param {(id: string) => void} wear @param {() => void} remove @param {boolean} several
 */
function controls(device, view, phone, look, wear, remove, several) {
  const state = h('span', { class: 'phone-state' });
  const takeOver = h('button', { type: 'button', class: 'button small', hidden: true, on: { click: () => void device.connect() } }, 'Take over');
  view.endings.push(device.state.watch((v) => {
    state.className = 'phone-state ' + v;
    state.title = v === 'refused' ? device.trouble : '';
    fill(state, h('i'), { online: 'Online', offline: 'Offline', connecting: 'Connecting…', elsewhere: 'In use elsewhere', refused: 'Refused' }[v]);
    takeOver.hidden = v !== 'elsewhere' && v !== 'refused';
  }));
  const pick = h('div', { class: 'segmented', role: 'group', 'aria-label': 'Look' });
  for (const one of [looks.android, looks.ios]) {
    pick.append(h('button', { type: 'button', 'aria-pressed': String((look === 'ios') === (one.id === 'ios')), on: { click: (/** @type {MouseEvent} */ e) => {
      for (const b of pick.children) b.setAttribute('aria-pressed', String(b === e.currentTarget));
      wear(one.id);
    } } }, one.name));
  }
  const noRCS = async (/** @type {boolean} */ on) => {
    try {
      await device.behave({ offline: on });
      if (on) await patch('phones/' + device.number, { rcsEnabled: false });
    } catch (e) {
      note(/** @type {Error} */ (e).message, 'bad');
    }
  };
  const b = device.habits.value;
  const habits = h('div', { class: 'popover-body wide' },
    h('p', { class: 'popover-title' }, 'How this phone behaves'),
    toggle('Offline', 'Messages wait until it is back', b.offline, (on) => void device.behave({ offline: on })),
    toggle('No RCS', 'Sends are refused with 404', !phone.rcsEnabled, (on) => void noRCS(on)),
    toggle('Slow', 'Everything takes 4 seconds', b.slow, (on) => void device.behave({ slow: on })),
    toggle('Don’t acknowledge', 'It shows messages and never says so', b.silent, (on) => void device.behave({ silent: on })),
    toggle('Read receipts', 'It says when messages were read', b.receipts, (on) => void device.behave({ receipts: on })),
    h('p', { class: 'popover-title' }, 'What it can show'),
    h('div', { class: 'feature-list' }, ...features.map((f) => h('label', { class: 'tick' }, h('input', { type: 'checkbox', props: { checked: b.features.includes(f) }, on: { change: (/** @type {Event} */ e) => {
      const on = /** @type {HTMLInputElement} */ (e.target).checked;
      void device.behave({ features: features.filter((one) => (one === f ? on : device.habits.value.features.includes(one))) });
    } } }), featureNames[f]))),
    h('p', { class: 'popover-title' }, 'Look'),
    h('label', { class: 'tick' }, h('input', { type: 'checkbox', props: { checked: look === 'legacy' }, on: { change: (/** @type {Event} */ e) => wear(/** @type {HTMLInputElement} */ (e.target).checked ? 'legacy' : 'android') } }), 'Android of 2025: round logos, smaller cards'));
  return h('div', { class: 'stand-head' }, h('div', { class: 'stand-name' }, h('strong', null, device.number), state), takeOver, pick,
    h('details', { class: 'popover' }, h('summary', { class: 'button quiet icon-only', 'aria-label': 'How the phone behaves', title: 'How the phone behaves' }, icon('gear', 18)), habits),
    several && h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Take the phone away', on: { click: remove } }, icon('close', 16)));
}

/** @param {string} name @param {string} about @param {boolean} on @param {(on: boolean) => void} change */
export function toggle(name, about, on, change) {
  return h('label', { class: 'switch' }, h('span', null, h('span', { class: 'switch-name' }, name), h('small', null, about)),
    h('input', { type: 'checkbox', role: 'switch', props: { checked: on }, on: { change: (/** @type {Event} */ e) => change(/** @type {HTMLInputElement} */ (e.target).checked) } }));
}

document.addEventListener('click', (e) => {
  for (const d of document.querySelectorAll('details.popover[open]')) if (!d.contains(/** @type {Node} */ (e.target))) d.removeAttribute('open');
});
document.addEventListener('keydown', (e) => {
  if (e.key !== 'Escape') return;
  for (const d of document.querySelectorAll('details.popover[open]')) {
    d.removeAttribute('open');
    /** @type {HTMLElement | null} */ (d.querySelector('summary'))?.focus();
  }
});
