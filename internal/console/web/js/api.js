// The public API and the admin API, as the console calls them.
import { Live } from './dom.js';

/** @typedef {{field: string, description: string}} Violation */

/** What the server refused, or could not do. */
export class ApiError extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body?.error?.message ?? (status ? `The server answered ${status}` : 'The server cannot be reached'));
    this.status = status;
    this.body = body;
    /** @type {Violation[]} */
    this.violations = (body?.error?.details ?? []).flatMap((/** @type {any} */ d) => d.fieldViolations ?? []);
  }
}

const tokenKey = 'openrbm-token';

/** The admin token; '' asks for a login. */
export const token = new Live(readToken());

/** Takes the token out of #token=…, so that it is neither seen nor kept in the history. */
function readToken() {
  const given = /^#token=([^&]+)/.exec(location.hash);
  if (given) {
    history.replaceState(null, '', location.pathname + location.search + '#/');
    sessionStorage.setItem(tokenKey, decodeURIComponent(given[1]));
  }
  return sessionStorage.getItem(tokenKey) ?? '';
}

/** @param {string} value */
export function login(value) {
  if (value) sessionStorage.setItem(tokenKey, value);
  else sessionStorage.removeItem(tokenKey);
  token.set(value);
}

/**
 * One call. @param {string} method @param {string} path @param {any} [body] text is sent as it is
 * @param {string} [bearer]
 * @returns {Promise<any>}
 */
export async function call(method, path, body, bearer = token.value) {
  /** @type {Record<string, string>} */
  const headers = { Authorization: 'Bearer ' + bearer };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let res;
  try {
    res = await fetch(path, { method, headers, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, null);
  }
  const text = await res.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    // an HTML page: the status says it
  }
  if (!res.ok) {
    if (res.status === 401 && bearer === token.value) login('');
    throw new ApiError(res.status, json);
  }
  return json;
}

/** @param {string} path below /admin/v1/ */
export const get = (path) => call('GET', '/admin/v1/' + path);
/** @param {string} path @param {any} [body] */
export const post = (path, body) => call('POST', '/admin/v1/' + path, body);
/** @param {string} path @param {any} body */
export const patch = (path, body) => call('PATCH', '/admin/v1/' + path, body);
/** @param {string} path @param {any} body */
export const put = (path, body) => call('PUT', '/admin/v1/' + path, body);
/** @param {string} path */
export const del = (path) => call('DELETE', '/admin/v1/' + path);

/** @type {Map<string, {token: string, until: number}>} */
const grants = new Map();

/** An access token of an agent or, with '', of the partner. @param {string} agent */
export async function accessToken(agent) {
  const known = grants.get(agent);
  if (known && known.until > Date.now()) return known.token;
  const got = await post(agent ? `agents/${encodeURIComponent(agent)}:issueAccessToken` : 'partner:issueAccessToken');
  grants.set(agent, { token: got.access_token, until: Date.now() + got.expires_in * 900 });
  return got.access_token;
}

/** Calls the messaging API as an agent. @param {string} agent @param {string} method @param {string} path @param {any} [body] */
export const asAgent = async (agent, method, path, body) => call(method, path, body, await accessToken(agent));
/** Calls the management API as the partner. @param {string} method @param {string} path @param {any} [body] */
export const manage = async (method, path, body) => call(method, '/v1/' + path, body, await accessToken(''));

/** Where a message is sent. @param {string} agent @param {string} phone @param {string} id */
export function sendPath(agent, phone, id) {
  return `/v1/phones/${phone}/agentMessages?messageId=${encodeURIComponent(id)}&agentId=${encodeURIComponent(agent)}`;
}

/** A query of what is not empty. @param {Record<string, any>} fields */
export function query(fields) {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(fields)) for (const one of [v].flat()) if (one !== undefined && one !== '') q.append(k, String(one));
  return q.size ? '?' + q : '';
}

/** @type {Map<string, Promise<any>>} */
const pictures = new Map();

/** The picture at a URL, kept by the platform; null if it cannot be had. @param {string} url @returns {Promise<{url: string} | null>} */
export function picture(url) {
  if (!url) return Promise.resolve(null);
  let p = pictures.get(url);
  if (!p) {
    p = post('media:resolve', { url }).then((a) => (a?.url ? a : null), () => null);
    pictures.set(url, p);
  }
  return p;
}
