// Who a business is: its picture, its mark, its page.
import { h } from '../dom.js';
import { badge, icon } from '../icons.js';
import { picture } from '../api.js';
import { colorOf, initials } from './agents.js';
import { unsubscribeSheet } from './unsubscribe.js';

/** @typedef {import('./agents.js').Agent} Agent */
/** @typedef {import('./looks.js').Look} Look */

/** The logo, or the initials on the agent's colour. @param {Agent} a @param {Look} look @param {number} size in px */
export function avatar(a, look, size) {
  const el = h('span', { class: 'avatar ' + look.logo, 'aria-hidden': 'true', style: { '--size': size + 'px', '--own': colorOf(a) } }, initials(a.displayName));
  if (a.logoUri) void picture(a.logoUri).then((p) => p && el.replaceChildren(h('img', { src: p.url, alt: '' })));
  return el;
}

/** The mark of a launched agent; one that is being tested has none. @param {Agent} a @param {Look} look */
export const verified = (a, look) => (a.launched ? badge(look.badge, 16) : null);

/** @param {import('./view.js').PhoneView} phone @param {Agent} a */
export function infoSheet(phone, a) {
  const { look } = phone;
  const few = (/** @type {any[] | undefined} */ list) => (look.everyContact ? (list ?? []) : (list ?? []).slice(0, 1));
  const phones = few(a.phoneNumbers).map((p) => ({ kind: 'call', text: p.phoneNumber?.number ?? p.number ?? '', label: p.label || 'Phone' }));
  const emails = few(a.emails).map((e) => ({ kind: 'mail', text: e.address ?? '', label: e.label || 'Email' }));
  const webs = few(a.websites).map((w) => ({ kind: 'web', text: w.uri ?? '', label: w.label || 'Website' }));
  const shortcut = (/** @type {{kind: string, text: string} | undefined} */ c, /** @type {string} */ name) => c && h('span', { class: 'shortcut' }, h('span', { class: 'shortcut-icon' }, icon(c.kind, 20)), name);
  const hero = look.hero ? h('div', { class: 'hero' }) : null;
  if (hero && a.heroUri) void picture(a.heroUri).then((p) => p && hero.append(h('img', { src: p.url, alt: '' })));
  const legal = look.everyContact ? [a.privacy && { kind: 'shield', text: a.privacy.uri, label: a.privacy.label || 'Privacy policy' }, a.termsConditions && { kind: 'file', text: a.termsConditions.uri, label: a.termsConditions.label || 'Terms of service' }] : [];
  const rows = [...phones, ...emails, ...webs, ...legal].filter(Boolean);
  return h('div', { class: 'profile' }, hero, avatar(a, look, 84),
    h('h4', { dir: 'auto' }, a.displayName, ' ', verified(a, look)), a.description && h('p', { class: 'faint', dir: 'auto' }, a.description),
    h('div', { class: 'shortcuts' }, shortcut(phones[0], look.family === 'ios' ? 'call' : 'Call'), shortcut(webs[0], look.family === 'ios' ? 'website' : 'Website'), shortcut(emails[0], look.family === 'ios' ? 'mail' : 'Email')),
    h('div', { class: 'profile-rows' },
      ...rows.map((r) => h('div', { class: 'profile-row' }, icon(/** @type {any} */ (r).kind, 20), h('div', null, h('div', null, /** @type {any} */ (r).text), h('small', null, /** @type {any} */ (r).label)))),
      look.family === 'android' && a.agentUseCase && h('div', { class: 'profile-row' }, icon('flag', 20), h('div', null, h('div', null, a.agentUseCase.charAt(0) + a.agentUseCase.slice(1).toLowerCase().replace('_', '-')), h('small', null, 'Kind of messages'))),
      h('div', { class: 'profile-row' }, icon('shield', 20), h('div', null, h('div', null, a.launched ? 'Verified business' : 'Not verified: the agent is being tested'), h('small', null, 'Messages are not end-to-end encrypted'))),
      look.unsubscribe && h('button', { type: 'button', class: 'profile-row danger', on: { click: () => unsubscribeSheet(phone) } }, icon('mute', 20), h('div', null, 'Unsubscribe'))));
}
