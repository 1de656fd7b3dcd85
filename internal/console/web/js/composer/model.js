// The message that is written, as plain JSON, reached by paths such as
// contentMessage.suggestions[0].reply.text.

/** @param {string} path */
const steps = (path) => path.split(/[.[\]]+/).filter(Boolean).map((p) => (/^\d+$/.test(p) ? Number(p) : p));

/** @param {any} model @param {string} path */
export function at(model, path) {
  return steps(path).reduce((v, step) => v?.[step], model);
}

/** Sets what is at path; undefined and '' take it away. @param {any} model @param {string} path @param {any} value */
export function put(model, path, value) {
  const all = steps(path);
  const last = /** @type {string | number} */ (all.pop());
  let v = model;
  all.forEach((step, i) => (v = v[step] ??= typeof (all[i + 1] ?? last) === 'number' ? [] : {}));
  if (value === undefined || value === '') {
    if (Array.isArray(v)) v.splice(Number(last), 1);
    else delete v[last];
  } else v[last] = value;
}

/** A path as the server's errors spell it. @param {string} path */
export const snake = (path) => 'agent_message.' + path.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase());

/** @typedef {'text' | 'card' | 'carousel' | 'file'} Species */

/** @param {any} model @returns {Species} */
export function speciesOf(model) {
  const c = model.contentMessage ?? {};
  if (c.richCard?.carouselCard) return 'carousel';
  if (c.richCard) return 'card';
  if (c.contentInfo || c.uploadedRbmFile || c.fileName) return 'file';
  return 'text';
}

/** Makes the message one of another species, and keeps what it can. @param {any} model @param {Species} species */
export function become(model, species) {
  const c = (model.contentMessage ??= {});
  const old = c.richCard?.standaloneCard?.cardContent ?? c.richCard?.carouselCard?.cardContents?.[0];
  const words = c.text ?? old?.description ?? old?.title ?? '';
  for (const k of ['text', 'richCard', 'contentInfo', 'uploadedRbmFile', 'fileName']) delete c[k];
  const card = old ?? { title: 'A title', ...(words && { description: words }) };
  if (species === 'text') c.text = words || 'Hello';
  if (species === 'file') c.contentInfo = { fileUrl: 'https://' };
  if (species === 'card') c.richCard = { standaloneCard: { cardOrientation: 'VERTICAL', cardContent: card } };
  if (species === 'carousel') c.richCard = { carouselCard: { cardWidth: 'MEDIUM', cardContents: [card, { title: 'Another card' }] } };
}

const inAWeek = (/** @type {number} */ hours) => new Date(Math.ceil(Date.now() / 864e5 + 7) * 864e5 + hours * 36e5).toISOString().replace('.000', '');

/** What a new suggestion of a kind is. @type {Record<string, {name: string, make: () => any}>} */
export const suggestionKinds = {
  reply: { name: 'Reply', make: () => ({ reply: { text: 'Yes, please', postbackData: 'yes' } }) },
  dialAction: { name: 'Dial', make: () => ({ action: { text: 'Call us', postbackData: 'call', dialAction: { phoneNumber: '+12223334444' } } }) },
  openUrlAction: { name: 'Open URL', make: () => ({ action: { text: 'Read more', postbackData: 'more', openUrlAction: { url: 'https://example.com' } } }) },
  webview: { name: 'Web view', make: () => ({ action: { text: 'Open', postbackData: 'open', openUrlAction: { url: 'https://example.com', application: 'WEBVIEW', webviewViewMode: 'TALL', description: 'A page' } } }) },
  viewLocationAction: { name: 'View location', make: () => ({ action: { text: 'Show on map', postbackData: 'map', viewLocationAction: { latLong: { latitude: 37.4220188, longitude: -122.0844786 }, label: 'Here' } } }) },
  shareLocationAction: { name: 'Share location', make: () => ({ action: { text: 'Where I am', postbackData: 'where', shareLocationAction: {} } }) },
  createCalendarEventAction: { name: 'Calendar', make: () => ({ action: { text: 'Save the date', postbackData: 'date', createCalendarEventAction: { startTime: inAWeek(10), endTime: inAWeek(11), title: 'Appointment', description: '' } } }) },
};

/** @param {any} suggestion */
export function suggestionKind(suggestion) {
  if (suggestion.reply) return 'reply';
  const kind = Object.keys(suggestionKinds).find((k) => suggestion.action?.[k]);
  return kind === 'openUrlAction' && suggestion.action.openUrlAction.application === 'WEBVIEW' ? 'webview' : (kind ?? 'reply');
}

/** Messages to begin with. @type {Record<string, () => any>} */
export const templates = {
  'A card': () => ({ contentMessage: { richCard: { standaloneCard: { cardOrientation: 'VERTICAL', cardContent: {
    title: 'Your appointment', description: 'Tuesday at ten, with Kim. The coffee is on us.', suggestions: [suggestionKinds.createCalendarEventAction.make(), suggestionKinds.viewLocationAction.make()],
  } } }, suggestions: [{ reply: { text: 'I will be there', postbackData: 'yes' } }, { reply: { text: 'Another day', postbackData: 'no' } }] } }),
  'A carousel': () => ({ contentMessage: { richCard: { carouselCard: { cardWidth: 'MEDIUM', cardContents: ['Oak', 'Maple', 'Birch'].map((tree) => ({
    title: tree, description: `One ${tree.toLowerCase()}, planted in your name.`, suggestions: [{ reply: { text: 'Plant this one', postbackData: tree.toLowerCase() } }],
  })) } } } }),
  'A question': () => ({ contentMessage: { text: 'Your parcel arrives today between 14:00 and 16:00. Is that fine?', suggestions: [{ reply: { text: 'Yes', postbackData: 'yes' } }, { reply: { text: 'Leave it next door', postbackData: 'neighbour' } }, suggestionKinds.dialAction.make()] }, messageTrafficType: 'TRANSACTION' }),
  'A code': () => ({ contentMessage: { text: '481 516 is your code. It is good for ten minutes.' }, messageTrafficType: 'AUTHENTICATION', ttl: '600s' }),
};
