// A phone: its side of the device protocol, version 1 (docs/device-protocol.md).
import { Live, pause, randomID } from '../dom.js';
import { post } from '../api.js';
import { Memory } from './memory.js';

/** @typedef {import('./memory.js').Item} Item */

/** Everything that a phone can be able to do. */
export const features = [
  'RICHCARD_STANDALONE', 'RICHCARD_CAROUSEL', 'ACTION_CREATE_CALENDAR_EVENT', 'ACTION_DIAL', 'ACTION_OPEN_URL', 'ACTION_SHARE_LOCATION',
  'ACTION_VIEW_LOCATION', 'ACTION_OPEN_URL_IN_WEBVIEW', 'PDF_IN_RICH_CARDS', 'REVOCATION',
];

/**
 * How the phone is to behave.
 * @typedef {object} Habits
 * @property {boolean} offline
 * @property {boolean} silent never acknowledges
 * @property {boolean} slow waits before it says anything
 * @property {boolean} receipts tells when a message was read
 * @property {string[]} features
 * @property {string} carrier
 */

const slowness = 4000; // ms
const memory = new Memory();

export class Device {
  /** @param {{phoneNumber: string, createTime: string, features: string[], carrier?: string, online: boolean}} phone as the admin API has it */
  constructor(phone) {
    this.number = phone.phoneNumber;
    this.key = phone.phoneNumber + ' ' + phone.createTime; // another phone of that number is another phone
    /** @type {Live<Item[]>} */
    this.items = new Live(/** @type {Item[]} */ ([]));
    /** @type {Live<'offline' | 'connecting' | 'online' | 'elsewhere' | 'refused'>} */
    this.state = new Live(/** @type {any} */ (phone.online ? 'elsewhere' : 'offline'));
    this.trouble = '';
    /** @type {Live<Habits>} */
    this.habits = new Live(/** @type {Habits} */ ({ offline: false, silent: false, slow: false, receipts: true, features: features.filter((f) => phone.features.includes(f)), carrier: phone.carrier ?? '' }));
    /** Which agents are typing, and until when. @type {Live<Map<string, number>>} */
    this.typing = new Live(new Map());
    /** The agent whose conversation is on the screen. */
    this.open = '';
    this.token = '';
    /** @type {WebSocket | null} */
    this.socket = null;
    this.welcome = false;
    /** @type {Map<string, Item>} */
    this.byID = new Map();
    /** Reports under way: at most one about a message. @type {Map<string, 'ack' | 'read'>} */
    this.reporting = new Map();
    this.order = 0;
    this.wait = 250;
    this.closed = false;
    this.loaded = this.load();
  }

  async load() {
    for (const it of await memory.all(this.key)) this.know(it);
    this.items.set([...this.byID.values()]);
  }

  /** @param {Item} it */
  know(it) {
    this.byID.set(it.id, it);
    this.order = Math.max(this.order, it.order);
  }

  /** @param {Item} it */
  async keep(it) {
    this.know(it);
    await memory.put(it).catch(() => {}); // without its memory the phone still works
    this.items.set([...this.byID.values()]);
  }

  async forget() {
    await memory.clear(this.key).catch(() => {});
    this.byID.clear();
    this.items.set([]);
  }

  /** Comes online, also when the number is online elsewhere. */
  async connect() {
    await this.loaded;
    if (this.closed || this.socket) return;
    this.state.set('connecting');
    try {
      if (!this.token) this.token = (await post(`phones/${this.number}:lendToken`)).deviceToken;
    } catch (e) {
      this.trouble = /** @type {Error} */ (e).message;
      this.state.set('refused');
      return;
    }
    const url = new URL('/device/v1/connect', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const ws = (this.socket = new WebSocket(url));
    ws.onopen = () => {
      const { features: can, carrier } = this.habits.value;
      this.say({ type: 'hello', protocol: 1, phoneNumber: this.number, token: this.token, features: can, carrier, client: 'console' });
    };
    ws.onmessage = (m) => void this.hear(JSON.parse(m.data));
    ws.onclose = (e) => void this.lost(ws, e.code);
  }

  /** @param {boolean} [forGood] */
  hangUp(forGood = false) {
    this.closed ||= forGood;
    const ws = this.socket;
    this.socket = null;
    this.welcome = false;
    ws?.close(1000);
    this.state.set('offline');
  }

  /** @param {WebSocket} ws @param {number} code */
  async lost(ws, code) {
    if (ws !== this.socket) return;
    this.socket = null;
    this.welcome = false;
    if (code === 4002) return this.state.set('elsewhere');
    if (code === 4001 && this.token) {
      this.token = ''; // it was lent, and the server has another life now
      this.wait = Math.max(this.wait, 500);
    } else if (code === 4001 || code === 4003 || code === 1009) {
      return this.state.set('refused');
    }
    this.state.set('connecting');
    await pause(this.wait / 2 + (Math.random() * this.wait) / 2);
    this.wait = Math.min(this.wait * 2, 30000);
    if (!this.socket && !this.habits.value.offline && this.state.value === 'connecting') await this.connect();
  }

  /** @param {any} frame */
  say(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  /** @param {any} f */
  async hear(f) {
    switch (f.type) {
      case 'welcome': return this.welcomed();
      case 'agentMessage': return this.received(f);
      case 'agentEvent': return this.event(f);
      case 'revoke': return this.revoked(f);
      case 'confirm': return this.confirmed(f.messages);
      case 'ok': return this.answered(f.ref, null);
      case 'error': return this.answered(f.ref, f);
    }
  }

  welcomed() {
    this.wait = 250;
    this.welcome = true;
    this.reporting.clear();
    this.state.set('online');
    for (const it of this.byID.values()) {
      if (it.reported && it.reported !== it.confirmed) this.report(it);
      if (it.state === 'sending') this.transmit(it);
    }
  }

  /** @param {any} f */
  async received(f) {
    const id = f.agentId + '/' + f.messageId;
    let it = this.byID.get(id);
    if (!it) {
      it = {
        phone: this.key, id, order: this.order + 1, agent: f.agentId, messageId: f.messageId, dir: 'in', at: Date.now(),
        message: f.message, media: f.media ?? [], reported: '', confirmed: '',
      };
      await this.keep(it);
      this.stopTyping(f.agentId);
    }
    await this.slowly();
    if (this.habits.value.silent) return;
    it.reported ||= 'ack';
    this.report(it, true);
  }

  /** @param {any} f */
  async event(f) {
    if (f.event.eventType === 'IS_TYPING') {
      this.typing.value.set(f.agentId, Date.now() + 20000);
      this.typing.set(this.typing.value);
      setTimeout(() => this.typing.set(this.typing.value), 20100);
      return;
    }
    const sent = this.byID.get(f.agentId + '/' + f.event.messageId);
    if (sent?.dir === 'out') {
      sent.state = 'read';
      await this.keep(sent);
    }
    if (!this.habits.value.silent) this.say({ type: 'ack', messages: [{ agentId: f.agentId, messageId: f.eventId }] });
  }

  /** @param {string} agent */
  stopTyping(agent) {
    if (this.typing.value.delete(agent)) this.typing.set(this.typing.value);
  }

  /** @param {any} f */
  async revoked(f) {
    const it = this.byID.get(f.agentId + '/' + f.messageId);
    if (!f.final && it?.confirmed) return this.report(it, true);
    if (!f.final && it && this.reporting.has(it.id)) return;
    if (it) {
      this.byID.delete(it.id);
      this.reporting.delete(it.id);
      await memory.remove(it).catch(() => {});
      this.items.set([...this.byID.values()]);
    }
    if (!f.final && !this.habits.value.silent) this.say({ type: 'withdrawn', messages: [{ agentId: f.agentId, messageId: f.messageId }] });
  }

  /** Says what is to be said about it. @param {Item} it @param {boolean} [again] also what was confirmed */
  report(it, again = false) {
    if (!this.welcome || this.reporting.has(it.id) || !it.reported || (!again && it.reported === it.confirmed)) return;
    this.reporting.set(it.id, it.reported);
    this.say({ type: it.reported, messages: [{ agentId: it.agent, messageId: it.messageId }] });
  }

  /** @param {{agentId: string, messageId: string}[]} refs */
  async confirmed(refs) {
    for (const ref of refs) {
      const it = this.byID.get(ref.agentId + '/' + ref.messageId);
      if (!it) continue;
      it.confirmed = this.reporting.get(it.id) ?? it.confirmed;
      this.reporting.delete(it.id);
      await this.keep(it);
      if (it.reported !== it.confirmed) this.report(it);
    }
  }

  /** The user looks at the conversation with agent. @param {string} agent */
  async look(agent) {
    const { receipts, silent } = this.habits.value;
    if (!receipts || silent || !this.welcome) return;
    for (const it of this.byID.values()) {
      if (it.agent !== agent || it.dir !== 'in' || it.reported === 'read') continue;
      await this.slowly();
      it.reported = 'read';
      await this.keep(it);
      this.report(it);
    }
  }

  slowly() {
    return this.habits.value.slow ? pause(slowness) : Promise.resolve();
  }

  /** The user sends something. @param {string} agent @param {any} content @param {boolean} [bubble] */
  async send(agent, content, bubble = true) {
    const messageId = randomID();
    /** @type {Item} */
    const it = {
      phone: this.key, id: agent + '/' + messageId, order: this.order + 1, agent, messageId, dir: bubble ? 'out' : 'event', at: Date.now(), content, state: 'sending',
    };
    await this.keep(it);
    await this.slowly();
    this.transmit(it);
  }

  /** @param {string} agent @param {'IS_TYPING' | 'SUBSCRIBE' | 'UNSUBSCRIBE'} eventType */
  async sendEvent(agent, eventType) {
    const messageId = randomID();
    if (eventType === 'IS_TYPING') {
      if (this.welcome) this.say({ type: 'userEvent', ref: messageId, agentId: agent, eventId: messageId, eventType });
      return;
    }
    /** @type {Item} */
    const it = { phone: this.key, id: agent + '/' + messageId, order: this.order + 1, agent, messageId, dir: 'event', at: Date.now(), eventType, state: 'sending' };
    await this.keep(it);
    this.transmit(it);
  }

  /** @param {Item} it */
  transmit(it) {
    if (!this.welcome) return; // it is sent when the phone is back
    if (it.eventType) this.say({ type: 'userEvent', ref: it.messageId, agentId: it.agent, eventId: it.messageId, eventType: it.eventType });
    else this.say({ type: 'userMessage', ref: it.messageId, agentId: it.agent, messageId: it.messageId, ...it.content });
  }

  /** @param {string | undefined} ref @param {any} error */
  async answered(ref, error) {
    if (!ref) {
      this.trouble = error?.message ?? '';
      return;
    }
    const it = [...this.byID.values()].find((one) => one.messageId === ref && one.dir !== 'in');
    if (!it || it.state !== 'sending') return;
    const again = ['UNAVAILABLE', 'INTERNAL', 'DEADLINE_EXCEEDED', 'ABORTED', 'RESOURCE_EXHAUSTED'];
    if (error && again.includes(error.status)) {
      await pause(1000);
      return this.transmit(it);
    }
    it.state = error ? 'failed' : 'sent';
    it.error = error?.message;
    await this.keep(it);
  }

  /** The agent's webhook has it. @param {string} agent @param {string} messageId */
  async told(agent, messageId) {
    const it = this.byID.get(agent + '/' + messageId);
    if (it?.state !== 'sent' && it?.state !== 'sending') return;
    it.state = 'delivered';
    await this.keep(it);
  }

  /** Uploads a file of the user and sends it. @param {string} agent @param {File} file */
  async sendFile(agent, file) {
    const res = await fetch('/device/v1/files?fileName=' + encodeURIComponent(file.name), {
      method: 'POST', body: file,
      headers: { 'Content-Type': file.type || 'application/octet-stream', Authorization: 'Bearer ' + this.token, 'X-Phone-Number': this.number },
    });
    const answer = await res.json();
    if (!res.ok) throw new Error(answer.error?.message ?? 'The file could not be uploaded');
    await this.send(agent, { userFile: answer });
  }

  /** Changes how the phone behaves. @param {Partial<Habits>} change */
  async behave(change) {
    const before = this.habits.value;
    const now = { ...before, ...change };
    this.habits.set(now);
    if (now.offline !== before.offline) {
      if (now.offline) this.hangUp();
      else await this.connect();
    } else if (this.welcome && (now.features !== before.features || now.carrier !== before.carrier)) {
      this.say({ type: 'announce', ref: randomID(), features: now.features, carrier: now.carrier });
    }
    if (before.silent && !now.silent) this.catchUp();
  }

  /** Acknowledges what came while the phone kept silent. */
  catchUp() {
    for (const it of this.byID.values()) {
      if (it.dir !== 'in' || it.confirmed) continue;
      it.reported ||= 'ack';
      this.report(it);
    }
    if (this.open) void this.look(this.open);
  }
}
