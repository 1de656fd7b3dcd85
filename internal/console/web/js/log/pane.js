// The log beside the phone: search, the list, and the detail over it.
import { calm, fill, h, note, randomID } from '../dom.js';
import { asAgent, get, sendPath } from '../api.js';
import { templates } from '../composer/model.js';
import { icon } from '../icons.js';
import { agentOf, agents } from '../phone/agents.js';
import { detail } from './detail.js';
import { List } from './list.js';
import { Rows, parse } from './rows.js';
import { clockTime, line, species, stateIcon, stateName } from './words.js';

/** @typedef {import('./rows.js').Row} Row */

const shows = /** @type {const} */ ([['all', 'All'], ['messages', 'Messages'], ['users', 'From phones'], ['refused', 'Refused'], ['everything', 'Everything']]);

export function logPane() {
  const rows = new Rows();
  const holder = h('div', { class: 'detail-holder' });
  /** @type {(() => void) | undefined} */
  let closeDetail;
  const close = () => {
    closeDetail?.();
    closeDetail = undefined;
    fill(holder);
    pane.classList.remove('with-detail');
    list.unchoose();
    list.el.focus({ preventScroll: true });
  };
  const open = (/** @type {Row} */ r) => {
    closeDetail?.();
    const d = detail(r, close);
    closeDetail = d.end;
    fill(holder, d.el);
    pane.classList.add('with-detail');
  };
  /** @type {List<Row>} */
  const list = new List('What happened', {
    height: 60, key: (r) => r.key, draw: (r) => rowElement(r), open, nearEnd: () => void rows.more(),
    sign: (r) => r.state + (r.hook ? r.hook.ok + '/' + r.hook.failed : '') + agents.value.size,
  });
  const count = h('span', { class: 'count-text', role: 'status' });
  const field = h('input', { type: 'search', placeholder: 'Search text, number, id … or state:READ', title: 'phone:+1222… agent:… id:… state:READ narrow the search', 'aria-label': 'Search the log', spellcheck: 'false' });
  const search = calm(60, () => void rows.search(parse(field.value)));
  field.addEventListener('input', search);
  const tabs = h('div', { class: 'filters', role: 'group', 'aria-label': 'What to show' }, ...shows.map(([id, name]) =>
    h('button', { type: 'button', 'aria-pressed': String(id === 'all'), on: { click: (/** @type {MouseEvent} */ e) => {
      for (const b of tabs.children) b.setAttribute('aria-pressed', String(b === e.currentTarget));
      void rows.search({ show: id });
    } } }, name)));
  const state = h('select', { 'aria-label': 'State', on: { change: () => {
    field.value = (field.value.replace(/\bstate:\S*/gi, '').trim() + (state.value ? ' state:' + state.value : '')).trim();
    search();
  } } }, h('option', { value: '' }, 'Any state'), ...['QUEUED', 'DELIVERED', 'READ', 'REVOKED', 'EXPIRED', 'UNCONFIRMED', 'DROPPED'].map((v) => h('option', { value: v }, stateName(v))));
  const empty = h('div', { class: 'log-empty', hidden: true });
  const foot = h('div', { class: 'log-foot', hidden: true });
  field.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' && rows.rows.value.length) {
      e.preventDefault();
      list.el.focus();
      list.choose(Math.max(0, list.at), false);
    }
    if (e.key === 'Escape' && field.value) {
      e.preventDefault(); // a search field would empty itself too, and say so in another event
      field.value = '';
      search();
    }
  });
  const ends = [rows.rows.watch((all) => {
    list.set(all);
    count.textContent = all.length ? all.length.toLocaleString() + (rows.done ? '' : '+') + (field.value.trim() ? ' · ' + Math.max(1, Math.round(rows.took)) + ' ms' : '') : '';
    showEmpty();
  }), rows.loading.watch(() => showEmpty()), rows.lookedTo.watch(() => showEmpty()), agents.watch(() => list.paint())];
  function showEmpty() {
    const partly = rows.lookedTo.value > 0;
    const memory = rows.filter.show === 'users' || rows.filter.show === 'refused';
    foot.hidden = !partly && !memory;
    if (partly) fill(foot, `Searched back to ${new Date(rows.lookedTo.value).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}`, h('button', { type: 'button', class: 'button small', on: { click: () => void rows.further() } }, 'Search further back'));
    else if (memory) fill(foot, 'What users sent and refused calls are kept in memory: of this run of the server, the latest.');
    empty.hidden = rows.rows.value.length > 0 || rows.loading.value;
    const asked = field.value.trim() !== '' || memory;
    fill(empty, icon(asked ? 'search' : 'live', 34), h('p', null, field.value ? 'Nothing matches' : memory ? 'Nothing yet' : 'Nothing has happened yet'),
      h('p', { class: 'faint' }, field.value ? 'Try less: a part of the text, a number, an id.' : 'Messages, receipts and webhook calls appear here as they happen.'),
      asked ? field.value && h('button', { type: 'button', class: 'button', on: { click: () => { field.value = ''; state.value = ''; search(); field.focus(); } } }, 'Show everything again') : h('div', { class: 'form-actions' }, h('button', { type: 'button', class: 'button primary', on: { click: () => void firstCard() } }, icon('send', 18), 'Send a rich card now'), h('a', { class: 'button', href: '#/compose' }, icon('compose', 18), 'Compose')));
  }
  const pane = h('section', { class: 'log', 'aria-label': 'Log' },
    h('header', { class: 'log-head' }, h('div', { class: 'search' }, icon('search', 18), field, count), h('div', { class: 'log-tools' }, tabs, state)),
    h('div', { class: 'log-main' }, h('div', { class: 'log-list' }, list.el, empty, foot), holder));
  pane.addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && pane.classList.contains('with-detail')) close();
  });
  return {
    el: pane,
    end: () => {
      for (const fn of ends) fn();
      closeDetail?.();
      rows.end();
    },
  };
}

/** Shows a newcomer a card, with one click. */
async function firstCard() {
  try {
    const agent = [...agents.value.values()].find((a) => a.launched);
    const phone = (await get('phones?pageSize=1')).phones[0];
    if (!agent || !phone) {
      location.hash = '#/compose';
      return;
    }
    await asAgent(agent.agentId, 'POST', sendPath(agent.agentId, phone.phoneNumber, randomID()), templates['A card']());
  } catch (e) {
    note(/** @type {Error} */ (e).message, 'bad');
  }
}

const kindIcon = /** @type {Record<string, string>} */ ({ user: 'user', refused: 'warn', webhook: 'hook', phone: 'phone', change: 'check', event: 'eye', message: 'send' });

/** @param {Row} r */
function rowElement(r) {
  const mine = r.kind === 'message' || r.kind === 'event';
  const bad = r.kind === 'refused' || (r.kind === 'webhook' && r.event?.http?.status !== 200);
  return h('div', { class: ['row', r.kind, bad ? 'bad' : ''].join(' ') },
    h('span', { class: 'row-icon' }, icon(kindIcon[r.kind], 17)),
    h('span', { class: 'row-main' }, h('span', { class: 'row-line', dir: 'auto' }, line(r)), h('span', { class: 'row-about' }, ...about(r))),
    mine && r.hook?.failed ? h('span', { class: 'chip-state bad', title: 'The webhook failed' }, icon('hook', 13), r.hook.failed) : null,
    mine ? stateChip(r.state) : null, h('time', { datetime: r.time }, clockTime(r.time)));
}

/** @param {Row} r */
function about(r) {
  const agent = r.agent && h('span', { class: 'row-agent' }, agentOf(r.agent).displayName);
  switch (r.kind) {
    case 'message': return [h('b', null, species(r.payload)), agent, icon('next', 10), r.phone];
    case 'event': return [agent, icon('next', 10), r.phone];
    case 'user': return [r.phone, icon('next', 10), agent];
    default: return [agent, agent && r.phone && icon('next', 10), r.phone].filter(Boolean);
  }
}

/** @param {string} state */
export function stateChip(state) {
  return h('span', { class: 'chip-state ' + state.toLowerCase() }, icon(stateIcon(state), 14), stateName(state));
}
