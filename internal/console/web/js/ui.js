// What the pages of the administration share.
import { fill, h, note } from './dom.js';
import { icon } from './icons.js';
import { ApiError } from './api.js';

/** @typedef {import('./dom.js').Child} Child */

/** @param {string} title @param {Child[]} tools @param {...Child} content */
export function page(title, tools, ...content) {
  return h('div', { class: 'page' }, h('header', { class: 'page-head' }, h('h1', null, title), h('div', { class: 'page-tools' }, ...tools)), ...content);
}

/** @param {string} title @param {Child[]} tools @param {...(Child | Child[])} content */
export function panel(title, tools, ...content) {
  return h('section', { class: 'panel', 'aria-label': title }, h('h2', null, title, h('span', { class: 'page-tools' }, ...tools)), ...content);
}

/** @param {string} text @param {string} name of the icon @param {() => unknown} fn @param {string} [kind] @param {string} [of] what it is about, for those who do not see where it stands */
export function button(text, name, fn, kind = '', of) {
  return h('button', { type: 'button', class: 'button ' + kind, 'aria-label': of && text + ' ' + of, on: { click: () => attempt(fn) } }, icon(name, 17), text);
}

/** Does it, and says what went wrong. @param {() => unknown} fn */
export async function attempt(fn) {
  try {
    await fn();
  } catch (e) {
    note(/** @type {Error} */ (e).message.split('\n')[0], 'bad');
  }
}

/** @param {string[]} head @param {Child[][]} rows @param {string} none @param {string} label */
export function table(head, rows, none, label) {
  if (!rows.length) return h('p', { class: 'nothing' }, none);
  return h('div', { class: 'table-holder', tabindex: '0', role: 'group', 'aria-label': label }, h('table', { class: 'table' }, h('thead', null, h('tr', null, ...head.map((t) => h('th', { scope: 'col' }, t || h('span', { class: 'offscreen' }, 'Actions'))))),
    h('tbody', null, ...rows.map((cells) => h('tr', null, ...cells.map((c, i) => h('td', { class: i === cells.length - 1 && !head[i] ? 'actions' : '' }, c)))))));
}

/**
 * @typedef {{name: string, label: string, kind?: string, value?: any, options?: [string, string][], required?: boolean, hint?: string, rows?: number, placeholder?: string}} Field
 */

/** Asks for some fields and hands them to save; the server's errors stand at theirs.
 * @param {string} title @param {Field[]} fields @param {string} action @param {(values: Record<string, any>) => Promise<unknown>} save */
export function ask(title, fields, action, save) {
  const wrong = h('p', { class: 'field-error', role: 'alert' });
  /** @type {Map<string, {el: HTMLElement, read: () => any, error: HTMLElement}>} */
  const inputs = new Map();
  const rows = fields.map((f) => {
    const id = 'ask-' + f.name;
    const error = h('p', { class: 'form-error', hidden: true });
    /** @type {any} */
    let el;
    if (f.kind === 'check') el = h('input', { type: 'checkbox', id, props: { checked: Boolean(f.value) } });
    else if (f.options) el = h('select', { id }, ...f.options.map(([v, name]) => h('option', { value: v, selected: v === f.value }, name)));
    else if (f.rows) el = h('textarea', { id, rows: f.rows, props: { value: f.value ?? '' } });
    else el = h('input', { type: f.kind ?? 'text', id, required: f.required, placeholder: f.placeholder, autocomplete: 'off', props: { value: f.value ?? '' } });
    inputs.set(f.name, { el, read: () => (f.kind === 'check' ? el.checked : el.value), error });
    if (f.kind === 'check') return h('div', { class: 'form-field' }, h('label', { class: 'tick', for: id }, el, f.label), error);
    return h('div', { class: 'form-field' }, h('label', { for: id }, f.label, f.hint && h('small', null, f.hint)), el, error);
  });
  const dialog = h('dialog', { 'aria-label': title }, h('form', { method: 'dialog', on: { submit: async (/** @type {Event} */ e) => {
    e.preventDefault();
    wrong.textContent = '';
    for (const i of inputs.values()) i.error.hidden = true;
    try {
      await save(Object.fromEntries([...inputs].map(([name, i]) => [name, i.read()])));
      dialog.close();
    } catch (err) {
      const rest = err instanceof ApiError ? err.violations.filter((v) => !showAt(inputs, v)) : [];
      const known = err instanceof ApiError && err.violations.length > 0 && !rest.length;
      wrong.textContent = known ? '' : rest.map((v) => v.description).join('\n') || /** @type {Error} */ (err).message;
    }
  } } }, h('h2', null, title), ...rows, wrong, h('div', { class: 'form-actions' }, h('button', { type: 'submit', class: 'button primary' }, action), h('button', { type: 'button', class: 'button', on: { click: () => dialog.close() } }, 'Cancel'))));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {Map<string, {el: HTMLElement, error: HTMLElement}>} inputs @param {import('./api.js').Violation} v */
function showAt(inputs, v) {
  const camel = (v.field ?? '').split('.').pop()?.replace(/_([a-z])/g, (_, c) => c.toUpperCase()) ?? '';
  const at = inputs.get(camel);
  if (!at) return false;
  at.error.textContent = v.description;
  at.error.hidden = false;
  return true;
}

/** @param {string} question @param {string} action @param {() => Promise<unknown>} fn */
export function confirm(question, action, fn) {
  ask(question, [], action, fn);
}

/** A part that is read, and read again after each change. @param {() => Promise<Child[]>} read */
export function reloading(read) {
  const el = h('div', { class: 'form-grid' });
  let turn = 0;
  const load = async () => {
    const mine = ++turn; // what was asked for before a change must not be shown after it
    try {
      const parts = await read();
      if (mine === turn) fill(el, ...parts);
    } catch (e) {
      if (mine === turn) fill(el, h('p', { class: 'field-error' }, /** @type {Error} */ (e).message));
    }
  };
  void load();
  return { el, load };
}

/** @param {string} t RFC 3339 */
export const when = (t) => (t ? h('time', { datetime: t, title: t }, new Date(t).toLocaleString([], { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })) : '–');
