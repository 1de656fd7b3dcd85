// The message as a form. Every field knows its path; the server's errors find it there.
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { at, become, put, snake, speciesOf, suggestionKind, suggestionKinds } from './model.js';

/**
 * @typedef {object} Context
 * @property {any} model
 * @property {() => void} changed what a field says has changed
 * @property {() => void} again the form itself is another one now
 * @property {(file: File, path: string) => void} upload
 */

/** @typedef {{label: string, path: string, kind?: string, most?: number, options?: [string, string][], hint?: string, rows?: number}} Field */

/** @param {Context} c @param {Field} f */
function field(c, f) {
  const id = 'f-' + f.path.replace(/\W/g, '-');
  const value = at(c.model, f.path) ?? '';
  const count = f.most ? h('span', { class: 'count-text' }) : null;
  const counted = (/** @type {string} */ v) => {
    if (!count || !f.most) return;
    const n = [...v].length;
    count.textContent = n > f.most * 0.7 || n > 200 ? `${n} / ${f.most}` : '';
    count.classList.toggle('over', n > f.most);
  };
  const take = (/** @type {any} */ v) => {
    counted(String(v));
    put(c.model, f.path, v);
    c.changed();
  };
  /** @type {HTMLElement} */
  let input;
  if (f.options) {
    input = h('select', { id, on: { change: (/** @type {Event} */ e) => take(/** @type {HTMLSelectElement} */ (e.target).value) } }, ...f.options.map(([v, name]) => h('option', { value: v, selected: v === value }, name)));
  } else if (f.rows) {
    input = h('textarea', { id, rows: f.rows, dir: 'auto', props: { value }, on: { input: (/** @type {Event} */ e) => take(/** @type {HTMLTextAreaElement} */ (e.target).value) } });
  } else {
    const number = f.kind === 'number';
    input = h('input', { id, type: f.kind ?? 'text', step: number ? 'any' : null, dir: f.kind ? null : 'auto', props: { value }, on: { input: (/** @type {Event} */ e) => {
      const el = /** @type {HTMLInputElement} */ (e.target);
      take(number ? (Number.isNaN(el.valueAsNumber) ? undefined : el.valueAsNumber) : el.value);
    } } });
  }
  counted(String(value));
  return h('div', { class: 'form-field', data: { path: snake(f.path) } }, h('label', { for: id }, f.label, f.hint && h('small', null, f.hint)), input, count);
}

/** @param {Context} c */
export function form(c) {
  const species = speciesOf(c.model);
  const kinds = h('div', { class: 'segmented', role: 'group', 'aria-label': 'Kind of message' }, .../** @type {[import('./model.js').Species, string][]} */ ([['text', 'Text'], ['card', 'Card'], ['carousel', 'Carousel'], ['file', 'File']]).map(([k, name]) =>
    h('button', { type: 'button', 'aria-pressed': String(k === species), on: { click: () => {
      if (k !== species) become(c.model, k);
      c.again();
    } } }, name)));
  return h('form', { class: 'composer-form', on: { submit: (/** @type {Event} */ e) => e.preventDefault() } }, kinds,
    h('div', { class: 'form-field loose', data: { path: 'agent_message' } }),
    { text: textFields, card: cardFields, carousel: carouselFields, file: fileFields }[species](c),
    suggestions(c, 'contentMessage.suggestions', 11, 'Suggestions below the message'), delivery(c));
}

/** @param {Context} c */
const textFields = (c) => field(c, { label: 'Text', path: 'contentMessage.text', rows: 5, most: 3072 });

/** @param {Context} c */
function cardFields(c) {
  const p = 'contentMessage.richCard.standaloneCard.';
  const across = at(c.model, p + 'cardOrientation') === 'HORIZONTAL';
  const layout = field(c, { label: 'Layout', path: p + 'cardOrientation', options: [['VERTICAL', 'Upright'], ['HORIZONTAL', 'Across']] });
  layout.addEventListener('change', () => {
    if (at(c.model, p + 'cardOrientation') === 'VERTICAL') put(c.model, p + 'thumbnailImageAlignment', undefined);
    else put(c.model, p + 'thumbnailImageAlignment', 'LEFT');
    c.again();
  });
  return h('fieldset', { class: 'card-fields' }, h('legend', null, 'Card'),
    h('div', { class: 'pair' }, layout, across && field(c, { label: 'Media at the', path: p + 'thumbnailImageAlignment', options: [['LEFT', 'Left'], ['RIGHT', 'Right']] })),
    cardContent(c, p + 'cardContent', !across));
}

/** @param {Context} c */
function carouselFields(c) {
  const p = 'contentMessage.richCard.carouselCard.';
  const cards = at(c.model, p + 'cardContents') ?? [];
  return h('fieldset', { class: 'card-fields' }, h('legend', null, 'Carousel'),
    field(c, { label: 'Width of the cards', path: p + 'cardWidth', options: [['MEDIUM', 'Medium'], ['SMALL', 'Small']] }),
    h('div', { class: 'form-field loose', data: { path: snake(p + 'cardContents') } }),
    ...cards.map((/** @type {any} */ card, /** @type {number} */ i) => part(`${i + 1}. ${card.title || card.description || 'Card'}`, '', moves(c, p + 'cardContents', i, cards.length), cardContent(c, `${p}cardContents[${i}]`, true), cards.length < 3)),
    cards.length < 10 && h('button', { type: 'button', class: 'button small', on: { click: () => {
      put(c.model, `${p}cardContents[${cards.length}]`, { title: 'Another card' });
      c.again();
    } } }, icon('plus', 16), 'Card'));
}

/** @param {Context} c @param {string} p @param {boolean} tallOnes */
function cardContent(c, p, tallOnes) {
  const media = at(c.model, p + '.media');
  return h('div', { class: 'form-stack' }, field(c, { label: 'Title', path: p + '.title', most: 200 }), field(c, { label: 'Description', path: p + '.description', rows: 3, most: 2000 }),
    media ? h('div', { class: 'part' }, h('div', { class: 'part-head' }, h('span', { class: 'part-name' }, 'Media'), h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Take the media away', on: { click: () => { put(c.model, p + '.media', undefined); c.again(); } } }, icon('trash', 16))),
      h('div', { class: 'part-body' }, source(c, p + '.media'), h('div', { class: 'pair' }, tallOnes && field(c, { label: 'Height', path: p + '.media.height', options: [['SHORT', 'Short'], ['MEDIUM', 'Medium'], ['TALL', 'Tall']] }), field(c, { label: 'Description for the blind', path: p + '.media.contentDescription' }))))
      : h('button', { type: 'button', class: 'button small', on: { click: () => { put(c.model, p + '.media', { ...(tallOnes && { height: 'MEDIUM' }), contentInfo: { fileUrl: '' } }); put(c.model, p + '.media.contentInfo', {}); c.again(); } } }, icon('image', 16), 'Picture or video'),
    suggestions(c, p + '.suggestions', 4, 'Buttons of the card'));
}

/** Where a file comes from: a URL, or this machine. @param {Context} c @param {string} p */
function source(c, p) {
  const uploaded = at(c.model, p + '.uploadedRbmFile');
  const pick = h('input', { type: 'file', class: 'offscreen', tabindex: '-1', 'aria-label': 'File to upload', on: { change: (/** @type {Event} */ e) => {
    const f = /** @type {HTMLInputElement} */ (e.target).files?.[0];
    if (f) c.upload(f, p);
  } } });
  const other = h('button', { type: 'button', class: 'button small', on: { click: () => pick.click() } }, icon('up', 16), 'Upload a file');
  if (uploaded) return h('div', { class: 'form-stack' }, field(c, { label: 'Uploaded file', path: p + '.uploadedRbmFile.fileName' }), h('div', null, pick, other, h('button', { type: 'button', class: 'button small quiet', on: { click: () => { put(c.model, p + '.uploadedRbmFile', undefined); put(c.model, p + '.contentInfo', { fileUrl: 'https://' }); c.again(); } } }, 'Use a URL')));
  return h('div', { class: 'form-stack' }, field(c, { label: 'URL', path: p + '.contentInfo.fileUrl', kind: 'url' }), field(c, { label: 'Thumbnail', hint: 'a small picture of it, at most 100 kB', path: p + '.contentInfo.thumbnailUrl', kind: 'url' }), h('div', null, pick, other));
}

/** @param {Context} c */
const fileFields = (c) => h('fieldset', { class: 'card-fields' }, h('legend', null, 'File'), source(c, 'contentMessage'));

/** A part of the form that folds. @param {string} title @param {string} kind @param {HTMLElement[]} buttons @param {HTMLElement} body @param {boolean} open */
function part(title, kind, buttons, body, open) {
  const inner = h('div', { class: 'part-body', hidden: !open }, body);
  const fold = h('button', { type: 'button', class: 'part-fold', 'aria-expanded': String(open), on: { click: () => unfold(inner, inner.hidden) } }, icon('next', 14), h('span', null, title, kind && h('small', null, kind)));
  return h('div', { class: 'part' }, h('div', { class: 'part-head' }, fold, ...buttons), inner);
}

/** @param {HTMLElement} body @param {boolean} open */
export function unfold(body, open) {
  body.hidden = !open;
  body.parentElement?.querySelector('.part-fold')?.setAttribute('aria-expanded', String(open));
}

/** @param {Context} c @param {string} path @param {number} i @param {number} n */
function moves(c, path, i, n) {
  const list = () => at(c.model, path);
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {boolean} */ off, /** @type {() => void} */ fn) =>
    h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': label, disabled: off, on: { click: (/** @type {Event} */ e) => { e.preventDefault(); fn(); c.again(); } } }, icon(name, 15));
  return [button('up', 'Move up', i === 0, () => list().splice(i - 1, 0, ...list().splice(i, 1))), button('down', 'Move down', i === n - 1, () => list().splice(i + 1, 0, ...list().splice(i, 1))),
    button('trash', 'Take away', false, () => { list().splice(i, 1); if (!list().length) put(c.model, path, undefined); })];
}

/** @param {Context} c @param {string} path @param {number} most @param {string} title */
function suggestions(c, path, most, title) {
  const list = at(c.model, path) ?? [];
  const add = h('select', { class: 'add', 'aria-label': 'Add to: ' + title, on: { change: (/** @type {Event} */ e) => {
    const kind = /** @type {HTMLSelectElement} */ (e.target).value;
    put(c.model, `${path}[${list.length}]`, suggestionKinds[kind].make());
    c.again();
  } } }, h('option', { value: '' }, '+ Add …'), ...Object.entries(suggestionKinds).map(([k, v]) => h('option', { value: k }, v.name)));
  return h('fieldset', { class: 'suggestion-fields' }, h('legend', null, title, h('small', null, `${list.length} of ${most}`)), h('div', { class: 'form-field loose', data: { path: snake(path) } }),
    ...list.map((/** @type {any} */ one, /** @type {number} */ i) => suggestion(c, `${path}[${i}]`, one, moves(c, path, i, list.length))), list.length < most && add);
}

/** @param {Context} c @param {string} p @param {any} one @param {HTMLElement[]} buttons */
function suggestion(c, p, one, buttons) {
  const kind = suggestionKind(one);
  const base = p + (one.reply ? '.reply' : '.action');
  const own = p + '.action.';
  const extra = /** @type {Record<string, () => HTMLElement[]>} */ ({
    reply: () => [], shareLocationAction: () => [],
    dialAction: () => [field(c, { label: 'Number', path: own + 'dialAction.phoneNumber', kind: 'tel' })],
    openUrlAction: () => [field(c, { label: 'URL', path: own + 'openUrlAction.url', kind: 'url', most: 2048 })],
    webview: () => [field(c, { label: 'URL', path: own + 'openUrlAction.url', kind: 'url', most: 2048 }), field(c, { label: 'Height', path: own + 'openUrlAction.webviewViewMode', options: [['FULL', 'Full'], ['TALL', 'Tall'], ['HALF', 'Half']] }), field(c, { label: 'Description', path: own + 'openUrlAction.description' })],
    viewLocationAction: () => [field(c, { label: 'Latitude', path: own + 'viewLocationAction.latLong.latitude', kind: 'number' }), field(c, { label: 'Longitude', path: own + 'viewLocationAction.latLong.longitude', kind: 'number' }), field(c, { label: 'Label', path: own + 'viewLocationAction.label' })],
    createCalendarEventAction: () => [field(c, { label: 'Starts', path: own + 'createCalendarEventAction.startTime' }), field(c, { label: 'Ends', path: own + 'createCalendarEventAction.endTime' }), field(c, { label: 'Title', path: own + 'createCalendarEventAction.title', most: 100 }), field(c, { label: 'Description', path: own + 'createCalendarEventAction.description', most: 500 })],
  })[kind]?.() ?? [];
  return part((one.reply ?? one.action)?.text || '…', suggestionKinds[kind].name, buttons,
    h('div', { class: 'pair' }, field(c, { label: 'Label', path: base + '.text', most: 25 }), field(c, { label: 'Postback', path: base + '.postbackData', most: 2048 }), ...extra, one.action && field(c, { label: 'Fallback URL', path: own + 'fallbackUrl', kind: 'url' })), false);
}

/** @param {Context} c */
function delivery(c) {
  return h('fieldset', { class: 'delivery-fields' }, h('legend', null, 'Delivery'), h('div', { class: 'pair' },
    field(c, { label: 'Traffic', path: 'messageTrafficType', options: [['', 'As the agent’s use case says'], ['TRANSACTION', 'Transaction'], ['AUTHENTICATION', 'Authentication'], ['PROMOTION', 'Promotion'], ['SERVICEREQUEST', 'Service request'], ['ACKNOWLEDGEMENT', 'Acknowledgement']] }),
    field(c, { label: 'Time to live', path: 'ttl', hint: 'seconds, such as 600s; at most 15 days' })));
}

/** Puts errors at their fields; what has none is given back. @param {HTMLElement} root @param {{field: string, description: string}[]} violations */
export function showErrors(root, violations) {
  for (const old of root.querySelectorAll('.form-error')) old.remove();
  for (const el of root.querySelectorAll('[aria-invalid]')) el.removeAttribute('aria-invalid');
  const fields = /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[data-path]')]);
  return violations.filter((v) => {
    const place = fields.filter((f) => f.dataset.path !== 'agent_message' && (v.field ?? '').startsWith(f.dataset.path ?? '-')).sort((a, b) => (b.dataset.path?.length ?? 0) - (a.dataset.path?.length ?? 0))[0];
    if (!place) return true;
    const id = 'e-' + Math.random().toString(36).slice(2);
    place.append(h('p', { class: 'form-error', id }, v.description.replace(/^Invalid value at '[^']*'( \([^)]*\))?[:,]? ?/, '')));
    const input = place.querySelector('input, textarea, select');
    input?.setAttribute('aria-invalid', 'true');
    input?.setAttribute('aria-describedby', id);
    for (let d = place.closest('.part-body'); d; d = d.parentElement?.closest('.part-body') ?? null) unfold(/** @type {HTMLElement} */ (d), true);
    return false;
  });
}
