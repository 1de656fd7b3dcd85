// Phones: what the platform knows of them.
import { copy, h } from '../dom.js';
import { get, del, patch, post } from '../api.js';
import { ask, button, confirm, page, panel, reloading, table, when } from '../ui.js';

export function phonesPage() {
  let token = '';
  const list = reloading(async () => {
    const got = await get('phones?pageSize=100' + (token ? '&pageToken=' + encodeURIComponent(token) : ''));
    return [panel('Phones', [], table(['Number', 'State', 'RCS', 'Carrier', 'Features', 'Waiting', 'Last seen', ''], got.phones.map((/** @type {any} */ p) => [
      h('strong', null, p.phoneNumber), h('span', { class: 'chip-state ' + (p.online ? 'delivered' : '') }, p.online ? 'Online' : 'Offline'), p.rcsEnabled ? 'yes' : 'no', p.carrier ?? '–', String(p.features.length), p.queued ? String(p.queued) : '–', when(p.lastSeenTime),
      h('span', null, button(p.rcsEnabled ? 'Take RCS away' : 'Give RCS', 'bolt', async () => { await patch('phones/' + p.phoneNumber, { rcsEnabled: !p.rcsEnabled }); await list.load(); }, 'small quiet'), button('New token', 'key', () => newToken(p.phoneNumber), 'small quiet'),
        button('Remove', 'trash', () => confirm(`Remove ${p.phoneNumber}?`, 'Remove', async () => { await del('phones/' + p.phoneNumber); await list.load(); }), 'small quiet'))]), 'No phones yet.', 'Phones'),
    h('div', { class: 'form-actions' }, token && button('From the beginning', 'back', () => { token = ''; return list.load(); }, 'small'), got.nextPageToken && button('More', 'next', () => { token = got.nextPageToken; return list.load(); }, 'small')))];
  });
  /** @param {string} number @param {string} value */
  const show = (number, value) => ask('Device token of ' + number, [{ name: 'token', label: 'Token', value, hint: 'shown this once' }], 'Copy', (v) => copy(v.token, 'Token'));
  const newToken = (/** @type {string} */ number) => confirm(`Give ${number} a new token? It is disconnected, and its old one is void.`, 'New token', async () => show(number, (await post(`phones/${number}:issueToken`)).deviceToken));
  const create = () => ask('New phone', [{ name: 'phoneNumber', label: 'Number', required: true, placeholder: '+12223334444' }, { name: 'carrier', label: 'Carrier', value: 'Demo Mobile' }], 'Make the phone', async (v) => {
    const p = await post('phones', v);
    await list.load();
    show(p.phoneNumber, p.deviceToken);
  });
  return { el: page('Phones', [button('New phone', 'plus', create, 'primary')], list.el) };
}
