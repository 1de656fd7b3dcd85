// What happened, in words.

/** @typedef {import('./rows.js').Row} Row */

/** The content of a message in a line. @param {any} message */
export function summary(message) {
  const c = message?.contentMessage;
  if (!c) return message?.eventType === 'READ' ? 'Has read the message' : message?.eventType === 'IS_TYPING' ? 'Is typing…' : 'Message';
  if (c.text) return c.text;
  const one = c.richCard?.standaloneCard?.cardContent;
  if (one) return one.title || one.description || 'Rich card';
  const many = c.richCard?.carouselCard?.cardContents;
  if (many) return many.map((/** @type {any} */ k) => k.title || k.description || 'Card').join(' · ');
  const file = c.contentInfo?.fileUrl ?? c.uploadedRbmFile?.fileName ?? c.fileName;
  return file ? decodeURIComponent(file.split('/').pop() ?? file) : 'Message';
}

/** What kind of message it is. @param {any} message */
export function species(message) {
  const c = message?.contentMessage;
  if (!c) return 'Event';
  if (c.text) return 'Text';
  if (c.richCard?.carouselCard) return 'Carousel';
  if (c.richCard) return 'Card';
  return 'File';
}

/** What a user sent, in a line. @param {any} p the webhook's data */
export function userSummary(p) {
  if (p?.text) return p.text;
  if (p?.suggestionResponse) return (p.suggestionResponse.type === 'ACTION' ? 'Tapped ' : '') + '“' + (p.suggestionResponse.text || p.suggestionResponse.postbackData) + '”';
  if (p?.location) return `Location ${p.location.latitude?.toFixed(4)}, ${p.location.longitude?.toFixed(4)}`;
  if (p?.userFile) return p.userFile.payload?.fileName || 'File';
  return { IS_TYPING: 'Is typing…', SUBSCRIBE: 'Subscribes', UNSUBSCRIBE: 'Unsubscribes' }[/** @type {string} */ (p?.eventType)] ?? p?.eventType ?? 'Something';
}

/** @param {Row} r */
export function line(r) {
  switch (r.kind) {
    case 'user': return userSummary(r.payload);
    case 'refused': return refusal(r);
    case 'webhook': return (r.event?.http?.status === 200 ? 'Webhook took ' : 'Webhook failed: ') + (r.event?.type ?? '') + (r.event?.http?.status === 200 ? '' : ' · ' + r.event?.reason);
    case 'phone': return r.state === 'ONLINE' ? 'Came online' : 'Went offline';
    case 'change': return `${stateName(r.state)}: ${r.event?.reason ?? ''}`;
    default: return summary(r.payload);
  }
}

/** @param {Row} r */
function refusal(r) {
  const what = r.event?.type?.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase() ?? 'call';
  return `Refused with ${r.event?.http?.status}: ${what}`;
}

/** @param {string} state */
export const stateName = (state) => ({ QUEUED: 'Queued', DELIVERED: 'Delivered', READ: 'Read', REVOKED: 'Revoked', EXPIRED: 'Expired', UNCONFIRMED: 'Unconfirmed', DROPPED: 'Dropped' })[state] ?? state;

/** @param {string} state */
export const stateIcon = (state) => ({ QUEUED: 'clock', DELIVERED: 'checks', READ: 'checks', REVOKED: 'undo', EXPIRED: 'clock', UNCONFIRMED: 'warn', DROPPED: 'trash' })[state] ?? 'check';

// To make a format is slow, to use it is not.
const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const dayMonth = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' });

/** @param {string} t RFC 3339 */
export function clockTime(t) {
  const d = new Date(t);
  const now = new Date();
  const today = d.getDate() === now.getDate() && d.getMonth() === now.getMonth() && d.getFullYear() === now.getFullYear();
  return today ? clock.format(d) : dayMonth.format(d) + ' ' + clock.format(d).slice(0, 5);
}

/** @param {string} t RFC 3339 */
export const exactTime = (t) => clock.format(new Date(t)) + '.' + (/\.(\d{1,3})/.exec(t)?.[1] ?? '').padEnd(3, '0');

/** @param {number} ms */
export const took = (ms) => (ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)) + ' ms';

/** A span of time in words. @param {number} ms */
export function span(ms) {
  const s = Math.abs(ms) / 1000;
  if (s < 1) return Math.round(Math.abs(ms)) + ' ms';
  if (s < 90) return s.toFixed(s < 10 ? 1 : 0) + ' s';
  if (s < 5400) return Math.round(s / 60) + ' min';
  if (s < 129600) return Math.round(s / 3600) + ' h';
  return Math.round(s / 86400) + ' days';
}

/** How long ago it was, in words. @param {string} t RFC 3339 */
export const when = (t) => (Date.now() - Date.parse(t) < 5000 ? 'seen just now' : `seen ${span(Date.now() - Date.parse(t))} ago`);
