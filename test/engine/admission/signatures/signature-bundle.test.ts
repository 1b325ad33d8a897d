import type { checkSignature } from '../../../../src/engine/admission/signatures/signature-check';
import sigstoreTrustRoot from '../../../../src/engine/admission/signatures/sigstore-trust-root.json';
import { MirrorError } from '../../../../src/engine/mirror-error';
import { PermitRequiredError } from '../../../../src/engine/registry/read-budget';
import { bundledModule } from '../../../support/bundled-module';
import { CheckedSignatures, KEYLESS } from '../../../support/checked-signatures';
import { Fault } from '../../../support/fault';

const bundled = bundledModule('admission/signatures/signature-check.ts') as { readonly checkSignature: typeof checkSignature };
const setup = new CheckedSignatures({}, bundled.checkSignature);
beforeAll(() => setup.start());
afterAll(() => setup.close());
beforeEach(() => setup.reset());

test('the bundle recognizes errors of the engine, which has its own copy of their class', async () => {
  const hits = setup.upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(500), times: 2 });
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest]));
  expect(await setup.check()).toMatchObject({ passed: true });
  expect(hits()).toBe(2);
  setup.upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(500), times: 50 });
  expect(await setup.check()).toMatchObject({ passed: false, heldBy: 'unreachable' });
});

test('errors of the bundle are errors of the engine', async () => {
  const error: unknown = await setup.check(KEYLESS, { trustRoot: '{' }).catch((reason) => reason);
  expect(error).toBeInstanceOf(MirrorError);
  expect(error).not.toBeInstanceOf(PermitRequiredError);
  expect(new PermitRequiredError('it', Promise.resolve())).toBeInstanceOf(PermitRequiredError);
  for (const other of [new Error('MirrorError'), undefined, null, 'MirrorError', Object.create(null)]) expect(other).not.toBeInstanceOf(MirrorError);
});

test('the embedded trust root is that of the public Sigstore instance', () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const seeds = require('@sigstore/tuf/seeds.json') as Record<string, { readonly targets: Record<string, string> }>;
  const seed = seeds['https://tuf-repo-cdn.sigstore.dev'].targets['trusted_root.json'];
  expect(sigstoreTrustRoot).toEqual(JSON.parse(Buffer.from(seed, 'base64').toString()));
});

test('without a file of trust roots, a signature of another instance of Sigstore does not count', async () => {
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest]));
  expect(await setup.check(KEYLESS, { embedded: true })).toMatchObject({ passed: false, heldBy: 'trust-root-outdated' });
});
