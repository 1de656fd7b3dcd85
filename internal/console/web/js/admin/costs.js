// What messages cost, by class and carrier, at the prices that somebody has entered.
import { fill, h } from '../dom.js';
import { panel, table } from '../ui.js';
import { chart } from './charts.js';

const pricesKey = 'openrbm-prices';
/** @returns {Record<string, number>} */
function prices() {
  try {
    return JSON.parse(localStorage.getItem(pricesKey) ?? '{}');
  } catch {
    return {};
  }
}

/** @typedef {{class: string, carrier: string, traffic: string, messages: number, segments: number}} Billed */

/** Classes of one segment each are counted by message. @param {Billed} c */
const units = (c) => c.segments || c.messages;
/** @param {Billed} c */
const classOf = (c) => c.class || 'OTHER';
/** @param {string} k */
const className = (k) => (k === 'OTHER' ? 'Outside the US' : k.charAt(0) + k.slice(1).toLowerCase().replace(/_/g, ' '));
/** @param {number} n */
const money = (n) => n.toLocaleString([], { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** @param {Billed[]} list @param {(c: Billed) => string} key @returns {[string, Billed[]][]} the one with most messages first */
function grouped(list, key) {
  /** @type {Map<string, Billed[]>} */
  const groups = new Map();
  for (const c of list) groups.set(key(c), [...(groups.get(key(c)) ?? []), c]);
  return [...groups].sort((a, b) => sum(b[1], (c) => c.messages) - sum(a[1], (c) => c.messages));
}

/** @param {Billed[]} list @param {(c: Billed) => number} value */
const sum = (list, value) => list.reduce((n, c) => n + value(c), 0);

/** @param {any} v the statistics */
export function costPanel(v) {
  /** @type {Billed[]} */
  const all = v.classes;
  if (!all.length) return panel('Cost', [], h('p', { class: 'nothing' }, 'No messages in this time.'));
  const classes = grouped(all, classOf);
  const known = prices();
  const result = h('div', { class: 'form-grid' });
  const count = () => {
    const p = prices();
    const cost = (/** @type {Billed} */ c) => (p[classOf(c)] ?? 0) * units(c);
    const priced = classes.some(([k]) => p[k]);
    const series = classes.slice(0, 6).map(([k], i) => ({ key: String(i), name: className(k), values: v.buckets.map((/** @type {any} */ b) => sum((b.classes ?? []).filter((/** @type {Billed} */ c) => classOf(c) === k), priced ? cost : units)) }));
    fill(result, h('p', null, 'Together: ', h('strong', null, money(sum(all, cost)))),
      chart({ kind: 'bars', label: priced ? 'Cost by class' : 'Segments by class', since: Date.parse(v.since), step: v.stepSeconds * 1000, height: 170, series, show: priced ? money : undefined }),
      table(['Carrier', 'Class', 'Messages', 'Segments', 'Cost'], grouped(all, (c) => (c.carrier || 'Unknown carrier') + '\n' + classOf(c)).slice(0, 40).map(([key, list]) => {
        const [carrier, k] = key.split('\n');
        return [carrier, className(k), sum(list, (c) => c.messages).toLocaleString(), sum(list, (c) => c.segments).toLocaleString(), money(sum(list, cost))];
      }), '', 'Cost by carrier and class'));
  };
  count();
  return panel('Cost by class and carrier', [], h('p', { class: 'faint' }, 'Enter what a segment, or a message without segments, of each class costs you. The prices stay in this browser.'),
    h('div', { class: 'pair' }, ...classes.map(([k]) => h('div', { class: 'form-field' }, h('label', { for: 'price-' + k }, className(k)),
      h('input', { type: 'number', id: 'price-' + k, step: '0.0001', min: '0', placeholder: '0.0000', props: { value: known[k] ?? '' }, on: { input: (/** @type {Event} */ e) => {
        localStorage.setItem(pricesKey, JSON.stringify({ ...prices(), [k]: /** @type {HTMLInputElement} */ (e.target).valueAsNumber || 0 }));
        count();
      } } })))), result);
}
