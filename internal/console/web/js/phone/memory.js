// What a phone remembers: IndexedDB, so that a phone keeps a message before it
// acknowledges it (docs/device-protocol.md). Without IndexedDB, only for the visit.

/**
 * One thing in a conversation.
 * @typedef {object} Item
 * @property {string} phone the key of the phone's memory
 * @property {string} id agentId/messageId
 * @property {number} order
 * @property {string} agent
 * @property {string} messageId
 * @property {'in' | 'out' | 'event'} dir
 * @property {number} at ms
 * @property {any} [message] of the agent
 * @property {any[]} [media]
 * @property {any} [content] of the user: text, suggestionResponse, location, userFile
 * @property {string} [eventType] of the user
 * @property {'sending' | 'sent' | 'delivered' | 'read' | 'failed'} [state] of what the user sent
 * @property {string} [error]
 * @property {'' | 'ack' | 'read'} [reported] what the phone wants to have said
 * @property {'' | 'ack' | 'read'} [confirmed] what the server has taken
 * @property {boolean} [used] the chips were used, or are gone
 */

const dbName = 'openrbm-phones';

export class Memory {
  constructor() {
    /** @type {IDBDatabase | null} */
    this.db = null;
    this.opening = new Promise((done) => {
      try {
        const req = indexedDB.open(dbName, 1);
        req.onupgradeneeded = () => req.result.createObjectStore('items', { keyPath: ['phone', 'id'] });
        req.onsuccess = () => done((this.db = req.result));
        req.onerror = () => done(null);
      } catch {
        done(null);
      }
    });
  }

  /** @param {string} phone @returns {Promise<Item[]>} */
  async all(phone) {
    await this.opening;
    if (!this.db) return [];
    const range = IDBKeyRange.bound([phone], [phone, []]);
    const items = await wish(this.db.transaction('items').objectStore('items').getAll(range));
    return items.sort((/** @type {Item} */ a, /** @type {Item} */ b) => a.order - b.order);
  }

  /** @param {Item} item */
  async put(item) {
    await this.opening;
    if (this.db) await wish(this.db.transaction('items', 'readwrite').objectStore('items').put(item));
  }

  /** @param {Item} item */
  async remove(item) {
    await this.opening;
    if (this.db) await wish(this.db.transaction('items', 'readwrite').objectStore('items').delete([item.phone, item.id]));
  }

  /** @param {string} phone */
  async clear(phone) {
    await this.opening;
    if (this.db) await wish(this.db.transaction('items', 'readwrite').objectStore('items').delete(IDBKeyRange.bound([phone], [phone, []])));
  }
}

/** @param {IDBRequest} req @returns {Promise<any>} */
function wish(req) {
  return new Promise((done, fail) => {
    req.onsuccess = () => done(req.result);
    req.onerror = () => fail(req.error);
  });
}
