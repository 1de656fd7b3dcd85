// Charts as SVG, drawn as wide as they stand: their words stay legible.
import { fill, h, s } from '../dom.js';

/** @typedef {{key: string, name: string, values: (number | null)[]}} Series key is a class of the style sheet; null: nothing is known */

/**
 * @typedef {object} Chart
 * @property {string} label
 * @property {Series[]} series
 * @property {'bars' | 'lines'} kind bars stand on each other
 * @property {number} since ms
 * @property {number} step ms
 * @property {(v: number) => string} [show] a value in words
 * @property {number} [top] of the scale, if it is fixed
 * @property {number} [height] px
 */

/** @param {number} v */
const plain = (v) => v.toLocaleString([], { maximumFractionDigits: 2 });

/** @param {Chart} c */
export function chart(c) {
  const show = c.show ?? plain;
  const svg = s('svg', { class: 'chart', role: 'img', 'aria-label': c.label + ': ' + c.series.map((one) => `${one.name} ${show(summary(c, one))}`).join(', ') });
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.round(svg.parentElement?.clientWidth ?? 0);
    if (!now || now === width) return;
    width = now;
    draw(svg, c, width);
  }).observe(svg);
  return h('figure', { class: 'figure' }, svg,
    h('figcaption', { class: 'legend' }, ...c.series.map((one) => h('span', null, h('i', { class: 's-' + one.key }), one.name + ' · ' + show(summary(c, one))))));
}

/** What stands beside the name: of bars the sum, of lines the last that is known. @param {Chart} c @param {Series} one */
function summary(c, one) {
  if (c.kind === 'bars') return one.values.reduce((/** @type {number} */ n, v) => n + (v ?? 0), 0);
  return one.values.findLast((v) => v !== null) ?? 0;
}

/** @param {SVGElement} svg @param {Chart} c @param {number} width */
function draw(svg, c, width) {
  const show = c.show ?? plain;
  const height = c.height ?? 190;
  const n = c.series[0]?.values.length ?? 0;
  const at = (/** @type {number} */ i) => c.series.map((one) => one.values[i] ?? 0);
  const highest = Math.max(...Array.from({ length: n }, (_, i) => (c.kind === 'bars' ? at(i).reduce((a, b) => a + b, 0) : Math.max(...at(i)))), 0);
  const top = c.top ?? nice(highest, c.show ? 0.01 : 2);
  const marks = [0, 0.5, 1].map((f) => show(top * f));
  const left = 12 + 6.6 * Math.max(...marks.map((m) => m.length));
  const [bottom, head] = [22, 8];
  const x = (/** @type {number} */ i) => left + (i * (width - left)) / n;
  const y = (/** @type {number} */ v) => head + (height - bottom - head) * (1 - v / top);
  const wide = Math.max(1, (width - left) / n - 2);
  const day = c.step * n > 36 * 36e5;
  const time = (/** @type {number} */ t) => new Date(t).toLocaleString([], day ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', hour12: false });
  const ticks = Math.max(2, Math.min(6, Math.floor((width - left) / 110)));
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('height', String(height));
  fill(svg,
    marks.map((m, i) => [s('line', { x1: left, x2: width, y1: y((top * i) / 2), y2: y((top * i) / 2), class: 'grid' }), s('text', { x: left - 8, y: y((top * i) / 2) + 4, 'text-anchor': 'end' }, m)]).flat(),
    Array.from({ length: ticks }, (_, i) => s('text', { x: x((n * i) / ticks), y: height - 4 }, time(c.since + (c.step * n * i) / ticks))),
    c.kind === 'bars' ? columns(c, x, y, wide) : c.series.map((one) => line(one, x, y, wide)),
    // What a pointer rests on says the numbers of its step.
    Array.from({ length: n }, (_, i) => s('rect', { x: x(i), y: head, width: (width - left) / n, height: height - bottom - head, class: 'hit' },
      s('title', null, `${time(c.since + i * c.step)}: ` + c.series.map((one) => `${one.values[i] === null ? '–' : show(one.values[i] ?? 0)} ${one.name.toLowerCase()}`).join(', ')))));
}

/** @param {Chart} c @param {(i: number) => number} x @param {(v: number) => number} y @param {number} wide */
function columns(c, x, y, wide) {
  return (c.series[0]?.values ?? []).map((_, i) => {
    let sum = 0;
    return c.series.map((one) => {
      const v = one.values[i] ?? 0;
      if (!v) return null;
      const from = sum;
      sum += v;
      return s('rect', { x: x(i) + 1, y: y(sum), width: wide, height: Math.max(1, y(from) - y(sum)), rx: 1.5, class: 's-' + one.key });
    });
  }).flat();
}

/** A line with gaps where nothing is known. @param {Series} one @param {(i: number) => number} x @param {(v: number) => number} y @param {number} wide */
function line(one, x, y, wide) {
  let path = '';
  /** @type {SVGElement[]} */
  const alone = [];
  one.values.forEach((v, i) => {
    if (v === null) return;
    const [px, py] = [x(i) + wide / 2, y(v)];
    const joined = i > 0 && one.values[i - 1] !== null;
    path += `${joined ? 'L' : 'M'}${px.toFixed(1)} ${py.toFixed(1)}`;
    if (!joined && (one.values[i + 1] ?? null) === null) alone.push(s('circle', { cx: px, cy: py, r: 3, class: 's-' + one.key }));
  });
  return s('g', null, s('path', { d: path, class: 'line s-' + one.key }), ...alone);
}

/** The next round number whose half is round too. @param {number} value @param {number} least */
function nice(value, least) {
  const v = Math.max(value, least);
  const p = 10 ** Math.floor(Math.log10(v));
  return /** @type {number} */ ([1, 2, 4, 6, 8, 10].find((f) => f * p >= v * 0.999)) * p;
}
