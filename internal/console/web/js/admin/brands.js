// Brands, and the agents that speak for them.
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { manage } from '../api.js';
import { ask, button, confirm, page, panel, reloading, table } from '../ui.js';

export function brandsPage() {
  const list = reloading(async () => {
    const brands = (await manage('GET', 'brands?pageSize=100')).brands ?? [];
    return [brands.length ? h('div', { class: 'form-grid' }, ...(await Promise.all(brands.map(brandPanel)))) : h('p', { class: 'nothing' }, 'No brands yet. A brand is who an agent speaks for.')];
  });

  /** @param {any} b */
  async function brandPanel(b) {
    const agents = (await manage('GET', b.name + '/agents?pageSize=100')).agents ?? [];
    return panel(b.displayName, [
      button('Agent', 'plus', () => newAgent(b), 'small'),
      button('Rename', 'compose', () => ask('Rename ' + b.displayName, [{ name: 'displayName', label: 'Name', value: b.displayName, required: true }], 'Save', async (v) => { await manage('PATCH', b.name + '?updateMask=displayName', v); await list.load(); }), 'small quiet'),
      button('Remove', 'trash', () => confirm(`Remove ${b.displayName}? A brand with agents stays.`, 'Remove', async () => { await manage('DELETE', b.name); await list.load(); }), 'small quiet'),
    ], h('p', { class: 'faint' }, b.name), table(['Agent', 'Use case', 'Hosting', ''], agents.map((/** @type {any} */ a) => {
      const id = a.name.split('/').pop().replace('@rbm.goog', '');
      const r = a.rcsBusinessMessagingAgent ?? {};
      return [a.displayName, (r.agentUseCase ?? '–').toLowerCase().replace('_', ' '), (r.hostingRegion ?? '–').toLowerCase().replace('_', ' '), h('a', { class: 'button small quiet', href: '#/agents/' + encodeURIComponent(id) }, 'Open', icon('next', 14))];
    }), 'No agents.', 'Agents of ' + b.displayName));
  }

  /** @param {any} b */
  function newAgent(b) {
    ask('New agent of ' + b.displayName, [
      { name: 'displayName', label: 'Name', required: true }, { name: 'description', label: 'Description', required: true }, { name: 'color', label: 'Colour', value: '#1A6B3C', required: true },
      { name: 'logoUri', label: 'Logo', kind: 'url', required: true, placeholder: 'https://…' }, { name: 'heroUri', label: 'Hero image', kind: 'url', required: true, placeholder: 'https://…' },
      { name: 'number', label: 'Phone', placeholder: '+12223334444' }, { name: 'website', label: 'Website', kind: 'url' }, { name: 'privacy', label: 'Privacy policy', kind: 'url', required: true }, { name: 'terms', label: 'Terms of service', kind: 'url', required: true },
      { name: 'agentUseCase', label: 'Use case', value: 'TRANSACTIONAL', options: [['TRANSACTIONAL', 'Transactional'], ['PROMOTIONAL', 'Promotional'], ['OTP', 'One-time passwords'], ['MULTI_USE', 'Multi-use']] },
      { name: 'hostingRegion', label: 'Hosting', value: 'EUROPE', options: [['EUROPE', 'Europe'], ['NORTH_AMERICA', 'North America'], ['ASIA_PACIFIC', 'Asia and Pacific']] },
    ], 'Make the agent', async (v) => {
      await manage('POST', b.name + '/agents', { displayName: v.displayName, rcsBusinessMessagingAgent: {
        description: v.description, color: v.color, logoUri: v.logoUri, heroUri: v.heroUri, agentUseCase: v.agentUseCase, hostingRegion: v.hostingRegion,
        ...(v.number && { phoneNumbers: [{ phoneNumber: { number: v.number }, label: 'Call us' }] }), ...(v.website && { websites: [{ uri: v.website, label: 'Website' }] }),
        privacy: { uri: v.privacy, label: 'Privacy policy' }, termsConditions: { uri: v.terms, label: 'Terms of service' },
      } });
      await list.load();
    });
  }

  const create = () => ask('New brand', [{ name: 'displayName', label: 'Name', required: true }], 'Make the brand', async (v) => { await manage('POST', 'brands', v); await list.load(); });
  return { el: page('Brands', [button('New brand', 'plus', create, 'primary')], list.el) };
}
