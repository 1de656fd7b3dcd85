// What suggested actions open on the phone.
import { download, h } from '../dom.js';
import { icon } from '../icons.js';
import { map, mapLink, place } from './map.js';

/** @typedef {import('./view.js').PhoneView} PhoneView */

/** The feature that an action needs. @type {Record<string, string>} */
const needs = {
  dialAction: 'ACTION_DIAL', viewLocationAction: 'ACTION_VIEW_LOCATION', shareLocationAction: 'ACTION_SHARE_LOCATION',
  createCalendarEventAction: 'ACTION_CREATE_CALENDAR_EVENT', openUrlAction: 'ACTION_OPEN_URL',
};

/** @param {PhoneView} phone @param {any} action */
export function perform(phone, action) {
  const kind = Object.keys(needs).find((k) => action[k]) ?? '';
  const can = phone.device.habits.value.features;
  if (kind && !can.includes(needs[kind])) {
    if (action.fallbackUrl) return browser(phone, action.fallbackUrl, 'This phone cannot do that, so it opens the fallback address.');
    return phone.toast('This phone cannot do that');
  }
  switch (kind) {
    case 'dialAction': return dial(phone, action.dialAction.phoneNumber ?? '');
    case 'viewLocationAction': return viewLocation(phone, action.viewLocationAction);
    case 'shareLocationAction': return shareLocation(phone);
    case 'createCalendarEventAction': return calendar(phone, action.createCalendarEventAction);
    case 'openUrlAction': return openURL(phone, action.openUrlAction, can);
    default: return action.fallbackUrl ? browser(phone, action.fallbackUrl, 'The fallback address of an action that this phone does not know.') : phone.toast('This phone does not know that action');
  }
}

/** @param {PhoneView} phone @param {any} a @param {string[]} can */
function openURL(phone, a, can) {
  const inside = a.application === 'WEBVIEW' && phone.look.webview && can.includes('ACTION_OPEN_URL_IN_WEBVIEW');
  return inside ? webview(phone, a.url, a.webviewViewMode ?? 'FULL', a.description) : browser(phone, a.url);
}

/** The dialler, with the number filled in; it does not call. @param {PhoneView} phone @param {string} number */
function dial(phone, number) {
  const shown = h('output', { class: 'dialled' }, number);
  const keys = [...'123456789*0#'].map((k) => h('button', { type: 'button', class: 'key', on: { click: () => shown.append(k) } }, k));
  phone.app('Phone', h('div', { class: 'dialler' }, shown, h('div', { class: 'keys' }, ...keys),
    h('button', { type: 'button', class: 'call', 'aria-label': 'Call ' + number, on: { click: () => phone.toast('This phone makes no calls') } }, icon('call', 26))));
}

/** @param {PhoneView} phone @param {any} a */
function viewLocation(phone, a) {
  const at = a.latLong ? { lat: a.latLong.latitude ?? 0, lng: a.latLong.longitude ?? 0 } : guess(a.query ?? '');
  phone.app('Maps', h('div', { class: 'maps' }, map({ ...at, width: 400, height: 620, label: a.label || a.query }),
    h('div', { class: 'maps-card' }, h('strong', { dir: 'auto' }, a.label || a.query || 'Dropped pin'),
      h('span', null, a.latLong ? place(at.lat, at.lng) : 'Search near you'),
      h('a', { class: 'pill-button', href: a.latLong ? mapLink(at.lat, at.lng) : 'https://www.openstreetmap.org/search?query=' + encodeURIComponent(a.query ?? ''), target: '_blank', rel: 'noopener noreferrer' }, icon('open', 16), 'OpenStreetMap'))));
}

/** A place for a query: nobody is asked. @param {string} query */
function guess(query) {
  const n = [...query].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 100000, 7);
  return { lat: 37.4 + (n % 100) / 1000, lng: -122.1 + (n % 77) / 1000 };
}

/** @param {PhoneView} phone */
export function shareLocation(phone) {
  let at = { lat: 37.42201, lng: -122.08448 };
  const lat = h('input', { type: 'number', step: 'any', min: '-90', max: '90', 'aria-label': 'Latitude', props: { value: at.lat } });
  const lng = h('input', { type: 'number', step: 'any', min: '-180', max: '180', 'aria-label': 'Longitude', props: { value: at.lng } });
  const holder = h('div', { class: 'picker' });
  const show = () => holder.replaceChildren(map({ ...at, width: 400, height: 360, moved: (la, ln) => {
    at = { lat: la, lng: ln };
    lat.value = la.toFixed(5);
    lng.value = ln.toFixed(5);
  } }));
  const typed = () => {
    at = { lat: clamp(lat.valueAsNumber, 90), lng: clamp(lng.valueAsNumber, 180) };
    show();
  };
  lat.onchange = lng.onchange = typed;
  show();
  const close = phone.sheet('Share location', h('div', { class: 'share' }, holder, h('div', { class: 'fields' }, h('label', null, 'Latitude', lat), h('label', null, 'Longitude', lng)),
    h('button', { type: 'button', class: 'pill-button filled', on: { click: () => {
      close();
      void phone.device.send(phone.agent, { location: { latitude: round(at.lat), longitude: round(at.lng) } });
    } } }, icon('send', 18), 'Send this location')));
}

/** @param {number} v @param {number} most */
const clamp = (v, most) => (Number.isFinite(v) ? Math.max(-most, Math.min(most, v)) : 0);
/** @param {number} v */
const round = (v) => Math.round(v * 1e6) / 1e6;

/** @param {PhoneView} phone @param {any} a */
function calendar(phone, a) {
  const title = h('input', { type: 'text', 'aria-label': 'Title', class: 'event-title', props: { value: a.title ?? '' } });
  const about = h('textarea', { rows: '3', 'aria-label': 'Description', props: { value: a.description ?? '' } });
  const when = (/** @type {string} */ t) => new Date(t).toLocaleString(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
  const save = () => download('event.ics', 'text/calendar', ics({ ...a, title: title.value, description: about.value }));
  phone.app('New event', h('form', { class: 'event', on: { submit: (/** @type {Event} */ e) => e.preventDefault() } }, title,
    h('div', { class: 'event-row' }, icon('clock', 20), h('div', null, h('div', null, when(a.startTime)), h('div', { class: 'faint' }, 'to ' + when(a.endTime)))),
    h('div', { class: 'event-row' }, icon('list', 20), about),
    h('button', { type: 'button', class: 'pill-button filled', on: { click: save } }, icon('download', 18), 'Save as .ics')));
}

/** RFC 5545. @param {any} a */
export function ics(a) {
  const time = (/** @type {string} */ t) => new Date(t).toISOString().replace(/[-:]|\.\d+/g, '');
  const text = (/** @type {string} */ t) => (t ?? '').replace(/([\\;,])/g, '\\$1').replace(/\r?\n/g, '\\n');
  const fold = (/** @type {string} */ line) => line.replace(/(.{60})(?=.)/gu, '$1\r\n ');
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//OpenRBM//console//EN', 'BEGIN:VEVENT', 'UID:' + time(a.startTime) + '-' + (a.title ?? '').length + '@openrbm',
    'DTSTAMP:' + time(new Date().toISOString()), 'DTSTART:' + time(a.startTime), 'DTEND:' + time(a.endTime), 'SUMMARY:' + text(a.title), 'DESCRIPTION:' + text(a.description),
    'END:VEVENT', 'END:VCALENDAR', ''].map(fold).join('\r\n');
}

/** The phone's browser: the page itself opens in a tab of yours. @param {PhoneView} phone @param {string} url @param {string} [why] */
export function browser(phone, url, why) {
  phone.app('Browser', h('div', { class: 'browser' }, h('div', { class: 'address', dir: 'ltr' }, icon('web', 16), h('span', null, url)),
    h('div', { class: 'browser-page' }, icon('open', 40), h('p', null, why ?? 'The phone leaves Messages and opens this page in its browser.'),
      h('a', { class: 'pill-button filled', href: url, target: '_blank', rel: 'noopener noreferrer' }, 'Open in a new tab'))));
}

/** @param {PhoneView} phone @param {string} url @param {string} mode @param {string} [description] */
function webview(phone, url, mode, description) {
  const page = h('iframe', { src: url, title: description || 'Web view of ' + url, sandbox: 'allow-scripts allow-forms', referrerpolicy: 'no-referrer' });
  let host = url;
  try {
    host = new URL(url).host;
  } catch {
    // it is shown as it is
  }
  phone.sheet(host, h('div', { class: 'webview' }, h('p', { class: 'webview-note' }, 'Some pages do not let themselves be shown inside others. ', h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, 'Open in a new tab')), page), mode.toLowerCase());
}
