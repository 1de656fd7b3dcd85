// Why a call was refused. Google answers 404 for everything that cannot be reached;
// the administrator may know more.
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { get } from '../api.js';

/** @typedef {{ok: boolean, text: string}} Finding */

/** @param {any} e the event of a call @returns {Promise<HTMLElement>} */
export async function diagnose(e) {
  let error = null;
  try {
    error = JSON.parse(e.http.answer).error;
  } catch {
    // not JSON
  }
  const violations = (error?.details ?? []).flatMap((/** @type {any} */ d) => d.fieldViolations ?? []);
  /** @type {Finding[]} */
  const findings = e.http.status === 404 && e.phoneNumber ? await reach(e.agentId, e.phoneNumber) : [];
  return h('div', { class: 'why' },
    violations.length ? violations.map((/** @type {any} */ v) => h('div', { class: 'violation' }, v.field && h('code', null, v.field), h('p', null, v.description))) : h('p', { class: 'violation' }, error?.message ?? 'The server answered ' + e.http.status),
    findings.map((f) => h('div', { class: 'finding ' + (f.ok ? 'ok' : 'not') }, icon(f.ok ? 'check' : 'close', 16), f.text)));
}

/** What must be so for a phone to be reached. @param {string} agent @param {string} number @returns {Promise<Finding[]>} */
async function reach(agent, number) {
  const [phone, a, testers] = await Promise.all([
    get('phones/' + number).catch(() => null), get('agents/' + agent).catch(() => null), get('agents/' + agent + '/testers').catch(() => ({ testers: [] })),
  ]);
  if (!a) return [{ ok: false, text: `There is no agent “${agent}”.` }];
  if (!phone) return [{ ok: false, text: `The platform knows no phone ${number}: it never connected, and was not made.` }];
  const days = (Date.now() - Date.parse(phone.lastSeenTime)) / 86400e3;
  const tester = testers.testers.find((/** @type {any} */ t) => t.phoneNumber === number);
  return [
    { ok: true, text: 'The phone is known.' },
    { ok: phone.rcsEnabled, text: phone.rcsEnabled ? 'It has RCS now.' : 'It has no RCS.' },
    { ok: days <= 31 || phone.online, text: phone.online ? 'It is online now.' : days <= 31 ? `It was online ${days < 1 ? 'today' : Math.round(days) + ' days ago'}.` : 'It was not online for 31 days.' },
    a.launched ? { ok: true, text: 'The agent is launched.' } : { ok: tester?.inviteStatus === 'ACCEPTED', text: tester ? `The agent is not launched; this phone’s tester invitation is ${tester.inviteStatus}.` : 'The agent is not launched, and this phone is not one of its testers.' },
  ];
}
