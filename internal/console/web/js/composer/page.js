// The composer: a message by form or JSON, as the phone will draw it, with what the
// server thinks of it.
import { calm, copy, fill, h, note, randomID } from '../dom.js';
import { icon } from '../icons.js';
import { ApiError, accessToken, asAgent, get, post, query, sendPath } from '../api.js';
import { agentOf, agents, loadAgents } from '../phone/agents.js';
import { looks } from '../phone/looks.js';
import { size } from '../phone/media.js';
import { chips, render } from '../phone/render.js';
import { draft } from './draft.js';
import { form, showErrors, unfold } from './form.js';
import { put, templates } from './model.js';
import { curl, go, node, python } from './snippets.js';

const maxBytes = 250 * 1024;

export function composerPage() {
  /** @type {any} */
  let model = first();
  let asJSON = false;
  let look = looks.android;
  let checked = { media: /** @type {any[]} */ ([]) };
  let turn = 0;

  const left = h('div', { class: 'composer-left' });
  const screen = h('div', { class: 'preview phone composer-preview', role: 'group', 'aria-label': 'Preview' });
  const meters = h('div', { class: 'meters' });
  const problems = h('div', { class: 'problems', role: 'alert' });
  const agentPick = h('select', { 'aria-label': 'Agent', on: { change: () => { remember(); check(); } } });
  const phonePick = h('select', { 'aria-label': 'Phone', on: { change: () => { remember(); check(); } } });
  const sendButton = h('button', { type: 'button', class: 'button primary', on: { click: () => void send() } }, icon('send', 18), 'Send');
  const text = () => JSON.stringify(model, null, 2);
  const remember = () => draft.set({ json: text(), agent: agentPick.value, phone: phonePick.value });

  const context = {
    get model() { return model; },
    changed: () => { remember(); draw(); check(); },
    again: () => { remember(); showLeft(); draw(); check(); },
    upload: (/** @type {File} */ f, /** @type {string} */ path) => void upload(f, path),
  };

  function showLeft() {
    const folded = /** @type {HTMLElement[]} */ ([...left.querySelectorAll('.part > .part-body')]).map((d) => d.hidden);
    const scroll = left.scrollTop;
    if (asJSON) {
      const wrong = h('p', { class: 'field-error', role: 'alert' });
      fill(left, h('textarea', { class: 'json', spellcheck: 'false', 'aria-label': 'The message as JSON', props: { value: text() }, on: { input: (/** @type {Event} */ e) => {
        try {
          model = JSON.parse(/** @type {HTMLTextAreaElement} */ (e.target).value);
          wrong.textContent = '';
          context.changed();
        } catch (err) {
          wrong.textContent = /** @type {Error} */ (err).message;
        }
      } } }), wrong);
      return;
    }
    fill(left, form(context));
    /** @type {HTMLElement[]} */ ([...left.querySelectorAll('.part > .part-body')]).forEach((d, i) => unfold(d, !(folded[i] ?? d.hidden)));
    left.scrollTop = scroll;
  }

  function draw() {
    const stage = { look, tap: () => {}, view: () => {}, expand: () => {} };
    screen.dataset.look = look.id;
    screen.dataset.family = look.family;
    screen.style.setProperty('--agent', agentOf(agentPick.value).color || '#3b5bdb');
    const list = model.contentMessage?.suggestions ?? [];
    fill(screen, h('div', { class: 'item in' }, render(model, checked.media, stage)), Array.isArray(list) && list.length ? chips(list, stage) : null);
  }

  const check = calm(220, async () => {
    const mine = ++turn;
    try {
      const v = await post('agentMessages:check' + query({ agentId: agentPick.value, phoneNumber: phonePick.value }), text());
      if (mine !== turn) return;
      checked = v;
      draw();
      showMeters(v);
      showProblems(v.error ? new ApiError(v.error.error.code, v.error) : null);
    } catch (e) {
      if (mine === turn) showProblems(/** @type {ApiError} */ (e));
    }
  });

  /** @param {any} v */
  function showMeters(v) {
    const c = v.classification?.classificationType ?? '';
    const words = { RICH_MESSAGE: `Rich · ${v.classification.segmentCount ?? 1} segment${v.classification.segmentCount > 1 ? 's' : ''}`, RICH_MEDIA_MESSAGE: 'Rich media' }[/** @type {string} */ (c)] ?? '–';
    fill(meters, meter('Payload', size(v.bytes), v.bytes / maxBytes, 'of 250 kB'), v.characters ? meter('Text', String(v.characters), v.characters / 3072, 'of 3072') : null,
      meter('US class', words, -1), v.fileBytes ? meter('Files', size(v.fileBytes), v.fileBytes / (100 * 1024 * 1024), 'of 100 MB') : null,
      v.features.length ? meter('Needs', v.features.map((/** @type {string} */ f) => f.toLowerCase().replace(/_/g, ' ').replace('richcard ', '').replace('action ', '')).join(', '), -1) : null);
  }

  /** @param {ApiError | null} e */
  function showProblems(e) {
    const rest = e?.violations.length ? (asJSON ? e.violations : showErrors(left, e.violations)) : (showErrors(left, []), e ? [{ field: '', description: e.status === 404 ? 'This agent cannot reach this phone (404). See why in the log after a send.' : e.message }] : []);
    fill(problems, ...rest.map((v) => h('div', { class: 'violation' }, v.field && h('code', null, v.field.replace('agent_message.', '')), h('p', null, v.description))),
      !e && h('p', { class: 'all-good' }, icon('check', 16), 'The server would accept it'));
  }

  async function send() {
    sendButton.disabled = true;
    try {
      await asAgent(agentPick.value, 'POST', sendPath(agentPick.value, phonePick.value, randomID()), text());
      note('Sent to ' + phonePick.value);
    } catch (e) {
      showProblems(/** @type {ApiError} */ (e));
      note(/** @type {Error} */ (e).message.split('\n')[0], 'bad');
    }
    sendButton.disabled = false;
  }

  /** @param {File} f @param {string} path */
  async function upload(f, path) {
    try {
      const res = await fetch('/upload/v1/files?agentId=' + encodeURIComponent(agentPick.value), { method: 'POST', body: f, headers: { 'Content-Type': f.type, Authorization: 'Bearer ' + (await accessToken(agentPick.value)) } });
      const answer = await res.json();
      if (!res.ok) throw new ApiError(res.status, answer);
      put(model, path + '.contentInfo', undefined);
      put(model, path + '.uploadedRbmFile', { fileName: answer.name });
      context.again();
    } catch (e) {
      note(/** @type {Error} */ (e).message, 'bad');
    }
  }

  async function load() {
    await loadAgents();
    const phones = (await get('phones?pageSize=500')).phones;
    const { agent, phone } = draft.value;
    fill(agentPick, ...[...agents.value.values()].map((a) => h('option', { value: a.agentId, selected: a.agentId === agent }, a.displayName)));
    fill(phonePick, ...phones.map((/** @type {any} */ p) => h('option', { value: p.phoneNumber, selected: p.phoneNumber === phone }, p.phoneNumber + (p.online ? ' · online' : ''))));
    draw();
    check();
  }

  const mode = choice('Form or JSON', [['form', 'Form'], ['json', 'JSON']], 'form', (v) => { asJSON = v === 'json'; showLeft(); check(); });
  const looksPick = choice('Look', [['android', 'Android'], ['ios', 'iOS'], ['legacy', 'Android 2025']], 'android', (v) => { look = looks[v]; draw(); });
  const begin = h('select', { class: 'add', 'aria-label': 'Start from', on: { change: (/** @type {Event} */ e) => {
    const el = /** @type {HTMLSelectElement} */ (e.target);
    model = templates[el.value]();
    el.value = '';
    context.again();
  } } }, h('option', { value: '' }, 'Start from …'), ...Object.keys(templates).map((name) => h('option', { value: name }, name)));
  const el = h('div', { class: 'composer' },
    h('section', { class: 'composer-pane', 'aria-label': 'Message' }, h('header', { class: 'page-head' }, h('h1', null, 'Compose'), h('div', { class: 'page-tools' }, begin, mode)), left),
    h('section', { class: 'composer-side', 'aria-label': 'Preview and sending' }, h('header', { class: 'page-head' }, looksPick), screen, meters, problems,
      h('div', { class: 'send-bar' }, h('label', null, 'From', agentPick), h('label', null, 'To', phonePick), sendButton),
      copies(() => [agentPick.value, phonePick.value, text()])));
  showLeft();
  void load().catch((e) => note(e.message, 'bad'));
  return { el };
}

/** What was written before, or something to begin with. */
function first() {
  try {
    if (draft.value.json) return JSON.parse(draft.value.json);
  } catch {
    // it was not JSON: begin afresh
  }
  return templates['A card']();
}

/** @param {string} name @param {string} value @param {number} share @param {string} [of] */
function meter(name, value, share, of = '') {
  return h('div', { class: 'meter' + (share > 1 ? ' over' : '') }, h('span', { class: 'meter-name' }, name), h('span', { class: 'meter-value' }, value, of && h('small', null, ' ' + of)),
    share >= 0 && h('span', { class: 'meter-bar' }, h('i', { style: { width: Math.min(100, Math.max(1, share * 100)) + '%' } })));
}

/** @param {string} label @param {[string, string][]} options @param {string} chosen @param {(v: string) => void} change */
export function choice(label, options, chosen, change) {
  const el = h('div', { class: 'segmented', role: 'group', 'aria-label': label });
  for (const [v, name] of options) {
    el.append(h('button', { type: 'button', 'aria-pressed': String(v === chosen), on: { click: (/** @type {MouseEvent} */ e) => {
      for (const b of el.children) b.setAttribute('aria-pressed', String(b === e.currentTarget));
      change(v);
    } } }, name));
  }
  return el;
}

/** @param {() => string[]} now agent, phone and JSON */
function copies(now) {
  /** @type {[string, (agent: string, phone: string, json: string) => string][]} */
  const kinds = [['JSON', (_a, _p, json) => json], ['curl', curl], ['Node', node], ['Python', python], ['Go', go]];
  return h('div', { class: 'copies', role: 'group', 'aria-label': 'Copy as' }, h('span', { class: 'faint' }, 'Copy as'), ...kinds.map(([name, make]) =>
    h('button', { type: 'button', class: 'button small', on: { click: () => { const [a, p, j] = now(); void copy(make(a, p, j), name); } } }, name)));
}
