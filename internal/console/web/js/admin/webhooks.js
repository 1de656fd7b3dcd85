// The webhook ledger: every call, what waits, what was given up.
import { fill, h, note } from '../dom.js';
import { icon } from '../icons.js';
import { get, post, query } from '../api.js';
import { listen } from '../stream.js';
import { agentOf, agents, loadAgents } from '../phone/agents.js';
import { attemptPanel } from '../log/attempt.js';
import { exactTime, span, took } from '../log/words.js';
import { button, page, panel, reloading, table, when } from '../ui.js';
import { webhookRows } from './agents.js';

/** @typedef {import('../stream.js').Happening} Happening */

export function webhooksPage() {
  let agent = '';
  let failed = false;
  /** @type {Set<string>} */
  const chosen = new Set();
  const pick = h('select', { 'aria-label': 'Agent', on: { change: () => { agent = pick.value; void all(); } } });
  const only = h('input', { type: 'checkbox', on: { change: () => { failed = only.checked; void calls.load(); } } });
  const detail = h('div', { class: 'detail-slot' });
  const calls = reloading(async () => {
    chosen.clear();
    /** @type {Happening[]} */
    const list = (await get('events' + query({ kind: 'WEBHOOK', agentId: agent, failed: failed || '', pageSize: 300 }))).events;
    return [table(['', 'Time', 'Event', 'Agent', 'Phone', 'Answer', 'Took', 'Attempt', ''], list.map(row), failed ? 'No call has failed.' : 'No webhook was called yet. Set one below, or run openrbm webhook listen.', 'Calls')];
  });

  /** @param {Happening} e */
  function row(e) {
    const good = e.http?.status === 200;
    return [h('input', { type: 'checkbox', 'aria-label': `Choose ${e.type} of ${exactTime(e.time)}`, on: { change: (/** @type {Event} */ ev) => void (/** @type {HTMLInputElement} */ (ev.target).checked ? chosen.add(e.eventId) : chosen.delete(e.eventId)) } }),
      h('time', { datetime: e.time }, exactTime(e.time)), h('strong', null, e.type ?? ''), agentOf(e.agentId ?? '').displayName, e.phoneNumber ?? '', h('span', { class: 'chip-state ' + (good ? 'delivered' : 'bad'), title: e.reason }, e.http?.status || 'none'),
      took(e.http?.tookMillis ?? 0), String(e.webhook?.number ?? ''), button('Open', 'eye', () => open(e.eventId), 'small quiet')];
  }

  /** @param {string} id */
  async function open(id) {
    const e = await get('events/' + id);
    const head = h('div', { class: 'detail-title' });
    const body = h('div', { class: 'form-grid' });
    attemptPanel(e, head, body);
    fill(detail, h('section', { class: 'panel', 'aria-label': 'Call' }, head, body));
    detail.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
  }

  async function replay() {
    if (!chosen.size) return note('Choose calls first', 'bad');
    const byAgent = new Map();
    for (const e of (await get('events' + query({ kind: 'WEBHOOK', pageSize: 1000 }))).events) if (chosen.has(e.eventId)) byAgent.set(e.agentId, [...(byAgent.get(e.agentId) ?? []), e.eventId]);
    let n = 0;
    for (const [id, events] of byAgent) n += (await post(`agents/${encodeURIComponent(id)}/webhook:replay`, { events })).replayed;
    note(`${n} will be delivered again`);
    setTimeout(() => void all(), 600);
  }

  const each = reloading(async () => {
    const list = [...agents.value.values()].filter((a) => !agent || a.agentId === agent).slice(0, 50);
    return [h('div', { class: 'two' }, ...(await Promise.all(list.map(agentPanel))))];
  });

  /** @param {import('../phone/agents.js').Agent} a */
  async function agentPanel(a) {
    const path = 'agents/' + encodeURIComponent(a.agentId);
    const [rows, pending, dead] = await Promise.all([webhookRows(a.agentId, () => each.load()), get(path + '/pendingNotices?pageSize=20'), get(path + '/deadNotices?pageSize=100')]);
    const again = async () => {
      const got = await post(path + '/webhook:replay', { deadNotices: dead.notices.map((/** @type {any} */ n) => n.noticeId) });
      note(`${got.replayed} will be delivered again`);
      await each.load();
    };
    return panel(a.displayName, [], ...rows,
      pending.notices.length > 0 && h('details', { class: 'raw' }, h('summary', null, 'Waiting'), table(['Event', 'Happened', 'Attempts', 'Next'], pending.notices.map((/** @type {any} */ n) => [n.type, when(n.createTime), String(n.attempts), Date.parse(n.dueTime) > Date.now() ? 'in ' + span(Date.parse(n.dueTime) - Date.now()) : 'now']), '', 'Waiting')),
      dead.notices.length > 0 && h('details', { class: 'raw' }, h('summary', null, `Dead letters: ${dead.notices.length}`), h('div', { class: 'form-actions' }, button('Deliver all again', 'retry', again, 'small')), table(['Event', 'Happened', 'Given up', 'Attempts'], dead.notices.map((/** @type {any} */ n) => [n.type, when(n.createTime), when(n.dueTime), String(n.attempts)]), '', 'Dead letters')));
  }

  const all = () => Promise.all([calls.load(), each.load()]);
  void loadAgents().then(() => {
    fill(pick, h('option', { value: '' }, 'All agents'), ...[...agents.value.values()].map((a) => h('option', { value: a.agentId }, a.displayName)));
    return each.load();
  });
  let due = 0;
  let troubled = false;
  const unlisten = listen((e) => {
    if (e.kind !== 'WEBHOOK') return;
    const was = troubled;
    troubled = e.http?.status !== 200;
    if (due || (chosen.size && !was && !troubled)) return;
    due = window.setTimeout(() => {
      due = 0;
      if (!chosen.size) void calls.load();
      if (was || troubled) void each.load();
    }, 400);
  });
  return {
    el: page('Webhooks', [pick, h('label', { class: 'tick' }, only, 'Failed only')],
      panel('Calls', [button('Replay chosen', 'retry', replay, 'small'), button('Refresh', 'retry', () => calls.load(), 'small quiet')], h('p', { class: 'faint' }, icon('info', 14), ' The calls of this run of the server, as many as its memory keeps.'), calls.el), detail, each.el),
    end: () => {
      unlisten();
      clearTimeout(due);
    },
  };
}
