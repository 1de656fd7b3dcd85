// How Android and iOS draw: every number and habit in one table. 1 DP is 1 CSS px.
// Where sources disagree the newer one counts; `legacy` has the older numbers.

/**
 * @typedef {object} Look
 * @property {string} id
 * @property {string} name
 * @property {'android' | 'ios'} family
 * @property {Record<string, number>} media heights of the media of cards; 0: a ratio of 3:2
 * @property {Record<string, number>} width of carousel cards
 * @property {Record<string, number>} tallest carousel cards
 * @property {number} strip width of the media of horizontal cards
 * @property {'square' | 'circle'} logo
 * @property {'check' | 'shield'} badge
 * @property {'row' | 'list'} chips
 * @property {'inline' | 'menu'} cardButtons
 * @property {boolean} hero
 * @property {boolean} everyContact
 * @property {boolean} webview
 * @property {boolean} animatesGIF in cards
 * @property {boolean} linksAnywhere
 * @property {boolean} unsubscribe the pill and its menu
 * @property {number} lines of title and description before they are cut
 * @property {string} field what stands in the empty text field
 */

const heights = { SHORT: 112, MEDIUM: 168, TALL: 264 };

/** @type {Record<string, Look>} */
export const looks = {
  android: {
    id: 'android', name: 'Android', family: 'android', media: heights, width: { SMALL: 180, MEDIUM: 296 }, tallest: { SMALL: 542, MEDIUM: 592 }, strip: 128,
    logo: 'square', badge: 'check', chips: 'row', cardButtons: 'inline', hero: true, everyContact: true, webview: true, animatesGIF: true, linksAnywhere: true,
    unsubscribe: true, lines: 6, field: 'RCS message',
  },
  legacy: {
    id: 'legacy', name: 'Android 2025', family: 'android', media: heights, width: { SMALL: 120, MEDIUM: 232 }, tallest: { SMALL: 344, MEDIUM: 344 }, strip: 128,
    logo: 'circle', badge: 'shield', chips: 'row', cardButtons: 'inline', hero: true, everyContact: true, webview: true, animatesGIF: true, linksAnywhere: true,
    unsubscribe: true, lines: 6, field: 'RCS message',
  },
  ios: {
    id: 'ios', name: 'iOS', family: 'ios', media: { SHORT: 0, MEDIUM: 0, TALL: 0 }, width: { SMALL: 200, MEDIUM: 260 }, tallest: { SMALL: 542, MEDIUM: 592 }, strip: 128,
    logo: 'circle', badge: 'check', chips: 'list', cardButtons: 'menu', hero: false, everyContact: false, webview: false, animatesGIF: false, linksAnywhere: false,
    unsubscribe: false, lines: 3, field: 'Text Message • RCS',
  },
};

/** Where the unsubscribe pill is shown, by calling code. */
const pillCountries = ['+1', '+33', '+34', '+44', '+49', '+52', '+55', '+91'];
/** @param {string} number */
export const hasPill = (number) => pillCountries.some((code) => number.startsWith(code));

/** The user's keyword, as the platform sends it. @param {string} number */
export function keywords(number) {
  if (number.startsWith('+33')) return { stop: 'STOP', start: 'Démarrer' };
  if (number.startsWith('+34') || number.startsWith('+52')) return { stop: 'BAJA', start: 'ALTA' };
  if (number.startsWith('+55')) return { stop: 'parar', start: 'começar' };
  return { stop: 'STOP', start: 'START' };
}
