// One call to a webhook.
import { fill, h, note } from '../dom.js';
import { post } from '../api.js';
import { icon } from '../icons.js';
import { agentOf } from '../phone/agents.js';
import { answer, code, pretty } from './detail.js';
import { took } from './words.js';

/** @param {any} e @param {HTMLElement} head @param {HTMLElement} body */
export function attemptPanel(e, head, body) {
  const good = e.http.status === 200;
  fill(head, h('h2', null, 'Webhook call'), h('span', { class: 'chip-state ' + (good ? 'delivered' : 'bad') }, icon(good ? 'check' : 'warn', 14), e.http.status || 'no answer'));
  const replay = async () => {
    try {
      await post(`agents/${encodeURIComponent(e.agentId)}/webhook:replay`, { events: [e.eventId] });
      note('It will be delivered again');
    } catch (err) {
      note(/** @type {Error} */ (err).message, 'bad');
    }
  };
  fill(body, h('div', { class: 'detail-actions' }, h('button', { type: 'button', class: 'button small', on: { click: () => void replay() } }, icon('retry', 16), 'Replay')),
    h('dl', { class: 'facts' }, ...[['Event', e.type], ['Agent', agentOf(e.agentId).displayName], ['Phone', e.phoneNumber], ['About', e.messageId], ['Attempt', String(e.webhook.number)], ['Took', took(e.http.tookMillis)], ['Came to', e.reason]]
      .filter(([, v]) => v).map(([k, v]) => h('div', null, h('dt', null, k), h('dd', null, v)))),
    h('h3', null, 'What was sent'), code(`POST ${e.http.url}\nContent-Type: application/json\nX-Goog-Signature: ${e.webhook.signature}`),
    h('details', { class: 'raw', open: true }, h('summary', null, 'The event: message.data, decoded'), code(JSON.stringify(e.payload, null, 2))),
    signature(e), h('details', { class: 'raw' }, h('summary', null, 'The body'), code(pretty(e.http.request ?? ''))), answer(e.http));
}

/** Why what an agent's code computes is not the signature. @param {any} e */
function signature(e) {
  const field = h('input', { type: 'text', placeholder: 'The signature that your code computes', 'aria-label': 'The signature that your code computes', spellcheck: 'false' });
  const said = h('p', { role: 'status' });
  const ask = async (/** @type {Event} */ ev) => {
    ev.preventDefault();
    try {
      const v = await post(`events/${e.eventId}:checkSignature`, { signature: field.value });
      said.className = v.verifies ? 'all-good' : 'violation';
      fill(said, v.text, v.tokenChanged && !v.verifies ? ' The clientToken was changed after this call: it was signed under the one before.' : '');
    } catch (err) {
      said.className = 'violation';
      fill(said, /** @type {Error} */ (err).message);
    }
  };
  return h('details', { class: 'raw signature' }, h('summary', null, 'The signature does not verify?'), h('form', { class: 'signature-form', on: { submit: ask } },
    h('p', { class: 'faint' }, 'X-Goog-Signature is base64 of HMAC-SHA-512 over the decoded message.data, under the clientToken. Paste what your code computes for this call, to see what it does otherwise.'), field, h('button', { type: 'submit', class: 'button small' }, 'Compare'), said));
}
