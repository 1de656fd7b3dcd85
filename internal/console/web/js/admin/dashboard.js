// How the platform does: now, and over time.
import { fill, h } from '../dom.js';
import { get } from '../api.js';
import { choice } from '../composer/page.js';
import { span } from '../log/words.js';
import { page, panel } from '../ui.js';
import { chart } from './charts.js';
import { costPanel } from './costs.js';

const spanKey = 'openrbm-span';

export function dashboardPage() {
  let hours = localStorage.getItem(spanKey) ?? '1';
  const body = h('div', { class: 'form-grid' });
  const load = async () => {
    try {
      const v = await get('statistics?hours=' + hours);
      fill(body, numbers(v), charts(v), costPanel(v));
    } catch (e) {
      fill(body, h('p', { class: 'field-error' }, /** @type {Error} */ (e).message));
    }
  };
  void load();
  const timer = setInterval(() => {
    if (!body.contains(document.activeElement)) void load();
  }, 10000);
  return { el: page('Dashboard', [choice('Span', [['1', 'Hour'], ['24', 'Day'], ['168', 'Week'], ['720', 'Month']], hours, (v) => { hours = v; localStorage.setItem(spanKey, v); void load(); })], body), end: () => clearInterval(timer) };
}

/** @param {any} v */
function numbers(v) {
  const sum = (/** @type {string} */ k) => v.buckets.reduce((/** @type {number} */ n, /** @type {any} */ b) => n + b[k], 0);
  const all = sum('accepted');
  const share = (/** @type {number} */ n) => (all ? Math.round((100 * n) / all) + ' %' : '–');
  const rate = all / (v.stepSeconds * v.buckets.length);
  const hook = v.webhooks;
  return h('div', { class: 'numbers' },
    number(all.toLocaleString() + (v.partial ? '+' : ''), 'messages'), number(rate >= 1 ? rate.toFixed(1) + '/s' : rate * 60 >= 1 ? (rate * 60).toFixed(1) + '/min' : (rate * 3600).toFixed(1) + '/h', 'rate'),
    number(share(sum('delivered')), 'delivered'), number(share(sum('read')), 'read'), number(v.queued.toLocaleString(), 'waiting for phones'),
    number(v.oldestQueueTime ? span(Date.now() - Date.parse(v.oldestQueueTime)) : '–', 'oldest waiting'), number(`${v.online} / ${v.phones}`, 'phones online'),
    number(hook.failing ? String(hook.failing) : 'none', 'webhooks failing', hook.failing > 0), number(hook.lagSeconds > 1 ? span(hook.lagSeconds * 1000) : '0 s', 'oldest event for a webhook', hook.lagSeconds > 60),
    number(hook.dropped.toLocaleString(), 'webhook events given up', hook.dropped > 0));
}

/** @param {any} v */
function charts(v) {
  const over = { since: Date.parse(v.since), step: v.stepSeconds * 1000 };
  /** @param {string} key @param {string} name @param {(b: any) => number | null} value */
  const series = (key, name, value) => ({ key, name, values: v.buckets.map(value) });
  /** @param {string} key @param {string} name @param {(t: any) => number} value */
  const trend = (key, name, value) => series(key, name, (b) => (b.trend ? value(b.trend) : null));
  const ratio = (/** @type {string} */ k) => (/** @type {any} */ b) => (b.accepted ? (100 * b[k]) / b.accepted : null);
  return [
    panel('Messages', [], chart({ ...over, kind: 'bars', label: 'Messages by where they stand now', height: 220, series: [
      series('read', 'Read', (b) => b.read), series('delivered', 'Delivered', (b) => b.delivered - b.read), series('queued', 'Queued', (b) => b.queued), series('lost', 'Revoked, expired or dropped', (b) => b.lost)] })),
    h('div', { class: 'two' },
      panel('Delivered and read', [], chart({ ...over, kind: 'lines', label: 'Share of the messages sent at a time', top: 100, show: (n) => Math.round(n) + ' %', series: [series('delivered', 'Delivered', ratio('delivered')), series('read', 'Read', ratio('read'))] })),
      panel('Waiting for phones', [], chart({ ...over, kind: 'lines', label: 'Messages in the queue', series: [trend('queued', 'Queued', (t) => t.queued)] })),
      panel('Age of the oldest', [], chart({ ...over, kind: 'lines', label: 'Age of the oldest that waits', show: (n) => (n ? span(n * 1000) : '0 s'), series: [trend('queued', 'Message for a phone', (t) => t.oldestSeconds), trend('lost', 'Event for a webhook', (t) => t.lagSeconds)] })),
      panel('Webhook calls', [], chart({ ...over, kind: 'bars', label: 'Calls of webhooks', series: [trend('delivered', 'Delivered', (t) => t.webhooksDelivered), trend('lost', 'Failed', (t) => t.webhooksFailed)] }))),
    h('p', { class: 'faint' }, 'The queue, ages and calls are noted once a minute while this server runs, and are not kept over a restart.'),
  ];
}

/** @param {string} value @param {string} name @param {boolean} [bad] */
const number = (value, name, bad) => h('div', { class: 'number' + (bad ? ' bad' : '') }, h('b', null, value), h('span', null, name));
