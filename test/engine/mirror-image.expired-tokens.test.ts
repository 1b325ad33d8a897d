/** Tokens that expire in the middle of a copy, at every kind of request on both sides; Amazon ECR's way of telling so has its own tests. */
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { BearerRegistry } from '../support/bearer-registry';
import { Fault } from '../support/fault';
import { FaultTally } from '../support/fault-tally';
import { QUICK_RETRY } from '../support/mirroring';
import { RegistryPair } from '../support/registry-pair';
import { POINTS, RequestPoint, tableOf } from '../support/request-points';

const USER = { username: 'someone', password: 'secret-password' };
const ALWAYS = 1000;

const tally = new FaultTally();
const credentials: CredentialSource = { credentialFor: async () => USER };
let registries: { upstream: BearerRegistry; target: BearerRegistry };
let pair: RegistryPair;

beforeEach(async () => {
  registries = { upstream: new BearerRegistry({ users: [USER] }), target: new BearerRegistry({ users: [USER] }) };
  pair = await new RegistryPair(registries.upstream, registries.target).start();
});

afterEach(async () => {
  expect(pair.errors).toEqual([]);
  await pair.close();
});

afterAll(() => tally.print());

/** The look at the tag is the first request of all: it comes without a token, and then with one that is new. */
const WITH_TOKEN = POINTS.filter(({ name }) => !['HEAD of the tag', 'GET of the tag'].includes(name));

/** Makes all tokens of a side expire when such a request arrives, which then meets the refusal. */
function expireAt({ side, match }: RequestPoint): () => number {
  return registries[side].fail({ match, action: Fault.pass(), onHit: () => registries[side].expireTokens() });
}

test.each(tableOf(WITH_TOKEN))('a token that expires is renewed once at the %s: %s', async (side, _name, point) => {
  const hits = expireAt(point);
  const result = await pair.run({ credentials });
  expect([hits(), registries[side].tokenRequests]).toEqual([1, 2]);
  tally.isCompleted(pair, result, hits());
});

/** A doubtful answer to these requests is no failure: another request finds out. */
const DOUBTFUL = POINTS.filter(({ name, side }) => name === 'HEAD of a blob' || (name === 'HEAD of the tag' && side === 'upstream'));

test.each(tableOf(POINTS.filter((point) => !DOUBTFUL.includes(point))))('tokens that are refused for good end the run as unauthorized at the %s: %s', async (side, _name, { match }) => {
  const challenge = { 'www-authenticate': `Bearer realm="${registries[side].url}/token",service="registry.local",error="invalid_token"` };
  const hits = registries[side].fail({ match, action: Fault.status(401, challenge), times: ALWAYS });
  const result = await pair.run({ credentials, retry: { ...QUICK_RETRY, attempts: 2 } });
  expect(JSON.stringify(result)).not.toContain(USER.password);
  tally.isFailed(pair, result, hits(), ['unauthorized']);
});

test('tokens that expire at every kind of request in turn are renewed each time', async () => {
  const hits = WITH_TOKEN.map(expireAt);
  const result = await pair.run({ credentials });
  tally.isCompleted(pair, result, hits.reduce((sum, hit) => sum + hit(), 0));
});
