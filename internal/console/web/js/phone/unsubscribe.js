// How a user of Android stops a business: the pill, the sheet with reasons.
import { h } from '../dom.js';
import { hasPill, keywords } from './looks.js';

const reasons = ['Not signed up', 'Too many messages', 'No longer interested', 'Spam', 'Other'];

/** @param {import('./view.js').PhoneView} phone */
export function unsubscribePill(phone) {
  if (!phone.look.unsubscribe || !hasPill(phone.device.number) || phone.agent.startsWith('_')) return null;
  const heard = phone.device.items.value.some((it) => it.agent === phone.agent && it.dir === 'in');
  if (!heard || phone.unsubscribed(phone.agent)) return null;
  return h('button', { type: 'button', class: 'stop-pill', on: { click: () => unsubscribeSheet(phone) } }, 'Unsubscribe to stop receiving messages');
}

/** @param {import('./view.js').PhoneView} phone */
export function unsubscribeSheet(phone) {
  const report = h('label', { class: 'report', hidden: true }, h('input', { type: 'checkbox' }), 'Report as spam too');
  const other = h('input', { type: 'text', class: 'other', hidden: true, placeholder: 'Tell us more', 'aria-label': 'Another reason', maxlength: '200' });
  const name = 'why-' + Math.random().toString(36).slice(2);
  const choices = reasons.map((r, i) => h('label', { class: 'choice' }, h('input', { type: 'radio', name, value: r, checked: i === 0, on: { change: () => {
    report.hidden = r !== 'Spam';
    other.hidden = r !== 'Other';
  } } }), r));
  const close = phone.sheet('Unsubscribe', h('div', { class: 'stop' },
    h('p', { class: 'faint' }, `A message “${keywords(phone.device.number).stop}” will be sent from your number.`), ...choices, report, other,
    h('button', { type: 'button', class: 'pill-button filled', on: { click: () => {
      close();
      void phone.device.sendEvent(phone.agent, 'UNSUBSCRIBE').then(() => phone.redraw());
    } } }, 'Unsubscribe')));
}
