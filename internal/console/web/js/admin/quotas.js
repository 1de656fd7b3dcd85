// What agents may do, what they have used of it, and limits of their own.
import { fill, h } from '../dom.js';
import { get, patch } from '../api.js';
import { agents, loadAgents } from '../phone/agents.js';
import { span } from '../log/words.js';
import { ask, button, page, panel, reloading, table } from '../ui.js';

/** @typedef {{name: string, agentId?: string, period?: string, limit: number, configured: number, own: boolean, used?: number, roomTime?: string}} Quota */

const names = /** @type {Record<string, string>} */ ({
  CreateAgentMessage: 'Send messages', DeleteAgentMessage: 'Revoke messages', CreateAgentEvent: 'Typing and read events', GetCapabilities: 'Look up one phone', BatchGetUsers: 'Look up many phones',
  RequestCapabilityCallback: 'Ask for a capability callback', CreateDialogflowMessage: 'Send through Dialogflow', CreateTester: 'Invite testers', CreateFile: 'Upload files',
  promotionsPer28Days: 'Promotions to each user', testersPerDay: 'Tester requests', testers: 'Testers invited',
});
const periods = /** @type {Record<string, string>} */ ({ '60s': 'a minute', '86400s': 'in 24 hours', '2419200s': 'in 28 days' });

/** @param {string} id of the agent that is shown first */
export function quotasPage(id) {
  let agent = id;
  const pick = h('select', { 'aria-label': 'Agent', on: { change: () => { location.hash = '#/quotas/' + encodeURIComponent(pick.value); } } });
  const list = reloading(async () => {
    await loadAgents();
    agent ||= [...agents.value.keys()][0] ?? '';
    fill(pick, ...[...agents.value.values()].map((a) => h('option', { value: a.agentId, selected: a.agentId === agent }, a.displayName)));
    if (!agent) return [h('p', { class: 'nothing' }, 'No agents yet.')];
    /** @type {Quota[]} */
    const quotas = (await get(path())).quotas;
    return [table(['What', 'Used', 'Limit', ''], quotas.map((q) => [h('div', null, names[q.name] ?? q.name, h('div', { class: 'faint mono' }, q.name)), use(q), limit(q), button('Change', 'compose', () => change(q), 'small quiet', names[q.name])]), '', 'Limits')];
  });
  const path = () => 'agents/' + encodeURIComponent(agent) + '/quotas';

  /** @param {Quota} q */
  function change(q) {
    const as = q.configured ? q.configured.toLocaleString() : 'no limit';
    ask(`${names[q.name] ?? q.name} ${periods[q.period ?? ''] ?? ''}`, [{ name: q.name, label: 'Limit', kind: 'number', value: q.own ? q.limit : '', placeholder: as, hint: `0: no limit; empty: as configured (${as})` }], 'Save', async (v) => {
      await patch(path(), { limits: { [q.name]: v[q.name] === '' ? null : Number(v[q.name]) } });
      await list.load();
    });
  }
  return { el: page('Quotas', [pick, button('Refresh', 'retry', () => list.load(), 'quiet')],
    panel('Limits of the agent', [], h('p', { class: 'faint' }, 'Beyond a limit a call is answered with 429, and with the time to wait in Retry-After. The limits of all agents are those of the configuration, [limits]; an agent may have its own. Calls a minute count at all servers.'), list.el), phonePanel()) };
}

/** @param {Quota} q */
function limit(q) {
  return h('span', null, q.limit ? `${q.limit.toLocaleString()} ${periods[q.period ?? ''] ?? 'in all'}` : h('span', { class: 'faint' }, 'none'), ' ', q.own && h('span', { class: 'chip-state', title: `Others have ${q.configured || 'none'}` }, 'its own'));
}

/** @param {Quota} q */
function use(q) {
  if (q.used === undefined) return h('span', { class: 'faint' }, q.name === 'promotionsPer28Days' ? 'see below' : 'not counted');
  const full = q.limit > 0 && q.used >= q.limit;
  return h('div', { class: 'use' + (full ? ' full' : '') }, h('b', null, q.used.toLocaleString()), q.limit > 0 && h('span', { class: 'bar' }, h('i', { style: { width: Math.min(100, (100 * q.used) / q.limit) + '%' } })),
    q.roomTime && h('small', { class: 'faint' }, room(q.roomTime)));
}

/** @param {string} t */
const room = (t) => 'the oldest is forgotten in ' + span(Date.parse(t) - Date.now());

/** What one user has had. */
function phonePanel() {
  const number = h('input', { type: 'text', id: 'quota-phone', placeholder: '+12223334444', inputmode: 'tel', autocomplete: 'off' });
  const found = h('div', { role: 'status' });
  const show = async (/** @type {Event} */ e) => {
    e.preventDefault();
    try {
      /** @type {Quota[]} */
      const list = (await get('phones/' + encodeURIComponent(number.value.trim()) + '/quotas')).quotas;
      fill(found, table(['Agent', 'Promotions in 28 days', 'Limit'], list.map((q) => [agents.value.get(q.agentId ?? '')?.displayName ?? q.agentId, use(q), limit(q)]), 'No agent has a limit of promotions, and none was counted: they are counted while there is one.', 'Promotions'));
    } catch (err) {
      fill(found, h('p', { class: 'field-error' }, /** @type {Error} */ (err).message));
    }
  };
  return panel('Promotions to one user', [], h('form', { class: 'inline-form', on: { submit: show } }, h('label', { for: 'quota-phone', class: 'offscreen' }, 'Phone'), number, h('button', { type: 'submit', class: 'button' }, 'Show')), found);
}
