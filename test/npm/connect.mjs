// A client of OpenRBM made by Google's own Node libraries, unmodified, from the
// discovery document of the server.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const here = createRequire(import.meta.url);

// connect makes the client of a service with a key file. library is
// googleapis-common (of today) or googleapis-common-7 (that of the official RBM
// samples). tokenPaths are the paths at which it asks for tokens.
export async function connect(library, baseUrl, keyFile, service, scope) {
  const { Discovery } = here(library);
  // The auth library in the version that the library itself uses.
  const { JWT } = createRequire(here.resolve(library))('google-auth-library');
  const auth = new JWT({ scopes: [scope] });
  auth.fromJSON(JSON.parse(readFileSync(keyFile, 'utf8')));
  const tokenPaths = redirect(auth.gaxios ?? auth.transporter, baseUrl);
  const makeClient = await new Discovery().discoverAPI(`${baseUrl}/$discovery/rest?version=v1&service=${service}`);
  return { client: makeClient({ auth }), tokenPaths };
}

// google-auth-library ignores token_uri of a service account's key file: the
// token endpoint is a constant in it (https://www.googleapis.com/oauth2/v4/token
// in its gtoken, https://oauth2.googleapis.com/token in later versions). What it
// offers is its transport: an interceptor, gaxios' own way to change requests,
// sends to our server what is for Google's hosts. The path stays as it is, and
// so does the audience of the assertion.
function redirect(gaxios, baseUrl) {
  const paths = [];
  gaxios.interceptors.request.add({
    resolved: async config => {
      const url = new URL(config.url);
      if (url.hostname.endsWith('.googleapis.com')) {
        paths.push(url.pathname);
        const ours = new URL(url.pathname + url.search, baseUrl);
        config.url = config.url instanceof URL ? ours : ours.href;
      }
      return config;
    },
  });
  return paths;
}

// failure is how a call that must fail reaches the agent's code.
export async function failure(call) {
  try {
    await call();
  } catch (err) {
    return { code: err.code, status: err.status ?? err.response?.status, message: err.message };
  }
  throw new Error('the call should have failed');
}

// answer is what the tests look at in an answer.
export function answer(res, more = {}) {
  const encoding = res.headers.get ? res.headers.get('content-encoding') : res.headers['content-encoding'];
  return { ...more, status: res.status, data: res.data, encoding: encoding ?? '' };
}
