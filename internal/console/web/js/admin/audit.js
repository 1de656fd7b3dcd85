// Who changed what.
import { h } from '../dom.js';
import { ApiError, get } from '../api.js';
import { button, page, panel, reloading, table, when } from '../ui.js';

export function auditPage() {
  let token = '';
  const list = reloading(async () => {
    let got;
    try {
      got = await get('auditLog?pageSize=100' + (token ? '&pageToken=' + encodeURIComponent(token) : ''));
    } catch (e) {
      if (e instanceof ApiError && e.status === 404) return [h('p', { class: 'nothing' }, 'This server keeps no audit log.')];
      throw e;
    }
    return [panel('Changes', [], table(['Time', 'Who', 'What', 'Where', 'Fields', 'Outcome'], got.entries.map((/** @type {any} */ e) => [when(e.time), h('span', { title: e.from }, e.who),
      h('code', null, e.method + ' ' + e.route), e.resource || e.target || '–', (e.fields ?? []).join(', ') || '–', h('span', { class: 'chip-state' }, e.outcome ?? 'begun')]), 'Nothing was changed yet.', 'Changes'), got.nextPageToken && h('div', { class: 'form-actions' }, button('Older', 'next', () => { token = got.nextPageToken; return list.load(); }, 'small')))];
  });
  return { el: page('Audit log', [button('Refresh', 'retry', () => { token = ''; return list.load(); })], list.el) };
}
