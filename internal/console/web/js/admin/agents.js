// Agents: who they are, whether they are launched, their testers and keys.
import { download, h, note } from '../dom.js';
import { icon } from '../icons.js';
import { del, get, manage, patch, post, put } from '../api.js';
import { avatar } from '../phone/info.js';
import { agents, loadAgents } from '../phone/agents.js';
import { looks } from '../phone/looks.js';
import { ask, button, confirm, page, panel, reloading, table, when } from '../ui.js';

/** @type {[string, string][]} */
const useCases = [['TRANSACTIONAL', 'Transactional'], ['PROMOTIONAL', 'Promotional'], ['OTP', 'One-time passwords'], ['MULTI_USE', 'Multi-use']];

/** @param {any} [a] @returns {import('../ui.js').Field[]} */
const agentFields = (a = {}) => [
  { name: 'displayName', label: 'Name', value: a.displayName, required: true, hint: 'at most 40 characters' }, { name: 'description', label: 'Description', value: a.description, hint: 'at most 100' },
  { name: 'color', label: 'Colour', value: a.color, placeholder: '#1A6B3C', hint: 'tints what users tap' }, { name: 'logoUri', label: 'Logo', value: a.logoUri, kind: 'url', hint: '224 × 224' },
  { name: 'heroUri', label: 'Hero image', value: a.heroUri, kind: 'url', hint: '1440 × 448' }, { name: 'agentUseCase', label: 'Use case', value: a.agentUseCase ?? 'TRANSACTIONAL', options: useCases },
];

/** @param {string} id */
export function agentsPage(id) {
  return id ? { el: agentPage(id) } : { el: agentList() };
}

function agentList() {
  const list = reloading(async () => {
    await loadAgents();
    return [h('div', { class: 'cards' }, ...[...agents.value.values()].map((a) => h('a', { class: 'tile', href: '#/agents/' + encodeURIComponent(a.agentId) }, avatar(a, looks.android, 46),
      h('strong', null, a.displayName), h('span', { class: 'faint' }, a.agentId + ' · ' + (a.launched ? 'launched' : 'testers only')))))];
  });
  const create = () => ask('New agent', [{ name: 'agentId', label: 'Id', required: true, placeholder: 'my_agent' }, ...agentFields(), { name: 'launched', label: 'Launched: it reaches every phone, not testers only', kind: 'check', value: true }], 'Make the agent', async (v) => {
    await post('agents', Object.fromEntries(Object.entries(v).filter(([, value]) => value !== '')));
    await list.load();
  });
  return page('Agents', [button('New agent', 'plus', create, 'primary')], list.el);
}

/** @param {string} id */
function agentPage(id) {
  const path = 'agents/' + encodeURIComponent(id);
  const who = reloading(async () => {
    const a = await get(path);
    const edit = () => ask('Change ' + a.displayName, agentFields(a), 'Save', async (v) => {
      await patch(path, v);
      await Promise.all([who.load(), loadAgents()]);
    });
    const remove = () => confirm(`Remove ${a.displayName} with its keys and testers?`, 'Remove', async () => {
      await del(path);
      location.hash = '#/agents';
    });
    const turn = async () => {
      await post(path + (a.launched ? ':unlaunch' : ':launch'));
      await Promise.all([who.load(), launch.load()]);
    };
    return [h('div', { class: 'page-head' }, h('div', { class: 'page-tools' }, avatar(a, looks.android, 52), h('div', null, h('h1', null, a.displayName), h('p', { class: 'faint' }, [a.agentId, a.description].filter(Boolean).join(' · ')))),
      h('div', { class: 'page-tools' }, h('span', { class: 'chip-state ' + (a.launched ? 'delivered' : 'queued') }, a.launched ? 'Launched' : 'Testers only'), button(a.launched ? 'Unlaunch' : 'Launch everywhere', 'bolt', turn), h('a', { class: 'button', href: '#/quotas/' + encodeURIComponent(id) }, icon('gauge', 17), 'Quotas'), button('Change', 'compose', edit), button('Remove', 'trash', remove, 'danger')))];
  });
  const launch = reloading(() => launchRows(id, () => launch.load()));
  const testers = reloading(async () => {
    const list = (await get(path + '/testers')).testers;
    return [table(['Phone', 'Invitation', ''], list.map((/** @type {any} */ t) => [t.phoneNumber, t.inviteStatus.toLowerCase(), button('Remove', 'trash', async () => { await del(`${path}/testers/${t.phoneNumber}`); await testers.load(); }, 'small quiet')]), 'No testers.', 'Testers')];
  });
  const keys = reloading(async () => {
    const list = (await get(path + '/keys')).keys;
    return [table(['Key', 'Made', ''], list.map((/** @type {any} */ k) => [h('code', null, k.keyId.slice(0, 16) + '…'), when(k.createTime), button('Revoke', 'trash', () => confirm('Revoke this key, and the tokens that it got?', 'Revoke', async () => { await del(`${path}/keys/${k.keyId}`); await keys.load(); }), 'small quiet')]), 'No keys.', 'Keys')];
  });
  const newKey = async () => {
    const file = await post(path + '/keys', {});
    download(id + '-key.json', 'application/json', JSON.stringify(file, null, 2));
    note('The key file was saved. It is the only copy.');
    await keys.load();
  };
  const hook = reloading(() => webhookRows(id, () => hook.load()));
  return h('div', { class: 'page' }, h('nav', { class: 'crumbs', 'aria-label': 'Where' }, h('a', { href: '#/agents' }, 'Agents'), icon('next', 12), id), who.el,
    h('div', { class: 'two' }, panel('Webhook', [], hook.el), panel('Launch', [], launch.el),
      panel('Testers', [button('Add', 'plus', () => ask('New tester', [{ name: 'phoneNumber', label: 'Phone', required: true, placeholder: '+12223334444' }, { name: 'ask', label: 'Ask the user first', kind: 'check' }], 'Add', async (v) => {
        if (v.ask) await manage('POST', 'testers', { agentId: id, phoneNumber: v.phoneNumber });
        else await post(path + '/testers', { phoneNumber: v.phoneNumber });
        await testers.load();
      }), 'small')], testers.el),
      panel('Keys', [button('New key', 'key', newKey, 'small')], h('p', { class: 'faint' }, 'A key file is shown once, when it is made: the server keeps the public half only.'), keys.el)));
}

/** @param {string} id @param {() => unknown} again */
export async function webhookRows(id, again) {
  const path = 'agents/' + encodeURIComponent(id) + '/webhook';
  const w = await get(path);
  const set = () => ask('Webhook of ' + id, [{ name: 'uri', label: 'Address', kind: 'url', value: w.uri, required: true, placeholder: 'https://…' }, { name: 'clientToken', label: 'Client token', hint: 'signs the events; never shown again', required: true }, { name: 'skipVerification', label: 'Do not verify it', kind: 'check' }], 'Set', async (v) => {
    await put(path, v);
    await again();
  });
  const act = (/** @type {string} */ verb) => async () => {
    await post(path + ':' + verb);
    await again();
  };
  return [
    w.uri ? h('p', null, h('code', null, w.uri), ' ', w.verified ? '' : h('span', { class: 'faint' }, 'not verified')) : h('p', { class: 'nothing' }, 'No webhook of its own: its events go to the partner’s, or wait.'),
    h('div', { class: 'state-steps' }, w.paused && h('span', { class: 'chip-state queued' }, icon('pause', 13), 'Paused'), w.failing && h('span', { class: 'chip-state bad' }, icon('warn', 13), 'Failing'), h('span', { class: 'chip-state' }, `${w.pending} waiting`), w.lastStatus && h('span', { class: 'chip-state' }, 'last answer ' + w.lastStatus)),
    w.lastError && w.failing && h('p', { class: 'field-error' }, w.lastError),
    h('div', { class: 'form-actions' }, button(w.uri ? 'Change' : 'Set', 'compose', set, 'small'), button(w.paused ? 'Resume' : 'Pause', w.paused ? 'play' : 'pause', act(w.paused ? 'resume' : 'pause'), 'small'),
      w.pending > 0 && button('Deliver now', 'retry', act('retry'), 'small'), w.uri && button('Remove', 'trash', () => confirm('Remove the webhook?', 'Remove', async () => { await del(path); await again(); }), 'small quiet')),
  ];
}

const states = /** @type {Record<string, string>} */ ({ LAUNCH_STATE_UNLAUNCHED: 'queued', LAUNCH_STATE_PENDING: 'queued', LAUNCH_STATE_LAUNCHED: 'delivered', LAUNCH_STATE_REJECTED: 'bad', LAUNCH_STATE_SUSPENDED: 'bad' });
const short = (/** @type {string} */ s) => (s ?? 'never asked').replace(/^(LAUNCH|VERIFICATION)_STATE_/, '').toLowerCase().replace(/_/g, ' ');

/** The way to the users: verification, then a launch in each region. @param {string} id @param {() => unknown} again */
async function launchRows(id, again) {
  const base = `brands/-/agents/${encodeURIComponent(id)}@rbm.goog`;
  const [launch, verification, regions] = await Promise.all([manage('GET', base + '/launch'), manage('GET', base + '/verification').catch(() => ({})), manage('GET', 'regions')]);
  const details = launch.rcsBusinessMessaging?.launchDetails ?? {};
  const act = (/** @type {string} */ region, /** @type {string} */ state, /** @type {string} */ comment) => async () => {
    await manage('PATCH', base + '/launch?updateMask=rcsBusinessMessaging.launchDetails', { rcsBusinessMessaging: { launchDetails: { [region]: { launchState: state, comment } } } });
    await again();
  };
  const askFor = async (/** @type {string} */ region) => {
    await manage('POST', base + ':requestLaunch', { agentLaunch: { rcsBusinessMessaging: { launchDetails: { [region]: {} } } } });
    await again();
  };
  const v = verification.verificationState;
  return [h('p', null, 'Verification: ', h('span', { class: 'chip-state ' + (v === 'VERIFICATION_STATE_VERIFIED' ? 'delivered' : 'queued') }, short(v)), ' ',
    v !== 'VERIFICATION_STATE_VERIFIED' && button('Verify', 'check', async () => { await manage('PATCH', base + '/verification?updateMask=verificationState', { verificationState: 'VERIFICATION_STATE_VERIFIED' }); await again(); }, 'small quiet')),
  table(['Region', 'State', ''], (regions.regions ?? []).map((/** @type {any} */ r) => {
    const d = details[r.name] ?? {};
    const s = d.launchState;
    return [r.displayName ?? r.name, h('span', { class: 'chip-state ' + (states[s] ?? '') }, short(s)), h('span', null, s === 'LAUNCH_STATE_PENDING' && [button('Approve', 'check', act(r.name, 'LAUNCH_STATE_LAUNCHED', ''), 'small quiet'), button('Reject', 'close', act(r.name, 'LAUNCH_STATE_REJECTED', 'Rejected in the console'), 'small quiet')],
      s === 'LAUNCH_STATE_LAUNCHED' && button('Suspend', 'pause', act(r.name, 'LAUNCH_STATE_SUSPENDED', 'Suspended in the console'), 'small quiet'), s !== 'LAUNCH_STATE_PENDING' && s !== 'LAUNCH_STATE_LAUNCHED' && button('Request', 'flag', () => askFor(r.name), 'small quiet'))];
  }), 'No regions.', 'Launches')];
}
