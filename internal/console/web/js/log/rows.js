// What the log shows: messages of agents with their state, what users sent, calls
// that were refused. It is read from the history and goes on with what happens.
import { Live } from '../dom.js';
import { get, query } from '../api.js';
import { listen, onReset, status } from '../stream.js';

/** @typedef {import('../stream.js').Happening} Happening */

/**
 * @typedef {object} Row
 * @property {string} key
 * @property {'message' | 'event' | 'user' | 'refused' | 'webhook' | 'phone' | 'change'} kind
 * @property {string} time RFC 3339
 * @property {string} agent
 * @property {string} phone
 * @property {string} messageId
 * @property {string} state
 * @property {any} payload
 * @property {any[]} [media]
 * @property {Happening} [event]
 * @property {string} [expireTime]
 * @property {string} [changeTime]
 * @property {{ok: number, failed: number}} [hook] calls of the webhook about it
 */

/** @typedef {{text: string, agent: string, phone: string, messageId: string, state: string[], show: string}} Filter */

export const page = 200;
/** A search that finds little reads on by itself: so many pages of the server's 50,000 messages each, until so many rows. */
const onward = { pages: 4, rows: 30 };

/** Reads "state:READ agent:x hello" as a filter. @param {string} text @returns {Partial<Filter>} */
export function parse(text) {
  /** @type {any} */
  const f = { text: '', agent: '', phone: '', messageId: '', state: [] };
  const words = [];
  for (const word of text.split(/\s+/)) {
    const m = /^(agent|phone|id|state):(.+)$/i.exec(word);
    if (!m) words.push(word);
    else if (m[1] === 'state') f.state.push(m[2].toUpperCase());
    else f[m[1] === 'id' ? 'messageId' : m[1]] = m[2];
  }
  f.text = words.join(' ').trim();
  return f;
}

export class Rows {
  constructor() {
    /** @type {Live<Row[]>} */
    this.rows = new Live(/** @type {Row[]} */ ([]));
    /** @type {Filter} */
    this.filter = { text: '', agent: '', phone: '', messageId: '', state: [], show: 'all' };
    this.loading = new Live(false);
    this.took = 0;
    this.next = '';
    /** @type {Promise<void> | undefined} */
    this.reading = undefined;
    this.done = false;
    /** How far back a search has looked that stopped before the end, in ms. @type {Live<number>} */
    this.lookedTo = new Live(0);
    this.turn = 0;
    /** @type {Map<string, Row>} */
    this.known = new Map();
    /** @type {Row[]} */
    this.fromJournal = [];
    /** @type {Row[]} */
    this.fromHistory = [];
    this.scheduled = false;
    /** What happens while the first page is read: it may not be in it. @type {Happening[] | null} */
    this.meanwhile = null;
    let began = false;
    this.endings = [
      listen((e) => this.take(e)),
      onReset(() => void this.load()),
      status.watch((s) => {
        if (s !== 'live' || began) return;
        began = true;
        void this.load(); // from here on nothing is missed
      }),
    ];
  }

  end() {
    for (const fn of this.endings) fn();
  }

  /** @param {Partial<Filter>} change */
  search(change) {
    this.filter = { ...this.filter, ...change };
    return this.load();
  }

  /** Reads the first page. */
  async load() {
    const turn = ++this.turn;
    this.meanwhile = [];
    this.lookedTo.set(0);
    this.loading.set(true);
    const began = performance.now();
    const f = this.filter;
    const journalKinds = { all: ['FROM_PHONE', 'CALL'], everything: ['FROM_PHONE', 'CALL', 'CHANGED', 'WEBHOOK', 'PHONE'], users: ['FROM_PHONE'], refused: ['CALL'], messages: [] }[f.show] ?? [];
    const wantsMessages = f.show === 'all' || f.show === 'messages' || f.show === 'everything';
    try {
      const [history, journal] = await Promise.all([
        wantsMessages ? this.history('') : { messages: [], nextPageToken: '' },
        journalKinds.length && !f.state.length ? get('events' + query({ kind: journalKinds, agentId: f.agent, phoneNumber: f.phone, messageId: f.messageId, failed: f.show === 'everything' ? '' : true, pageSize: 1000 })) : { events: [] },
      ]);
      if (turn !== this.turn) return;
      this.took = performance.now() - began;
      this.known.clear();
      this.fromHistory = history.messages.map((/** @type {any} */ m) => this.remember(messageRow(m)));
      this.next = history.nextPageToken ?? '';
      this.done = !this.next;
      this.fromJournal = journal.events.map(eventRow).filter((/** @type {Row | null} */ r) => r && this.wanted(r));
      const missed = this.meanwhile ?? [];
      this.meanwhile = null;
      for (const e of missed) this.take(e, true);
      this.publish();
    } finally {
      if (turn === this.turn) {
        this.meanwhile = null;
        this.loading.set(false);
      }
    }
    if (turn === this.turn) await this.further();
  }

  /** Reads on while next to nothing was found, for a while. */
  async further() {
    const turn = this.turn;
    this.lookedTo.set(0);
    for (let i = 0; i < onward.pages && !this.done && this.fromHistory.length < onward.rows; i++) {
      await this.more();
      if (turn !== this.turn) return;
    }
    // A page token is the time of the last message that was looked at, in ns.
    if (!this.done && this.fromHistory.length < onward.rows) this.lookedTo.set(Number(this.next) / 1e6);
  }

  /** @param {string} pageToken */
  history(pageToken) {
    const f = this.filter;
    return get('messages' + query({ q: f.text, agentId: f.agent, phoneNumber: f.phone, messageId: f.messageId, state: f.state, pageSize: page, pageToken }));
  }

  /** Reads on, when the reader comes near the end. */
  more() {
    if (this.done || !this.next || (this.loading.value && !this.reading)) return Promise.resolve();
    this.reading ??= this.readOn().finally(() => (this.reading = undefined));
    return this.reading;
  }

  async readOn() {
    const turn = this.turn;
    this.loading.set(true);
    try {
      const got = await this.history(this.next);
      if (turn !== this.turn) return;
      this.fromHistory.push(...got.messages.map((/** @type {any} */ m) => this.remember(messageRow(m))));
      this.next = got.nextPageToken ?? '';
      this.done = !this.next;
      this.publish();
    } finally {
      if (turn === this.turn) this.loading.set(false);
    }
  }

  /** @param {Row} r */
  remember(r) {
    this.known.set(r.agent + '/' + r.messageId, r);
    return r;
  }

  /** Puts both together by time; what is older than the history read so far waits. */
  publish() {
    const oldest = this.done || !this.fromHistory.length ? '' : this.fromHistory[this.fromHistory.length - 1].time;
    /** @type {Row[]} */
    const out = [];
    let i = 0;
    for (const r of this.fromHistory) {
      while (i < this.fromJournal.length && this.fromJournal[i].time >= r.time) out.push(this.fromJournal[i++]);
      out.push(r);
    }
    while (i < this.fromJournal.length && this.fromJournal[i].time >= oldest) out.push(this.fromJournal[i++]);
    this.rows.set(out);
  }

  /** Many events make one drawing. */
  soon() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.publish();
    });
  }

  /** @param {Happening} e @param {boolean} [again] it may be known */
  take(e, again = false) {
    this.meanwhile?.push(e);
    const about = this.known.get(e.agentId + '/' + e.messageId);
    if (e.kind === 'CHANGED' && about) {
      about.state = e.state ?? about.state;
      about.changeTime = e.time;
      this.soon();
    }
    if (e.kind === 'WEBHOOK' && about) {
      about.hook ??= { ok: 0, failed: 0 };
      if (e.http?.status === 200) about.hook.ok++;
      else about.hook.failed++;
      this.soon();
    }
    const r = e.kind === 'ACCEPTED' ? acceptedRow(e) : eventRow(e);
    if (!r || !this.wanted(r)) return;
    if (e.kind === 'ACCEPTED') {
      if (about) return; // the history has it already
      this.fromHistory.unshift(this.remember(r));
    } else if (!again || !this.fromJournal.some((one) => one.key === r.key)) this.fromJournal.unshift(r);
    this.soon();
  }

  /** @param {Row} r */
  wanted(r) {
    const f = this.filter;
    const shows = /** @type {Record<string, string[]>} */ ({ all: ['message', 'event', 'user', 'refused'], messages: ['message', 'event'], users: ['user'], refused: ['refused'] })[f.show];
    if (shows && (!shows.includes(r.kind) || r.payload?.eventType === 'IS_TYPING')) return false;
    if (f.state.length && !f.state.includes(r.state)) return false;
    if (f.agent && r.agent !== f.agent.replace(/@rbm\.goog$/, '')) return false;
    if (f.phone && r.phone !== f.phone) return false;
    if (f.messageId && r.messageId !== f.messageId) return false;
    if (!f.text) return true;
    const hay = [r.agent, r.phone, r.messageId, JSON.stringify(r.payload ?? ''), r.event?.reason, r.event?.http?.url].join(' ').toLowerCase();
    return hay.includes(f.text.toLowerCase());
  }
}

/** @param {any} m of the history @returns {Row} */
export function messageRow(m) {
  return {
    key: 'm' + m.agentId + '/' + m.messageId, kind: m.kind === 'EVENT' ? 'event' : 'message', time: m.sendTime, agent: m.agentId, phone: m.phoneNumber, messageId: m.messageId,
    state: m.state, payload: m.message, media: m.media ?? [], expireTime: m.expireTime, changeTime: m.changeTime,
  };
}

/** @param {Happening} e @returns {Row} */
function acceptedRow(e) {
  return {
    key: 'm' + e.agentId + '/' + e.messageId, kind: e.type === 'EVENT' ? 'event' : 'message', time: e.payload?.sendTime ?? e.time, agent: e.agentId ?? '', phone: e.phoneNumber ?? '',
    messageId: e.messageId ?? '', state: e.state ?? '', payload: e.payload, expireTime: e.payload?.expireTime,
  };
}

/** @param {Happening} e @returns {Row | null} */
export function eventRow(e) {
  const kind = { FROM_PHONE: 'user', WEBHOOK: 'webhook', PHONE: 'phone', CHANGED: 'change', CALL: 'refused', ACCEPTED: '', SENT: '' }[e.kind];
  if (!kind || (e.kind === 'CALL' && (e.http?.status ?? 0) < 400)) return null;
  return {
    key: 'e' + e.eventId, kind: /** @type {any} */ (kind), time: e.time, agent: e.agentId ?? '', phone: e.phoneNumber ?? '', messageId: e.messageId ?? '',
    state: e.state ?? '', payload: e.payload, event: e,
  };
}
