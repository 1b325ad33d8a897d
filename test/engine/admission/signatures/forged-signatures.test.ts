import { MirrorError } from '../../../../src/engine/mirror-error';
import { CheckedSignatures, FACTS, IDENTITY, ISSUER, KEYLESS, PROVENANCE, WORKFLOW } from '../../../support/checked-signatures';
import { Fault } from '../../../support/fault';
import { artifact, cosignTag, fixtureOf, singleImage } from '../../../support/fixture-images';
import { artifactOf, bundleReferrer, PROVENANCE_PREDICATE, SIGN_PREDICATE } from '../../../support/signed-images';
import { at, keySigner } from '../../../support/signing-services';

const setup = new CheckedSignatures();
const stranger = new CheckedSignatures();
beforeAll(() => Promise.all([setup.start(), stranger.start()]));
afterAll(() => Promise.all([setup.close(), stranger.close()]));
beforeEach(() => setup.reset());

const { image, signer } = setup;
const OTHER = singleImage({ seed: 'other' });

/** A bundle by the release workflow, with changes of its JSON. */
async function changed(change: (bundle: any) => void): Promise<unknown> {
  const bundle = JSON.parse(JSON.stringify(await signer.statementBundle(await setup.releaseSigner(), [image.digest])));
  change(bundle);
  return bundle;
}

function refused(heldBy: string, message: string) {
  return { passed: false, heldBy, message: expect.stringContaining(message) };
}

test('a signature of another digest is refused', async () => {
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [OTHER.digest]));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'it is for another digest'));
});

test('the signature of a child does not admit its index', async () => {
  const child = JSON.parse(image.bytes.toString()).manifests[0].digest;
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [child]));
  setup.push(artifactOf([await signer.simpleSigning(await setup.releaseSigner(), child)]), cosignTag(image.digest));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'it is for another digest'));
});

test('a payload for another digest or repository is refused under the tag .sig', async () => {
  const release = await setup.releaseSigner();
  setup.push(artifactOf([await signer.simpleSigning(release, OTHER.digest)]), cosignTag(image.digest));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'it is for another digest'));
  setup.push(artifactOf([await signer.simpleSigning(release, image.digest, { reference: `${setup.upstream.host}/acme/other` })]), cosignTag(image.digest));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'acme/other'));
  setup.push(artifactOf([await signer.simpleSigning(release, image.digest, { reference: `${setup.upstream.host}/acme/app` })]), cosignTag(image.digest));
  expect(await setup.check()).toMatchObject({ passed: true });
});

test('a payload of another type is refused', async () => {
  setup.push(artifactOf([await signer.simpleSigning(await setup.releaseSigner(), image.digest, { type: 'test passed' })]), cosignTag(image.digest));
  expect(await setup.check()).toEqual(refused('unsigned', 'it states "test passed", which is not a signature'));
});

test.each([
  ['contains the right one', `https://evil.example.com/?${IDENTITY}`],
  ['starts with the right one', `${IDENTITY}.evil`],
  ['has other characters where the right one has dots', IDENTITY.replace('github.com', 'githubxcom')],
])('an identity that %s is refused', async (_, identity) => {
  setup.attach(await signer.statementBundle(await setup.services.keylessSigner(identity, ISSUER), [image.digest]));
  expect(await setup.check()).toEqual(refused('invalid-signature', `it is by ${JSON.stringify(identity)}`));
});

test('a wildcard in an identity does not match a slash', async () => {
  const rule = { ...KEYLESS, identity: 'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*' };
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest]));
  expect(await setup.check(rule)).toMatchObject({ passed: true });
  setup.reset();
  const identity = IDENTITY.replace('acme/app', 'acme/app/evil');
  setup.attach(await signer.statementBundle(await setup.services.keylessSigner(identity, ISSUER), [image.digest]));
  expect(await setup.check(rule)).toEqual(refused('invalid-signature', 'acme/app/evil'));
});

test.each(['https://evil.example.com', `${ISSUER}.evil`, `${ISSUER}/`])('the issuer %s is refused', async (issuer) => {
  setup.attach(await signer.statementBundle(await setup.services.keylessSigner(IDENTITY, issuer), [image.digest]));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'its issuer is'));
});

test('a certificate that expired before the time in the log is refused', async () => {
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest], SIGN_PREDICATE, { time: at(11) }));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'its certificate was valid from'));
});

test('a keyless signature without its log entry is refused, whatever the threshold', async () => {
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest], SIGN_PREDICATE, { logs: [] }));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'it has no log entry and no timestamp'));
  expect(await setup.check({ ...KEYLESS, logs: 0 })).toEqual(refused('invalid-signature', 'it has no log entry and no timestamp'));
});

test('a log entry with another time is refused', async () => {
  setup.attach(await changed(({ verificationMaterial: { tlogEntries: [entry] } }) => {
    entry.integratedTime = String(Number(entry.integratedTime) + 60);
    delete entry.inclusionProof.hashes;
  }));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'its log entry is not valid'));
});

test('the log entry of another signature is refused', async () => {
  const other: any = await signer.statementBundle(await setup.releaseSigner(), [OTHER.digest]);
  setup.attach(await changed(({ verificationMaterial }) => {
    verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
  }));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'its log entry is not valid'));
});

test('a log entry that is there twice counts once', async () => {
  setup.attach(await changed(({ verificationMaterial }) => {
    const [entry] = verificationMaterial.tlogEntries;
    verificationMaterial.tlogEntries = [entry, { ...entry, logId: { keyId: Buffer.alloc(32).toString('base64') }, inclusionPromise: undefined }];
  }));
  expect(await setup.check({ ...KEYLESS, logs: 2 })).toEqual(refused('invalid-signature', 'verified in 1 transparency logs, and the rule requires 2'));
  expect(await setup.check()).toMatchObject({ passed: true });
});

test('a signature with a changed payload is refused', async () => {
  setup.attach(await changed(({ dsseEnvelope }) => {
    const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
    dsseEnvelope.payload = Buffer.from(JSON.stringify({ ...statement, predicate: { changed: true } })).toString('base64');
  }));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'its signature does not match what it signs'));
});

test('a signature of another instance of Sigstore with the right identity is refused, with advice about the trust root', async () => {
  const forged = await stranger.signer.statementBundle(await stranger.releaseSigner(), [image.digest]);
  setup.attach(forged);
  expect(await setup.check()).toEqual(refused('trust-root-outdated', "the trust root doesn't have its transparency log"));
  expect(await setup.check()).toEqual(refused('trust-root-outdated', 'cdk-ecr-mirror trust-root'));
});

test('a certificate of an unknown authority is refused, also in a known log', async () => {
  setup.attach(await signer.statementBundle(await stranger.releaseSigner(), [image.digest]));
  expect(await setup.check()).toEqual(refused('trust-root-outdated', "the trust root doesn't have the authority of its certificate"));
});

test('a certificate of one trust root does not count with the log of another', async () => {
  setup.attach(await signer.statementBundle(await stranger.releaseSigner(), [image.digest]));
  const trustRoot = [setup.services.trustRoot(), stranger.services.trustRoot()];
  expect(await setup.check(KEYLESS, { trustRoot })).toMatchObject({ passed: false, heldBy: 'trust-root-outdated' });
});

test('a certificate that no log has is refused', async () => {
  const release = await setup.services.keylessSigner(IDENTITY, ISSUER, { logged: false });
  setup.attach(await signer.statementBundle(release, [image.digest]));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'no log has its certificate'));
});

test('a signature with a key does not match a keyless rule', async () => {
  setup.attach(await signer.statementBundle(keySigner(), [image.digest]));
  expect(await setup.check()).toEqual(refused('invalid-signature', 'it was made with a key'));
});

test('an Ed25519 key under the tag .sig is refused in words', async () => {
  const key = keySigner('ed25519');
  setup.push(artifactOf([await signer.simpleSigning(key, image.digest)]), cosignTag(image.digest));
  expect(await setup.check({ kind: 'key', pem: key.pem })).toEqual(refused('invalid-signature', 'Ed25519 keys can only verify statements'));
});

test.each([
  ['a private key', keySigner().privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, 'it is a private key'],
  ['a P-521 key', keySigner('P-521').pem, 'ECDSA keys with the curve secp521r1 are not supported'],
  ['a key in the format PKCS #1', '-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----', 'it has the format PKCS #1'],
  ['text', 'not a key', 'it is not a public key in PEM format'],
])('%s as public key is an error', async (_, pem, message) => {
  await expect(setup.check({ kind: 'key', pem })).rejects.toThrow(message);
  await expect(setup.check({ kind: 'key', pem })).rejects.toBeInstanceOf(MirrorError);
});

test('a statement by the right signer that is not a signature is refused', async () => {
  const report = 'https://in-toto.io/attestation/test-result/v0.1';
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest], report));
  expect(await setup.check()).toEqual(refused('unsigned', `it states "${report}", which is not a signature`));
  expect(await setup.check(PROVENANCE)).toEqual(refused('unsigned', 'which is not the provenance of a build'));
  setup.reset();
  setup.push(bundleReferrer({}, image, { 'dev.sigstore.bundle.predicateType': report }));
  expect(await setup.check()).toEqual(refused('unsigned', `it states "${report}", which is not a signature`));
});

test('a reusable workflow that a stranger calls is refused', async () => {
  const facts = { ...FACTS, repository: 'https://github.com/stranger/app' };
  const release = await setup.services.keylessSigner(IDENTITY, ISSUER, { facts });
  setup.attach(await signer.statementBundle(release, [image.digest], PROVENANCE_PREDICATE));
  expect(await setup.check(PROVENANCE)).toEqual(refused('invalid-signature', 'its source repository is "https://github.com/stranger/app"'));
});

test.each([
  ['workflow', `https://github.com/${WORKFLOW.replace('release', 'test')}@refs/tags/v1.0.0`, FACTS, 'its workflow is'],
  ['reference of the workflow', `https://github.com/${WORKFLOW}@refs/heads/main`, FACTS, 'its Git reference of the workflow is'],
  ['reference of the source', IDENTITY, { ...FACTS, ref: 'refs/heads/main' }, 'its Git reference of the source is'],
  ['repository ID', IDENTITY, { ...FACTS, repositoryId: '1235' }, 'its ID of the source repository is "1235"'],
  ['owner ID', IDENTITY, { ...FACTS, ownerId: '1' }, 'its ID of the owner'],
  ['missing repository', IDENTITY, { ref: FACTS.ref }, 'its source repository is missing'],
])('provenance with another %s is refused', async (_, identity, facts, message) => {
  const release = await setup.services.keylessSigner(identity, ISSUER, { facts });
  setup.attach(await signer.statementBundle(release, [image.digest], PROVENANCE_PREDICATE));
  expect(await setup.check({ ...PROVENANCE, repositoryId: '1234', ownerId: '99' })).toEqual(refused('invalid-signature', message));
});

test('a signature that is older than that of the served image is a downgrade', async () => {
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest]));
  const newer = await signer.statementBundle(await setup.releaseSigner(at(60)), [OTHER.digest], SIGN_PREDICATE, { time: at(61) });
  setup.target.push('mirror/app', 'latest', OTHER);
  setup.target.push('mirror/app', undefined, bundleReferrer(newer, OTHER));
  expect(await setup.check(KEYLESS, { served: OTHER.digest })).toEqual(refused('downgrade', 'if this is intended, release the image'));
  setup.attach(await signer.statementBundle(await setup.releaseSigner(at(70)), [image.digest], SIGN_PREDICATE, { time: at(71) }));
  expect(await setup.check(KEYLESS, { served: OTHER.digest })).toMatchObject({ passed: true });
});

test('the signature of the served image is also looked for upstream, and a problem there holds the image', async () => {
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest]));
  expect(await setup.check(KEYLESS, { served: OTHER.digest })).toMatchObject({ passed: true });
  const newer = await signer.statementBundle(await setup.releaseSigner(at(60)), [OTHER.digest], SIGN_PREDICATE, { time: at(61) });
  setup.push(bundleReferrer(newer, OTHER));
  expect(await setup.check(KEYLESS, { served: OTHER.digest })).toMatchObject({ passed: false, heldBy: 'downgrade' });
  setup.upstream.fail({ match: { method: 'GET', path: `/referrers/${OTHER.digest}` }, action: Fault.status(500), times: 20 });
  expect(await setup.check(KEYLESS, { served: OTHER.digest })).toEqual(refused('unreachable', 'cannot read the list of referrers'));
});

test('junk does not hide a signature, and a broken one does not spoil a valid one', async () => {
  for (let index = 0; index < 200; index++) setup.push(artifact({ seed: `junk ${index}`, subject: image }));
  setup.attach({ mediaType: 'x' }, Buffer.from('{'), [], null, await changed((bundle) => delete bundle.verificationMaterial));
  setup.attach(await signer.statementBundle(await stranger.releaseSigner(), [image.digest]));
  setup.attach(await signer.statementBundle(await setup.releaseSigner(), [image.digest]));
  expect(await setup.check()).toMatchObject({ passed: true });
  expect(setup.upstream.requests.length).toBeLessThan(20);
});

test('a limited number of signatures is examined, and the message has the limit', async () => {
  for (let index = 0; index < 200; index++) setup.attach({ index });
  expect(await setup.check()).toEqual(refused('invalid-signature', 'only 64 signatures of limited size are examined'));
  expect(setup.upstream.requests.length).toBeLessThan(140);
});

test('a limited number of layers under the tag .sig is examined, the newest first', async () => {
  const layer = await signer.simpleSigning(await setup.releaseSigner(), image.digest);
  const junk = Array.from({ length: 200 }, (_, index) => ({ ...layer, bytes: Buffer.from(`{"junk":${index}}`) }));
  setup.push(artifactOf([...junk, layer]), cosignTag(image.digest));
  expect(await setup.check()).toMatchObject({ passed: true });
  setup.push(artifactOf([layer, ...junk]), cosignTag(image.digest));
  const before = setup.upstream.requests.length;
  expect(await setup.check()).toEqual(refused('invalid-signature', 'only 64 signatures of limited size are examined'));
  expect(setup.upstream.requests.length - before).toBeLessThan(80);
});

test('a layer with another size than its manifest says is not a signature', async () => {
  const layer = await signer.simpleSigning(await setup.releaseSigner(), image.digest);
  const right = artifactOf([layer]);
  const wrong = fixtureOf(JSON.parse(right.bytes.toString().replace(`"size": ${layer.bytes.length}`, '"size": 1')), [], right.blobs);
  setup.push(wrong, cosignTag(image.digest));
  expect(await setup.check()).toMatchObject({ passed: false });
});

test.each(['/referrers/', `/manifests/${image.digest.replace(':', '-')}`, '/blobs/'])('a registry that fails for %s is not an unsigned image', async (path) => {
  setup.attach(await signer.statementBundle(keySigner(), [OTHER.digest]));
  setup.upstream.fail({ match: { path }, action: Fault.status(500), times: 50 });
  expect(await setup.check()).toEqual(refused('unreachable', 'its signatures cannot be read'));
});

test.each([
  ['{', 'must have 1 to 20 trust roots in JSON format'],
  [[], 'must have 1 to 20 trust roots in JSON format'],
  [{}, 'has a trust root that is not valid (number 1)'],
  [[{ certificateAuthorities: [{ certChain: { certificates: [{ rawBytes: 'AAAA' }] } }] }], 'has a trust root that is not valid (number 1)'],
])('a trust root of %j is an error', async (trustRoot, message) => {
  await expect(setup.check(KEYLESS, { trustRoot })).rejects.toThrow(message);
});
