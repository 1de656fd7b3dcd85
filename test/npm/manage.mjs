// A partner's program written with Google's own Node libraries, unmodified: the
// management API through the client of its discovery document.
//
// Use: node manage.mjs LIBRARY (see connect.mjs). It prints one line of JSON.
import { answer, connect, failure } from './connect.mjs';

const { BASE_URL, KEY_FILE } = process.env;
const { client: bc } = await connect(
  process.argv[2], BASE_URL, KEY_FILE, 'businesscommunications', 'https://www.googleapis.com/auth/businesscommunications');
const results = {};

const brand = await bc.brands.create({ requestBody: { displayName: 'Growing Tree Bank' } });
results.brand = answer(brand);
results.renamed = answer(await bc.brands.patch({ name: brand.data.name, updateMask: 'displayName', requestBody: { displayName: 'Tree Bank' } }));

const agent = await bc.brands.agents.create({
  parent: brand.data.name,
  requestBody: {
    displayName: 'Tree Bank',
    rcsBusinessMessagingAgent: {
      description: 'A bank', logoUri: 'https://example.com/l.png', heroUri: 'https://example.com/h.png', color: '#112233',
      hostingRegion: 'EUROPE', agentUseCase: 'MULTI_USE',
      privacy: { uri: 'https://example.com/p', label: 'Privacy' }, termsConditions: { uri: 'https://example.com/t', label: 'Terms' },
      phoneNumbers: [{ phoneNumber: { number: '+12223334444' }, label: 'Call' }],
      billingConfig: { billingCategory: 'BASIC_MESSAGE' },
    },
  },
});
results.agent = answer(agent);
const name = agent.data.name;
results.got = answer(await bc.brands.agents.get({ name, fields: 'displayName,rcsBusinessMessagingAgent/hostingRegion' }));
results.listed = answer(await bc.brands.agents.list({ parent: 'brands/-', pageSize: 100 }));
results.verification = answer(await bc.brands.agents.getVerification({ name: `${name}/verification` }));
results.launch = answer(await bc.brands.agents.getLaunch({ name: `${name}/launch` }));
results.regions = answer(await bc.regions.list());
results.missing = await failure(() => bc.brands.get({ name: 'brands/none' }));
results.deleted = answer(await bc.brands.delete({ name: brand.data.name, force: true }));

console.log(JSON.stringify(results));
