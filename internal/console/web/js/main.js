// The console: login, the frame around the pages, and which page is shown.
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { call, login, token } from './api.js';
import { follow, status } from './stream.js';
import { livePage } from './live.js';
import { composerPage } from './composer/page.js';
import { webhooksPage } from './admin/webhooks.js';
import { dashboardPage } from './admin/dashboard.js';
import { agentsPage } from './admin/agents.js';
import { brandsPage } from './admin/brands.js';
import { phonesPage } from './admin/phones.js';
import { quotasPage } from './admin/quotas.js';
import { auditPage } from './admin/audit.js';

/** @typedef {{el: HTMLElement, end?: () => void}} Page */

/** @type {{path: string, name: string, icon: string, page: (rest: string) => Page}[]} */
const pages = [
  { path: '', name: 'Live', icon: 'live', page: livePage },
  { path: 'compose', name: 'Compose', icon: 'compose', page: composerPage },
  { path: 'webhooks', name: 'Webhooks', icon: 'hook', page: webhooksPage },
  { path: 'dashboard', name: 'Dashboard', icon: 'chart', page: dashboardPage },
  { path: 'agents', name: 'Agents', icon: 'agents', page: agentsPage },
  { path: 'brands', name: 'Brands', icon: 'brand', page: brandsPage },
  { path: 'phones', name: 'Phones', icon: 'phone', page: phonesPage },
  { path: 'quotas', name: 'Quotas', icon: 'gauge', page: quotasPage },
  { path: 'audit', name: 'Audit log', icon: 'audit', page: auditPage },
];

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {Page | null} */
let shown = null;

/** Goes to a page. @param {string} path such as agents/demo_agent */
export function go(path) {
  location.hash = '#/' + path;
}

function route() {
  if (!token.value) return;
  const [first, ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  const page = pages.find((p) => p.path === first) ?? pages[0];
  shown?.end?.();
  const main = /** @type {HTMLElement} */ (document.getElementById('main'));
  shown = page.page(rest.join('/'));
  fill(main, shown.el);
  document.title = page.name + ' · OpenRBM';
  for (const a of document.querySelectorAll('.rail a')) {
    if (a.getAttribute('href') === '#/' + page.path) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
}

function frame() {
  const lamp = h('span', { class: 'lamp', role: 'status' });
  status.watch((v) => {
    lamp.className = 'lamp ' + v;
    lamp.title = { live: 'Live: what happens is shown as it happens', connecting: 'Connecting…', off: 'Not connected' }[v];
    fill(lamp, h('span', { class: 'dot' }), h('span', { class: 'lamp-text' }, { live: 'Live', connecting: 'Connecting', off: 'Offline' }[v]));
  });
  const theme = h('button', { type: 'button', class: 'rail-button', 'aria-label': 'Light or dark', on: { click: turnTheme } });
  fill(theme, icon(isDark() ? 'sun' : 'moon', 20), h('span', null, 'Theme'));
  return h('div', { class: 'shell' },
    h('a', { class: 'skip', href: '#main' , on: { click: (/** @type {Event} */ e) => { e.preventDefault(); document.getElementById('main')?.focus(); } } }, 'Skip to the content'),
    h('nav', { class: 'rail', 'aria-label': 'Main' },
      h('div', { class: 'brand' }, h('img', { src: 'icon.svg', alt: '', width: '28', height: '28' }), h('span', null, 'OpenRBM')),
      h('div', { class: 'rail-links' }, ...pages.map((p) => h('a', { href: '#/' + p.path }, icon(p.icon, 20), h('span', null, p.name)))),
      h('div', { class: 'rail-foot' }, lamp, theme, h('button', { type: 'button', class: 'rail-button keys-button', on: { click: keysHelp } }, icon('keyboard', 20), h('span', null, 'Keys')),
        h('button', { type: 'button', class: 'rail-button', on: { click: () => login('') } }, icon('out', 20), h('span', null, 'Log out')))),
    h('main', { id: 'main', tabindex: '-1' }));
}

function keysHelp() {
  if (document.querySelector('dialog[open]')) return;
  const rows = [['/', 'search the log'], ['↑ ↓ or j k', 'go through the log'], ['Enter', 'open'], ['Esc', 'close'], ['l', 'the log and the phones'], ['c', 'compose a message'], ['?', 'these keys']];
  const dialog = h('dialog', { class: 'keys-help', 'aria-labelledby': 'keys-title' }, h('form', { method: 'dialog' }, h('h2', { id: 'keys-title' }, 'Keys'),
    h('dl', null, ...rows.map(([key, what]) => h('div', null, h('dt', null, h('kbd', null, key)), h('dd', null, what)))), h('button', { type: 'submit', class: 'button' }, 'Close')));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function isDark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function turnTheme() {
  const theme = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('openrbm-theme', theme);
  const button = document.querySelector('.rail-foot .rail-button');
  if (button) fill(button, icon(theme === 'dark' ? 'sun' : 'moon', 20), h('span', null, 'Theme'));
}

function loginPage() {
  const field = h('input', { type: 'password', id: 'token', autocomplete: 'current-password', required: true, placeholder: 'Admin token' });
  const wrong = h('p', { class: 'field-error', role: 'alert' });
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    wrong.textContent = '';
    try {
      await call('GET', '/admin/v1/status', undefined, field.value.trim());
      login(field.value.trim());
    } catch (err) {
      wrong.textContent = /** @type {Error} */ (err).message;
      field.focus();
    }
  };
  return h('main', { class: 'login' }, h('form', { class: 'login-card', on: { submit } },
    h('img', { src: 'icon.svg', alt: '', width: '52', height: '52' }), h('h1', null, 'OpenRBM'),
    h('p', { class: 'faint' }, 'The demo prints an address that logs you in by itself. For a server of your own, openrbm token prints the token.'),
    h('label', { for: 'token' }, 'Admin token'), field, wrong, h('button', { type: 'submit', class: 'button primary wide' }, 'Log in')));
}

const theme = localStorage.getItem('openrbm-theme');
if (theme) document.documentElement.dataset.theme = theme;
window.addEventListener('hashchange', () => {
  const given = /^#token=([^&]+)/.exec(location.hash);
  if (given) {
    history.replaceState(null, '', location.pathname + '#/');
    login(decodeURIComponent(given[1]));
  } else route();
});
document.addEventListener('keydown', (e) => {
  const typing = /** @type {HTMLElement} */ (e.target).matches?.('input, textarea, select, [contenteditable]');
  if (typing || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === '/') {
    const search = /** @type {HTMLInputElement | null} */ (document.querySelector('.search input'));
    if (search) {
      e.preventDefault();
      setTimeout(() => search.focus()); // the key itself is not for the field
    }
  }
  if (e.key === 'c') go('compose');
  if (e.key === 'l') go('');
  if (e.key === '?') keysHelp();
  if (e.key === 'j' || e.key === 'k') {
    const list = /** @type {HTMLElement | null} */ (document.querySelector('.vlist'));
    if (!list || list.contains(/** @type {Node} */ (e.target))) return;
    list.focus();
    list.dispatchEvent(new KeyboardEvent('keydown', { key: e.key }));
  }
});
let loggedIn = '';
token.watch((t) => {
  if (t && t === loggedIn) return;
  loggedIn = t;
  shown?.end?.();
  shown = null;
  fill(root, t ? frame() : loginPage());
  if (t) route();
  else document.title = 'OpenRBM';
});
follow();
