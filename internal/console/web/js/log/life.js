// The life of a message: from memory what there is, from the store what is certain.
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { exactTime, span, stateIcon, stateName, took, when } from './words.js';

/** @typedef {import('../stream.js').Happening} Happening */
/** @typedef {{time: string, icon: string, tone: string, text: string, more?: string, took?: string, rank?: number}} Step rank orders what happened in one ms */

const tones = /** @type {Record<string, string>} */ ({ DELIVERED: 'good', READ: 'read', EXPIRED: 'bad', UNCONFIRMED: 'bad', REVOKED: 'bad', DROPPED: 'bad' });

/** Why a message is where it is, when the server that saw it has been restarted. */
const causes = /** @type {Record<string, string>} */ ({
  DELIVERED: 'the phone acknowledged it', READ: 'the user has seen it', REVOKED: 'the agent took it back in time', EXPIRED: 'its expireTime came before the phone had it',
  UNCONFIRMED: 'its expireTime came, and the phone did not say whether it has it', DROPPED: 'it waited for longer than the platform keeps messages',
});

/** @param {Happening} e @returns {Step | null} */
function step(e) {
  const status = e.http?.status ?? 0;
  switch (e.kind) {
    case 'CALL':
      if (e.type?.startsWith('Create')) return { time: e.time, icon: 'in', tone: status < 400 ? '' : 'bad', text: 'Sent by the agent', more: `${e.http?.method} answered ${status}`, took: took(e.http?.tookMillis ?? 0), rank: 0 };
      if (e.type?.startsWith('Delete')) return { time: e.time, icon: 'undo', tone: status < 400 ? '' : 'bad', text: 'Revocation asked for', more: status < 400 ? 'granted' : 'refused: it was delivered already', rank: 0 };
      return null;
    case 'ACCEPTED': return { time: e.time, icon: 'check', tone: 'good', text: 'Stored durably', more: e.reason, rank: 1 };
    case 'SENT': return { time: e.time, icon: 'send', tone: '', text: e.type === 'REVOKE' ? 'The phone is asked to give it back' : 'Handed to the phone', rank: 2 };
    case 'CHANGED': return { time: e.time, icon: stateIcon(e.state ?? ''), tone: tones[e.state ?? ''] ?? '', text: stateName(e.state ?? ''), more: e.reason, rank: 3 };
    case 'WEBHOOK': {
      const good = status === 200;
      const attempt = e.webhook?.number ?? 1;
      return { time: e.time, icon: 'hook', tone: good ? 'good' : 'bad', text: `Webhook told ${e.type}`, more: good ? 'answered 200' + (attempt > 1 ? ' at attempt ' + attempt : '') : `${e.reason} · attempt ${attempt}`, took: took(e.http?.tookMillis ?? 0), rank: 4 };
    }
    default: return null;
  }
}

/** @param {any} m of the store @param {Happening[]} events of memory @param {any} phone null: there is none */
export function life(m, events, phone) {
  const steps = /** @type {Step[]} */ (events.map(step).filter((s) => s !== null));
  const remembered = steps.some((s) => s.text === 'Stored durably');
  if (!remembered) steps.push({ time: m.sendTime, icon: 'check', tone: 'good', text: 'Stored durably', rank: 1 });
  if (m.state !== 'QUEUED' && !events.some((e) => e.kind === 'CHANGED' && e.state === m.state)) {
    steps.push({ time: m.changeTime, icon: stateIcon(m.state), tone: tones[m.state] ?? '', text: stateName(m.state), more: causes[m.state], rank: 3 });
  }
  steps.sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || (a.rank ?? 0) - (b.rank ?? 0));
  if (m.state === 'QUEUED') steps.push(...pending(m, phone));
  const start = Date.parse(m.sendTime);
  return [h('ol', { class: 'life' }, ...steps.map((s) => h('li', { class: s.tone }, h('span', { class: 'life-icon' }, icon(s.icon, 15)),
    h('div', { class: 'life-words' }, h('strong', null, s.text), s.more && h('span', { class: 'faint' }, s.more)),
    h('div', { class: 'life-time' }, s.time && h('time', { datetime: s.time, title: s.time }, exactTime(s.time)), h('span', { class: 'faint' }, s.took ?? (Date.parse(s.time) > start ? '+' + span(Date.parse(s.time) - start) : '')))))),
  !remembered && h('p', { class: 'faint' }, 'The state and its time are those of the store. The steps between, the calls and the webhook’s answers are kept in memory only, and this server has forgotten them.')];
}

/** What a message waits for, and until when. @param {any} m @param {any} phone @returns {Step[]} */
function pending(m, phone) {
  const why = !phone ? 'the platform does not know the phone any more' : !phone.rcsEnabled ? 'the phone has no RCS' : phone.online ? 'it is connected, and has not acknowledged the message' : `it is not connected; it was last ${when(phone.lastSeenTime)}`;
  /** @type {Step[]} */
  const steps = [{ time: '', icon: 'clock', tone: 'wait', text: 'Waiting for the phone', more: why }];
  if (m.expireTime) {
    const left = Date.parse(m.expireTime) - Date.now();
    steps.push({ time: '', icon: 'flag', tone: '', text: left > 0 ? `Expires in ${span(left)}` : 'Expires now', more: `${new Date(m.expireTime).toLocaleString()}: it is taken back, and the agent is told TTL_EXPIRATION_REVOKED`, took: '' });
  }
  return steps;
}
