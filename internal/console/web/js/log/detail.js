// One message, or one thing that happened, with its whole life.
import { copy, fill, h, note } from '../dom.js';
import { icon } from '../icons.js';
import { asAgent, get, query } from '../api.js';
import { listen } from '../stream.js';
import { agentOf } from '../phone/agents.js';
import { looks } from '../phone/looks.js';
import { chips, render } from '../phone/render.js';
import { map } from '../phone/map.js';
import { curl } from '../composer/snippets.js';
import { draft } from '../composer/draft.js';
import { diagnose } from './why.js';
import { attemptPanel } from './attempt.js';
import { life } from './life.js';
import { exactTime, line, span, species, took, userSummary } from './words.js';
import { stateChip } from './pane.js';

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {import('../stream.js').Happening} Happening */

/** @param {Row} r @param {() => void} close @returns {{el: HTMLElement, end: () => void}} */
export function detail(r, close) {
  const body = h('div', { class: 'detail-body' });
  const head = h('div', { class: 'detail-title' });
  const el = h('section', { class: 'detail', 'aria-label': 'Detail' },
    h('header', { class: 'detail-head' }, head, h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Close the detail', on: { click: close } }, icon('close', 18))), body);
  const show = () => (r.kind === 'message' || r.kind === 'event' ? message(r, head, body) : other(r, head, body));
  void show().catch((e) => fill(body, h('p', { class: 'field-error' }, e.message)));
  let due = 0;
  const end = listen((e) => {
    if (e.agentId !== r.agent || e.messageId !== r.messageId || due) return;
    due = window.setTimeout(() => {
      due = 0;
      void show().catch(() => {});
    }, 150);
  });
  return { el, end: () => { end(); clearTimeout(due); } };
}

/** @param {Row} r @param {HTMLElement} head @param {HTMLElement} body */
async function message(r, head, body) {
  const path = `agents/${encodeURIComponent(r.agent)}/messages/${encodeURIComponent(r.messageId)}`;
  const [m, events, phone] = await Promise.all([get(path), eventsOf(r), get('phones/' + encodeURIComponent(r.phone)).catch(() => null)]);
  fill(head, h('h2', null, species(m.message)), stateChip(m.state));
  const call = events.find((e) => e.kind === 'CALL' && e.type?.startsWith('Create'));
  const whole = call ? await get('events/' + call.eventId).catch(() => null) : null;
  const queued = m.state === 'QUEUED' && m.kind === 'MESSAGE';
  const said = whole?.http?.request || JSON.stringify(sendable(m.message), null, 2);
  const open = body.querySelector('details.raw[open]') !== null;
  fill(body,
    h('div', { class: 'detail-actions' },
      h('button', { type: 'button', class: 'button small', on: { click: () => void copy(curl(r.agent, r.phone, said), 'curl command') } }, icon('copy', 16), 'Copy as curl'),
      m.kind === 'MESSAGE' && h('button', { type: 'button', class: 'button small', on: { click: () => { draft.set({ json: pretty(said), agent: r.agent, phone: r.phone }); location.hash = '#/compose'; } } }, icon('compose', 16), 'Edit and resend'),
      queued && h('button', { type: 'button', class: 'button small danger', on: { click: () => void revoke(r) } }, icon('undo', 16), 'Revoke')),
    h('dl', { class: 'facts' }, fact('To', r.phone), fact('From', agentOf(r.agent).displayName + ' · ' + r.agent), fact('Id', r.messageId, true),
      m.expireTime && fact('Expires', `${new Date(m.expireTime).toLocaleString()}${queued ? ' · in ' + span(Date.parse(m.expireTime) - Date.now()) : ''}`),
      m.message?.richMessageClassification && fact('US class', classWords(m.message.richMessageClassification)), m.message?.messageTrafficType && fact('Traffic', m.message.messageTrafficType.toLowerCase())),
    h('h3', null, 'Its life'), life(m, events, phone),
    m.kind === 'MESSAGE' && [h('h3', null, 'On the phone'), preview(m.message, m.media ?? [], r.agent)],
    exchange('Request', whole?.http, said), whole?.http && answer(whole.http), h('details', { class: 'raw', open }, h('summary', null, 'Message as it is stored'), code(JSON.stringify(m.message, null, 2))));
}

/** @param {Row} r @returns {Promise<Happening[]>} */
async function eventsOf(r) {
  return (await get('events' + query({ agentId: r.agent, messageId: r.messageId, pageSize: 200 }))).events.reverse();
}

/** @param {any} c */
const classWords = (c) => (c.classificationType ?? '').toLowerCase().replace(/_/g, ' ') + (c.segmentCount ? ` · ${c.segmentCount} segment${c.segmentCount > 1 ? 's' : ''}` : '');

/** @param {string} name @param {string} value @param {boolean} [mono] */
const fact = (name, value, mono) => h('div', null, h('dt', null, name), h('dd', { class: mono ? 'mono' : '' }, value,
  mono && h('button', { type: 'button', class: 'button quiet icon-only fact-copy', 'aria-label': 'Copy the ' + name.toLowerCase(), on: { click: () => void copy(value, name) } }, icon('copy', 13))));

/** The message as the phone draws it. @param {any} m @param {any[]} media @param {string} agent */
export function preview(m, media, agent) {
  const stage = { look: looks.android, tap: () => {}, view: () => {}, expand: () => {} };
  const list = m.contentMessage?.suggestions ?? [];
  return h('div', { class: 'preview phone', inert: true, data: { look: 'android', family: 'android' }, style: { '--agent': agentOf(agent).color || '#3b5bdb' } },
    h('div', { class: 'item in' }, render(m, media, stage)), list.length ? chips(list, stage) : null);
}

/** @param {string} title @param {any} http @param {string} body */
export function exchange(title, http, body) {
  return h('details', { class: 'raw' }, h('summary', null, title, http && h('code', null, `${http.method} ${http.url.split('?')[0]}`)),
    http && code(`${http.method} ${http.url}\nContent-Type: application/json`), code(pretty(body)));
}

/** @param {any} http */
export function answer(http) {
  return h('details', { class: 'raw' }, h('summary', null, 'Answer', h('code', null, (http.status || 'none') + ' · ' + took(http.tookMillis))), code(pretty(http.answer ?? '')));
}

/** @param {string} text */
export function code(text) {
  return h('div', { class: 'code' }, h('button', { type: 'button', class: 'button quiet icon-only code-copy', 'aria-label': 'Copy', on: { click: () => void copy(text, 'Text') } }, icon('copy', 15)), h('pre', { tabindex: '0' }, text));
}

/** @param {string} text */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What may be sent again of a stored message. @param {any} m */
export function sendable(m) {
  const { contentMessage, messageTrafficType } = m;
  return { contentMessage, ...(messageTrafficType && { messageTrafficType }) };
}

/** @param {Row} r */
async function revoke(r) {
  try {
    await asAgent(r.agent, 'DELETE', `/v1/phones/${r.phone}/agentMessages/${encodeURIComponent(r.messageId)}?agentId=${encodeURIComponent(r.agent)}`);
    note('Revoked');
  } catch (e) {
    note(/** @type {Error} */ (e).message, 'bad');
  }
}

/** @param {Row} r @param {HTMLElement} head @param {HTMLElement} body */
async function other(r, head, body) {
  const e = r.event && r.kind !== 'phone' ? await get('events/' + r.event.eventId) : r.event;
  if (r.kind === 'webhook') return attemptPanel(e, head, body);
  fill(head, h('h2', null, { user: 'From the phone', refused: 'Refused', phone: 'Phone', change: 'Change' }[/** @type {string} */ (r.kind)] ?? 'Event'),
    r.kind === 'refused' && h('span', { class: 'chip-state bad' }, e.http.status));
  const again = r.kind === 'user' ? (await eventsOf(r)).filter((one) => one.kind === 'WEBHOOK') : [];
  fill(body,
    r.kind === 'refused' && h('div', { class: 'detail-actions' }, h('button', { type: 'button', class: 'button small', on: { click: () => void copy(curl(r.agent, r.phone, e.http.request ?? ''), 'curl command') } }, icon('copy', 16), 'Copy as curl'),
      e.type === 'CreateAgentMessage' && h('button', { type: 'button', class: 'button small', on: { click: () => { draft.set({ json: pretty(e.http.request), agent: r.agent, phone: r.phone }); location.hash = '#/compose'; } } }, icon('compose', 16), 'Edit and resend')),
    h('dl', { class: 'facts' }, fact('Time', new Date(r.time).toLocaleString()), r.phone && fact('Phone', r.phone), r.agent && fact('Agent', agentOf(r.agent).displayName), r.messageId && fact('Id', r.messageId, true), e?.reason && fact('Why', e.reason)),
    r.kind === 'refused' && [h('h3', null, 'Why'), await diagnose(e)],
    r.kind === 'user' && [h('div', { class: 'said' }, userSummary(r.payload)), r.payload?.location && map({ lat: r.payload.location.latitude, lng: r.payload.location.longitude, width: 360, height: 160 })],
    again.length > 0 && [h('h3', null, 'The agent’s webhook'), h('ol', { class: 'life' }, ...again.map((w) => h('li', { class: w.http?.status === 200 ? 'good' : 'bad' }, h('span', { class: 'life-icon' }, icon('hook', 15)),
      h('div', { class: 'life-words' }, h('strong', null, w.http?.status === 200 ? 'Delivered' : 'Failed'), h('span', { class: 'faint' }, `${w.reason} · attempt ${w.webhook?.number}`)), h('div', { class: 'life-time' }, h('time', null, exactTime(w.time)), h('span', { class: 'faint' }, took(w.http?.tookMillis ?? 0))))))],
    e?.http && [exchange('Request', e.http, e.http.request ?? ''), answer(e.http)],
    r.payload && h('details', { class: 'raw', open: r.kind === 'user' }, h('summary', null, 'As the agent is told'), code(JSON.stringify(r.payload, null, 2))),
    r.kind === 'phone' && h('p', { class: 'faint' }, line(r)));
}
