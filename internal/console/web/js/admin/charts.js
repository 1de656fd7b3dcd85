// Charts as SVG.
import { h, s } from '../dom.js';

/**
 * Stacked bars over time.
 * @param {{label: string, buckets: Record<string, number>[], series: [string, string][], since: number, step: number}} o times in ms
 */
export function bars(o) {
  const [w, height, left, bottom] = [900, 230, 40, 24];
  const most = nice(Math.max(1, ...o.buckets.map((b) => o.series.reduce((n, [k]) => n + b[k], 0))));
  const x = (/** @type {number} */ i) => left + (i * (w - left)) / o.buckets.length;
  const y = (/** @type {number} */ v) => (height - bottom) * (1 - v / most) + 6;
  const wide = (w - left) / o.buckets.length - 2.5;
  const day = o.step * o.buckets.length > 36 * 36e5;
  const time = (/** @type {number} */ t) => new Date(t).toLocaleString([], day ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', hour12: false });
  const marks = [0, 0.5, 1].map((f) => [s('line', { x1: left, x2: w, y1: y(most * f), y2: y(most * f), class: 'grid' }), s('text', { x: left - 8, y: y(most * f) + 4, 'text-anchor': 'end' }, String(Math.round(most * f)))]).flat();
  const times = [0, 0.25, 0.5, 0.75].map((f) => s('text', { x: x(o.buckets.length * f) + 2, y: height - 4 }, time(o.since + f * o.step * o.buckets.length)));
  const columns = o.buckets.map((b, i) => {
    let sum = 0;
    const parts = o.series.filter(([k]) => b[k] > 0).map(([k]) => {
      const from = sum;
      sum += b[k];
      return s('rect', { x: x(i) + 1, y: y(sum), width: wide, height: Math.max(1, y(from) - y(sum)), rx: 1.5, class: 's-' + k });
    });
    return s('g', null, s('title', null, `${time(o.since + i * o.step)}: ${o.series.map(([k, name]) => `${b[k]} ${name.toLowerCase()}`).join(', ')}`), ...parts);
  });
  const total = (/** @type {string} */ k) => o.buckets.reduce((n, b) => n + b[k], 0);
  return h('figure', { class: 'form-grid', style: { margin: '0' } },
    s('svg', { viewBox: `0 0 ${w} ${height}`, class: 'chart', role: 'img', 'aria-label': `${o.label}: ${o.series.map(([k, name]) => `${total(k)} ${name.toLowerCase()}`).join(', ')}` }, ...marks, ...columns, ...times),
    h('figcaption', { class: 'legend' }, ...o.series.map(([k, name]) => h('span', null, h('i', { class: 's-' + k }), name + ' · ' + total(k).toLocaleString()))));
}

/** The next round number. @param {number} v */
function nice(v) {
  const p = 10 ** Math.floor(Math.log10(v));
  return /** @type {number} */ ([1, 2, 5, 10].find((f) => f * p >= v)) * p;
}
