// How the platform does: now, and over time.
import { fill, h } from '../dom.js';
import { get } from '../api.js';
import { choice } from '../composer/page.js';
import { span } from '../log/words.js';
import { page, panel, table } from '../ui.js';
import { bars } from './charts.js';

/** What a message of a class costs, as somebody has entered it. */
const pricesKey = 'openrbm-prices';
/** @returns {Record<string, number>} */
function prices() {
  try {
    return JSON.parse(localStorage.getItem(pricesKey) ?? '{}');
  } catch {
    return {};
  }
}

export function dashboardPage() {
  let hours = '24';
  const body = h('div', { class: 'form-grid' });
  const load = async () => {
    try {
      show(await get('statistics?hours=' + hours));
    } catch (e) {
      fill(body, h('p', { class: 'field-error' }, /** @type {Error} */ (e).message));
    }
  };

  /** @param {any} v */
  function show(v) {
    const sum = (/** @type {string} */ k) => v.buckets.reduce((/** @type {number} */ n, /** @type {any} */ b) => n + b[k], 0);
    const all = sum('accepted');
    const share = (/** @type {number} */ n) => (all ? Math.round((100 * n) / all) + ' %' : '–');
    const rate = all / (v.stepSeconds * v.buckets.length);
    const parts = v.buckets.map((/** @type {any} */ b) => ({ read: b.read, delivered: b.delivered - b.read, queued: b.queued, lost: b.lost }));
    const hook = v.webhooks;
    fill(body, h('div', { class: 'numbers' },
      number(all.toLocaleString() + (v.partial ? '+' : ''), 'messages'), number(rate >= 1 ? rate.toFixed(1) + '/s' : rate * 60 >= 1 ? (rate * 60).toFixed(1) + '/min' : (rate * 3600).toFixed(1) + '/h', 'rate'),
      number(share(sum('delivered')), 'delivered'), number(share(sum('read')), 'read'), number(v.queued.toLocaleString(), 'waiting for phones'),
      number(v.oldestQueueTime ? span(Date.now() - Date.parse(v.oldestQueueTime)) : '–', 'oldest waiting'), number(`${v.online} / ${v.phones}`, 'phones online'),
      number(hook.failing ? String(hook.failing) : 'none', 'webhooks failing', hook.failing > 0), number(hook.lagSeconds > 1 ? span(hook.lagSeconds * 1000) : '0 s', 'oldest event for a webhook', hook.lagSeconds > 60)),
    panel('Messages over time', [], bars({ label: 'Messages by state', buckets: parts, series: [['read', 'Read'], ['delivered', 'Delivered'], ['queued', 'Queued'], ['lost', 'Revoked, expired or dropped']], since: Date.parse(v.since), step: v.stepSeconds * 1000 })),
    h('div', { class: 'two' }, panel('Webhooks since the start', [], h('div', { class: 'form-grid' }, ...bar([['Delivered', hook.delivered], ['Failed attempts', hook.failed], ['Given up', hook.dropped]]))), panel('By carrier', [], h('div', { class: 'form-grid' }, ...bar(carriers(v.classes))))),
    panel('Cost by class', [], h('p', { class: 'faint' }, 'Classes are those of the United States. Enter what a message of a class costs you; it stays in this browser.'), costs(v.classes)));
  }

  /** @param {any[]} classes */
  function costs(classes) {
    const known = prices();
    const sums = new Map();
    for (const c of classes) {
      const k = c.class || 'OTHER';
      const was = sums.get(k) ?? { messages: 0, segments: 0 };
      sums.set(k, { messages: was.messages + c.messages, segments: was.segments + c.segments });
    }
    const total = h('strong', null);
    const count = () => {
      const p = prices();
      total.textContent = [...sums].reduce((n, [k, s]) => n + (p[k] ?? 0) * (s.segments || s.messages), 0).toFixed(2);
    };
    count();
    return h('div', { class: 'form-grid' }, table(['Class', 'Messages', 'Segments', 'Price of one'], [...sums].map(([k, s]) => [k.toLowerCase().replace(/_/g, ' '), s.messages.toLocaleString(), s.segments ? s.segments.toLocaleString() : '–',
      h('input', { type: 'number', step: '0.0001', min: '0', 'aria-label': 'Price of ' + k, props: { value: known[k] ?? '' }, on: { input: (/** @type {Event} */ e) => {
        localStorage.setItem(pricesKey, JSON.stringify({ ...prices(), [k]: /** @type {HTMLInputElement} */ (e.target).valueAsNumber || 0 }));
        count();
      } } })]), 'No messages yet.', 'Cost by class'), h('p', null, 'Together: ', total));
  }

  void load();
  const timer = setInterval(() => {
    if (!body.contains(document.activeElement)) void load();
  }, 10000);
  return { el: page('Dashboard', [choice('Span', [['1', 'Hour'], ['24', 'Day'], ['168', 'Week'], ['720', 'Month']], hours, (v) => { hours = v; void load(); })], body), end: () => clearInterval(timer) };
}

/** @param {any[]} classes @returns {[string, number][]} */
function carriers(classes) {
  const sums = new Map();
  for (const c of classes) sums.set(c.carrier || 'Unknown carrier', (sums.get(c.carrier || 'Unknown carrier') ?? 0) + c.messages);
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, 8);
}

/** @param {[string, number][]} rows */
function bar(rows) {
  const most = Math.max(1, ...rows.map(([, n]) => n));
  return rows.length ? rows.map(([name, n]) => h('div', { class: 'bar-row' }, h('span', null, name), h('span', { class: 'bar' }, h('i', { style: { width: (100 * n) / most + '%' } })), h('b', null, n.toLocaleString()))) : [h('p', { class: 'nothing' }, 'Nothing yet.')];
}

/** @param {string} value @param {string} name @param {boolean} [bad] */
const number = (value, name, bad) => h('div', { class: 'number' + (bad ? ' bad' : '') }, h('b', null, value), h('span', null, name));
