/** Images of one run that share base layers, mirrored to an Amazon ECR with and without the account setting `BLOB_MOUNTING`. */
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { mirrorAll } from '../../src/engine/mirror-all';
import { planRequest } from '../../src/engine/mirror-plan';
import type { MirrorResult } from '../../src/engine/result';
import { Fault } from '../support/fault';
import { blobOf, seededBytes } from '../support/fixture-blob';
import { singleImage } from '../support/fixture-images';
import { LocalEcr } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';
import { requestOf, withTools } from '../support/mirror-request';
import { withServers } from '../support/with-servers';

const COUNT = 14;
const BASE = [blobOf(seededBytes('base 1', 300_000)), blobOf(seededBytes('base 2', 200_000))];
const IMAGES = Array.from({ length: COUNT }, (_, index) => singleImage({ seed: `app ${index}`, layers: 2, baseLayers: BASE }));
const REPOSITORIES = IMAGES.map((_, index) => `mirror/app${index}`);
const MOUNT = ({ method, query }: { method: string; query: string }) => method === 'POST' && query.includes('mount=');

const upstream = new LocalRegistry();
const [mounting, plain] = [true, false].map((setting) => new LocalEcr(REPOSITORIES, { mounting: setting }));
withServers(upstream, mounting, plain);

beforeEach(() => {
  IMAGES.forEach((image, index) => upstream.push(`app${index}`, '1.0.0', image));
  for (const ecr of [mounting, plain]) for (const name of REPOSITORIES) ecr.repository(name);
});

async function run(ecr: LocalEcr): Promise<MirrorResult[]> {
  const credentials: CredentialSource = {
    credentialFor: async (registry) => {
      if (registry !== ecr.host) return undefined;
      const [username, password] = Buffer.from(ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
      return { username, password };
    },
  };
  const requests = REPOSITORIES.map((name, index) => requestOf(`${upstream.host}/app${index}:1.0.0`, `${ecr.host}/${name}:1.0.0`, { referrers: false }));
  return withTools((tools) => mirrorAll(requests.map(planRequest), tools, { onResult: (result) => result }), { credentials });
}

function expectCopied(ecr: LocalEcr, results: readonly MirrorResult[]): void {
  expect(results.map(({ outcome, targetDigest }) => [outcome, targetDigest])).toEqual(IMAGES.map(({ digest }) => ['copied', digest]));
  IMAGES.forEach((image, index) => expect(ecr.holds(REPOSITORIES[index], image)).toBe(true));
}

const readsOf = (digest: string) => upstream.count({ method: 'GET', path: digest });

test('a shared blob is read and uploaded once, and mounted for the other images', async () => {
  expectCopied(mounting, await run(mounting));
  expect(BASE.map(({ digest }) => readsOf(digest))).toEqual([1, 1]);
  expect(mounting.requestsTo(MOUNT)).toHaveLength(BASE.length * (COUNT - 1));
  expect(mounting.requestsTo(MOUNT).every(({ status }) => status === 201)).toBe(true);
});

test('without the account setting, each image uploads its blobs, and the run stops asking for mounts', async () => {
  expectCopied(plain, await run(plain));
  const mounts = plain.requestsTo(MOUNT);
  expect(mounts.length).toBeGreaterThan(0);
  expect(mounts.length).toBeLessThan(BASE.length * (COUNT - 1));
  expect(mounts.every(({ status }) => status === 202)).toBe(true);
});

test('a mount that ECR refuses is an upload', async () => {
  const hits = mounting.fail({ match: MOUNT, action: Fault.status(403, {}, '{"errors":[{"code":"DENIED","message":"denied"}]}'), times: 100 });
  expectCopied(mounting, await run(mounting));
  expect(hits()).toBeGreaterThan(0);
});

test('the images that wait copy the blob themselves when its first image fails', async () => {
  upstream.fail({ match: { method: 'GET', path: IMAGES[0].digest }, action: Fault.status(404), times: 100 });
  upstream.fail({ match: ({ method, path }) => method === 'GET' && IMAGES[0].blobs.slice(-2).some(({ digest }) => path.includes(digest)), action: Fault.status(404), times: 100 });
  const results = await run(mounting);
  expect(results.map(({ outcome }) => outcome)).toEqual(['failed', ...Array.from({ length: COUNT - 1 }, () => 'copied')]);
});
