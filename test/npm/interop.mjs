// An agent written with Google's own Node libraries, unmodified. It is started by
// npm_test.go, which also holds the phone.
//
// Use: node interop.mjs LIBRARY (see connect.mjs). It prints one line of JSON:
// what each call answered.
import { Readable } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { answer, connect, failure } from './connect.mjs';

const { BASE_URL, KEY_FILE, AGENT, PHONE, OFFLINE_PHONE } = process.env;
const { client: rbm, tokenPaths } = await connect(
  process.argv[2], BASE_URL, KEY_FILE, 'rcsbusinessmessaging', 'https://www.googleapis.com/auth/rcsbusinessmessaging');
const parent = `phones/${PHONE}`;
const results = { tokenPaths };

// send sends a message and keeps what was answered.
async function send(what, requestBody, more = {}) {
  const messageId = randomUUID();
  const res = await rbm.phones.agentMessages.create({ parent, messageId, agentId: AGENT, requestBody, ...more });
  results[what] = answer(res, { messageId });
  return res;
}

await send('text', {
  contentMessage: { text: 'Parcel ready', suggestions: [{ reply: { text: 'OK', postbackData: 'ok' } }] },
  ttl: '600s',
  messageTrafficType: 'TRANSACTION',
});

await send('richCard', {
  contentMessage: {
    richCard: {
      standaloneCard: {
        cardOrientation: 'VERTICAL',
        cardContent: {
          title: 'Parcel ready',
          description: 'It is at the counter.',
          suggestions: [{ action: { text: 'Route', postbackData: 'route', openUrlAction: { url: 'https://example.com/route' } } }],
        },
      },
    },
  },
});

await send('masked', { contentMessage: { text: 'Only its name comes back' } }, { fields: 'name' });

const typing = await rbm.phones.agentEvents.create({ parent, eventId: randomUUID(), agentId: AGENT, requestBody: { eventType: 'IS_TYPING' } });
results.typing = answer(typing);

const capabilities = await rbm.phones.getCapabilities({ name: parent, requestId: randomUUID(), agentId: AGENT });
results.capabilities = answer(capabilities);

results.unreachable = await failure(() =>
  rbm.phones.getCapabilities({ name: 'phones/+15550009999', requestId: randomUUID(), agentId: AGENT }));
results.invalid = await failure(() =>
  rbm.phones.agentMessages.create({ parent, messageId: randomUUID(), agentId: AGENT, requestBody: { contentMessage: { bogus: 1 } } }));
results.badFields = await failure(() =>
  rbm.phones.getCapabilities({ name: parent, agentId: AGENT, fields: 'bogus' }));

const reachable = await rbm.users.batchGet({ agentId: AGENT, requestBody: { users: [PHONE, '+15550009999'] } });
results.batchGet = answer(reachable);

// Bytes with metadata go as multipart/related, bytes alone as they are.
const image = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const multipart = await rbm.files.create({ requestBody: { agentId: AGENT }, media: { mimeType: 'image/png', body: Readable.from(image) } });
results.multipart = answer(multipart);
const simple = await rbm.files.create({ agentId: AGENT, media: { mimeType: 'image/png', body: Readable.from(image) } });
results.simple = answer(simple);
await send('file', { contentMessage: { uploadedRbmFile: { fileName: multipart.data.name } } });

// A message to a phone that is not connected waits, and can be revoked.
const messageId = randomUUID();
await rbm.phones.agentMessages.create({
  parent: `phones/${OFFLINE_PHONE}`, messageId, agentId: AGENT, requestBody: { contentMessage: { text: 'Never seen' } },
});
const name = `phones/${OFFLINE_PHONE}/agentMessages/${messageId}`;
const revoked = await rbm.phones.agentMessages.delete({ name, agentId: AGENT });
results.revoked = answer(revoked, { messageId });
results.revokedTwice = await failure(() => rbm.phones.agentMessages.delete({ name, agentId: AGENT }));

console.log(JSON.stringify(results));
