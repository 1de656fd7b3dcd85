// What is in the composer; the log puts messages there to be edited.
import { Live } from '../dom.js';

/** @type {Live<{json: string, agent: string, phone: string}>} */
export const draft = new Live({ json: '', agent: '', phone: '' });
