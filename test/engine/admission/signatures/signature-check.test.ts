import { CheckedSignatures, FACTS, IDENTITY, ISSUER, KEYLESS, PROVENANCE } from '../../../support/checked-signatures';
import { cosignTag } from '../../../support/fixture-images';
import { artifactOf, bundleReferrer, PROVENANCE_PREDICATE, referrersList, SIGN_PREDICATE } from '../../../support/signed-images';
import { at, keySigner } from '../../../support/signing-services';

const setup = new CheckedSignatures();
const withoutReferrers = new CheckedSignatures({ referrers: false });
beforeAll(() => Promise.all([setup.start(), withoutReferrers.start()]));
afterAll(() => Promise.all([setup.close(), withoutReferrers.close()]));
beforeEach(() => {
  setup.reset();
  withoutReferrers.reset();
});

test('a keyless signature in a bundle passes, and the note has the identity and the verified time', async () => {
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest]));
  const time = at(1).toISOString().replace(/\.\d+Z/, 'Z');
  expect(await setup.check()).toEqual({ passed: true, note: `signed by ${IDENTITY}, verified for ${time}` });
});

test('a bundle costs three requests, and an image without signatures four', async () => {
  expect(await setup.check()).toMatchObject({ passed: false, heldBy: 'unsigned' });
  expect(setup.upstream.requests).toHaveLength(4);
  setup.reset();
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest]));
  expect(await setup.check()).toMatchObject({ passed: true });
  expect(setup.upstream.requests).toHaveLength(3);
  expect(setup.target.requests).toHaveLength(0);
});

test('a keyless signature of the bytes of the manifest passes', async () => {
  setup.attach(await setup.signer.messageBundle(await setup.releaseSigner(), setup.image));
  expect(await setup.check()).toMatchObject({ passed: true });
});

test('signatures are found in the list under the fallback tag', async () => {
  const bundle = await withoutReferrers.signer.statementBundle(await withoutReferrers.releaseSigner(), [withoutReferrers.image.digest]);
  const { digest } = withoutReferrers.image;
  withoutReferrers.push(referrersList([bundleReferrer(bundle, withoutReferrers.image)]), digest.replace(':', '-'));
  expect(await withoutReferrers.check()).toMatchObject({ passed: true });
});

test('keyless signatures under the tag .sig pass with a log entry, or with a timestamp and a threshold of 0 logs', async () => {
  const signer = await setup.releaseSigner();
  const { digest } = setup.image;
  setup.push(artifactOf([await setup.signer.simpleSigning(signer, digest)]), cosignTag(digest));
  expect(await setup.check()).toMatchObject({ passed: true });
  setup.push(artifactOf([await setup.signer.simpleSigning(signer, digest, { logs: [], timestamp: true })]), cosignTag(digest));
  expect(await setup.check({ ...KEYLESS, logs: 0, timestamps: 1 })).toMatchObject({ passed: true });
  expect(await setup.check()).toMatchObject({ passed: false, heldBy: 'invalid-signature' });
});

test('a statement under the tag .att passes', async () => {
  const layer = await setup.signer.attestation(await setup.releaseSigner(), [setup.image.digest], SIGN_PREDICATE);
  setup.push(artifactOf([layer]), cosignTag(setup.image.digest, 'att'));
  expect(await setup.check()).toMatchObject({ passed: true });
});

test.each(['P-256', 'P-384', 'rsa', 'ed25519'] as const)('a signature with a key of the kind %s passes in a bundle', async (kind) => {
  const signer = keySigner(kind);
  setup.attach(await setup.signer.statementBundle(signer, [setup.image.digest]));
  expect(await setup.check({ kind: 'key', pem: signer.pem })).toMatchObject({ passed: true, note: expect.stringMatching(/^signed by the public key [0-9a-f]{12}$/) });
  expect(await setup.check({ kind: 'key', pem: keySigner(kind).pem })).toMatchObject({ passed: false, heldBy: 'invalid-signature' });
});

test.each([['P-256', 'sha256'], ['P-384', 'sha256'], ['P-384', 'sha384'], ['rsa', 'sha256'], ['rsa', 'sha512']] as const)(
  'a signature with a key of the kind %s and %s passes under the tag .sig', async (kind, hash) => {
    const signer = keySigner(kind);
    setup.push(artifactOf([await setup.signer.simpleSigning(signer, setup.image.digest, { hash })]), cosignTag(setup.image.digest));
    expect(await setup.check([{ kind: 'key', pem: keySigner().pem }, { kind: 'key', pem: signer.pem }])).toMatchObject({ passed: true });
  },
);

test('a log entry of an unknown log does not invalidate a signature with a key', async () => {
  const signer = keySigner();
  setup.attach(await setup.signer.statementBundle(signer, [setup.image.digest], SIGN_PREDICATE, { logs: [1] }));
  const rule = { kind: 'key', pem: signer.pem } as const;
  expect(await setup.check(rule, { trustRoot: setup.services.trustRoot({ logs: 1 }) })).toMatchObject({ passed: true });
  expect(await setup.check({ ...rule, logs: 1 }, { trustRoot: setup.services.trustRoot({ logs: 1 }) })).toMatchObject({ passed: false });
  expect(await setup.check({ ...rule, logs: 1 })).toMatchObject({ passed: true });
});

test('provenance passes with the source repository, its IDs, and the workflow', async () => {
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest], PROVENANCE_PREDICATE));
  expect(await setup.check({ ...PROVENANCE, repositoryId: '1234', ownerId: '99' })).toMatchObject({ passed: true });
});

test('provenance of a reusable workflow passes for the source repository, with a reference for the workflow', async () => {
  const identity = 'https://github.com/acme/workflows/.github/workflows/build.yml@refs/heads/main';
  const signer = await setup.services.keylessSigner(identity, ISSUER, { facts: FACTS });
  setup.attach(await setup.signer.statementBundle(signer, [setup.image.digest], PROVENANCE_PREDICATE));
  const workflow = 'acme/workflows/.github/workflows/build.yml';
  expect(await setup.check({ ...PROVENANCE, workflow: `${workflow}@refs/heads/main` })).toMatchObject({ passed: true });
  expect(await setup.check({ ...PROVENANCE, workflow })).toMatchObject({ passed: false });
});

test('the reference of a reusable workflow can have an "@"', async () => {
  const workflow = 'acme/workflows/.github/workflows/build.yml@refs/tags/build@1.0.0';
  const signer = await setup.services.keylessSigner(`https://github.com/${workflow}`, ISSUER, { facts: FACTS });
  setup.attach(await setup.signer.statementBundle(signer, [setup.image.digest], PROVENANCE_PREDICATE));
  expect(await setup.check({ ...PROVENANCE, workflow })).toMatchObject({ passed: true });
  expect(await setup.check({ ...PROVENANCE, workflow: workflow.replace('1.0.0', '1.0.1') })).toMatchObject({ passed: false });
});

test('two different logs meet a threshold of 2', async () => {
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest], SIGN_PREDICATE, { logs: [0, 1] }));
  expect(await setup.check({ ...KEYLESS, logs: 2 })).toMatchObject({ passed: true });
  expect(await setup.check({ ...KEYLESS, logs: 3 })).toMatchObject({ passed: false, message: expect.stringContaining('verified in 2 transparency logs') });
});

test('several trust roots are tried, in a list or in lines', async () => {
  setup.attach(await setup.signer.statementBundle(await setup.releaseSigner(), [setup.image.digest]));
  const other = setup.services.trustRoot({ ca: false, logs: 0 });
  expect(await setup.check(KEYLESS, { trustRoot: [other, setup.services.trustRoot()] })).toMatchObject({ passed: true });
  const lines = `${JSON.stringify(other)}\n${JSON.stringify(setup.services.trustRoot())}\n`;
  expect(await setup.check(KEYLESS, { trustRoot: lines })).toMatchObject({ passed: true });
});

test('a trust root without logs of certificates accepts certificates that are in none', async () => {
  const signer = await setup.services.keylessSigner(IDENTITY, ISSUER, { logged: false });
  setup.attach(await setup.signer.statementBundle(signer, [setup.image.digest], SIGN_PREDICATE, { logs: [], timestamp: true }));
  const trustRoot = setup.services.trustRoot({ ctLog: false, logs: 0 });
  expect(await setup.check({ ...KEYLESS, logs: 0, timestamps: 1 }, { trustRoot })).toMatchObject({ passed: true });
});
