// A map without a map server: streets, parks and water drawn from the coordinates
// themselves, so that the same place always looks the same.
import { h, s } from '../dom.js';
import { icon } from '../icons.js';

const cell = 0.004; // degrees of latitude to a block

/** A number between 0 and 1 for a block. @param {number} x @param {number} y @param {number} salt */
function dice(x, y, salt) {
  let v = (x * 374761393 + y * 668265263 + salt * 1442695041) | 0;
  v = Math.imul(v ^ (v >>> 13), 1274126177);
  return ((v ^ (v >>> 16)) >>> 0) / 4294967296;
}

/** @param {number} lat @param {number} lng @param {number} width @param {number} height @param {number} zoom px to a block */
function streets(lat, lng, width, height, zoom) {
  const stretch = Math.max(0.2, Math.cos((lat * Math.PI) / 180));
  const cx = (lng * stretch) / cell;
  const cy = -lat / cell;
  /** @type {SVGElement[]} */
  const below = [];
  /** @type {SVGElement[]} */
  const roads = [];
  const x0 = Math.floor(cx - width / 2 / zoom) - 1;
  const y0 = Math.floor(cy - height / 2 / zoom) - 1;
  for (let x = x0; x < x0 + width / zoom + 3; x++) {
    for (let y = y0; y < y0 + height / zoom + 3; y++) {
      const px = (x - cx) * zoom + width / 2;
      const py = (y - cy) * zoom + height / 2;
      const kind = dice(Math.floor(x / 2), Math.floor(y / 2), 3);
      const block = kind < 0.13 ? 'park' : kind < 0.2 ? 'water' : dice(x, y, 5) < 0.3 ? 'built' : 'land';
      below.push(s('rect', { x: px + 2, y: py + 2, width: zoom - 4, height: zoom - 4, rx: 5, class: block }));
      if (block === 'land' && dice(x, y, 8) < 0.5) below.push(s('path', { d: `M${px + 2} ${py + zoom * 0.5}h${zoom - 4}`, class: 'lane' }));
    }
  }
  for (let x = x0; x < x0 + width / zoom + 3; x++) if (dice(x, 0, 9) < 0.3) roads.push(s('path', { d: `M${(x - cx) * zoom + width / 2} 0V${height}`, class: 'avenue' }));
  for (let y = y0; y < y0 + height / zoom + 3; y++) if (dice(0, y, 9) < 0.3) roads.push(s('path', { d: `M0 ${(y - cy) * zoom + height / 2}H${width}`, class: 'avenue' }));
  return [...below, ...roads];
}

/**
 * A map with a pin in the middle. With `moved` it can be dragged, or moved by the arrow keys.
 * @param {{lat: number, lng: number, width?: number, height?: number, zoom?: number, label?: string, moved?: (lat: number, lng: number) => void}} o
 */
export function map(o) {
  const { width = 360, height = 260, zoom = 64 } = o;
  let { lat, lng } = o;
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, class: 'streets', preserveAspectRatio: 'xMidYMid slice', 'aria-hidden': 'true' });
  const draw = () => svg.replaceChildren(...streets(lat, lng, width, height, zoom));
  draw();
  const el = h('div', { class: 'map', role: o.moved ? 'application' : 'img', 'aria-label': o.moved ? 'Map: move it with the arrow keys' : 'Map of ' + (o.label || place(lat, lng)) }, svg,
    h('span', { class: 'map-pin' }, icon('pin', 40)), o.label && h('span', { class: 'map-label', dir: 'auto' }, o.label));
  if (!o.moved) return el;
  el.tabIndex = 0;
  const shift = (/** @type {number} */ dx, /** @type {number} */ dy) => {
    lat = Math.max(-90, Math.min(90, lat + (dy / zoom) * cell));
    lng = ((((lng - ((dx / zoom) * cell) / Math.max(0.2, Math.cos((lat * Math.PI) / 180)) + 180) % 360) + 360) % 360) - 180;
    draw();
    o.moved?.(lat, lng);
  };
  el.addEventListener('pointerdown', (e) => {
    el.setPointerCapture(e.pointerId);
    let [x, y] = [e.clientX, e.clientY];
    el.onpointermove = (m) => {
      shift(m.clientX - x, m.clientY - y);
      [x, y] = [m.clientX, m.clientY];
    };
    el.onpointerup = () => (el.onpointermove = null);
  });
  el.addEventListener('keydown', (e) => {
    const step = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [24, 0], ArrowRight: [-24, 0], ArrowUp: [0, 24], ArrowDown: [0, -24] })[e.key];
    if (!step) return;
    e.preventDefault();
    shift(step[0], step[1]);
  });
  return el;
}

/** @param {number} lat @param {number} lng */
export const place = (lat, lng) => `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lng).toFixed(5)}° ${lng < 0 ? 'W' : 'E'}`;

/** Where the map services of the web have a place. @param {number} lat @param {number} lng */
export const mapLink = (lat, lng) => `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lng}#map=16/${lat}/${lng}`;
