// What happens, as it happens: server-sent events over fetch, since EventSource
// cannot carry a token.
import { Live, pause } from './dom.js';
import { token } from './api.js';

/**
 * @typedef {object} Happening
 * @property {string} eventId
 * @property {string} time
 * @property {'CALL'|'ACCEPTED'|'SENT'|'CHANGED'|'FROM_PHONE'|'WEBHOOK'|'PHONE'} kind
 * @property {string} [agentId]
 * @property {string} [phoneNumber]
 * @property {string} [messageId]
 * @property {string} [state]
 * @property {string} [type]
 * @property {string} [reason]
 * @property {any} [payload]
 * @property {{method: string, url: string, status?: number, tookMillis: number, request?: string, answer?: string}} [http]
 * @property {{noticeId: string, number: number, signature: string, createTime: string}} [webhook]
 */

/** Whether the stream stands. @type {Live<'off' | 'connecting' | 'live'>} */
export const status = new Live(/** @type {any} */ ('off'));

/** @type {Set<(e: Happening) => void>} */
const listeners = new Set();
/** @type {Set<() => void>} */
const resets = new Set();

/** @param {(e: Happening) => void} fn @returns {() => void} */
export function listen(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Calls fn when events may have been missed. @param {() => void} fn @returns {() => void} */
export function onReset(fn) {
  resets.add(fn);
  return () => resets.delete(fn);
}

let lastID = '';
/** @type {AbortController | null} */
let running = null;

/** Starts, or ends with the login. */
export function follow() {
  token.watch((t) => {
    running?.abort();
    running = null;
    status.set('off');
    if (t) {
      running = new AbortController();
      void run(running.signal);
    }
  });
}

/** @param {AbortSignal} signal */
async function run(signal) {
  for (let wait = 250; !signal.aborted; wait = Math.min(wait * 2, 8000)) {
    status.set('connecting');
    try {
      await read(signal, () => (wait = 250));
    } catch {
      // the connection broke: begin again
    }
    if (!signal.aborted) await pause(wait / 2 + (Math.random() * wait) / 2);
  }
}

/** @param {AbortSignal} signal @param {() => void} begun */
async function read(signal, begun) {
  /** @type {Record<string, string>} */
  const headers = { Authorization: 'Bearer ' + token.value, Accept: 'text/event-stream' };
  if (lastID) headers['Last-Event-ID'] = lastID;
  const res = await fetch('/admin/v1/events', { headers, signal });
  if (!res.ok || !res.body) throw new Error(String(res.status));
  const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop() ?? '';
    for (const block of blocks) take(block, begun);
  }
}

/** @param {string} block @param {() => void} begun */
function take(block, begun) {
  let type = 'message';
  let data = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) lastID = line.slice(4);
    else if (line.startsWith('event: ')) type = line.slice(7);
    else if (line.startsWith('data: ')) data += line.slice(6);
  }
  if (type === 'hello' || type === 'reset') {
    begun();
    status.set('live');
    if (type === 'reset') for (const fn of resets) fn();
  } else if (data) {
    const e = JSON.parse(data);
    for (const fn of [...listeners]) fn(e);
  }
}
