/** The checks of new images that entries of a catalog add to those of the mirror. */
import { planCatalogImages } from '../../../src/engine/catalog/catalog-plan';
import type { MirrorRequest } from '../../../src/engine/mirror-request';
import type { AdmissionPolicy } from '../../../src/image/admission/admission-policy';
import { documentOf, FIXED, FLOATING, mirrorParameter, nameOf, openCatalogAccount, publish } from '../../support/catalog-account';

const PROJECT = { MIRROR_REGISTRY: 'registry.example.com', MIRROR_REPOSITORY_PREFIX: 'mirror' };
const GATED = { ...PROJECT, MIRROR_QUARANTINE: 'mirror-held', MIRROR_DECISIONS: 'mirror-decisions' };
const AGE: AdmissionPolicy = { minimumAge: { hours: 48, maximumGapHours: 37 } };
const SIGNATURES: AdmissionPolicy = { signatures: [{ anyOf: [{ kind: 'keyless', issuer: 'https://accounts.google.com', identity: 'release@example.com' }] }] };

/** The request for the image of an entry, or the message of its failure. */
function requestOf(entry: string, environment: Record<string, string>, checksWarning?: string): MirrorRequest | string {
  const catalog = { name: 'list', text: `images: [${entry}]`, shard: { number: 1, of: 1 }, today: '2030-01-01', checksWarning };
  const [planned] = planCatalogImages(catalog, environment);
  if ('result' in planned) return planned.result.message!;
  const { configuration: { image, requestFor } } = planned;
  return requestFor({ ...image, tag: image.tag ?? '1.2.0' });
}

function checksOf(entry: string, environment: Record<string, string>): AdmissionPolicy | undefined {
  return (requestOf(entry, environment) as MirrorRequest).admission;
}

const withChecks = (checks: string) => `{ image: "nginx:stable", admission: { ${checks} } }`;

describe('an entry without checks', () => {
  test.each<[string, Record<string, string>, AdmissionPolicy | undefined]>([
    ['has those of the catalog', { MIRROR_ADMISSION: JSON.stringify(AGE), ADMISSION: JSON.stringify(SIGNATURES) }, SIGNATURES],
    ['has those of the mirror', { MIRROR_ADMISSION: JSON.stringify(AGE) }, AGE],
    ['has none if the catalog has none', { MIRROR_ADMISSION: JSON.stringify(AGE), ADMISSION: '{}' }, {}],
    ['has none if the mirror has none', {}, undefined],
  ])('%s', (_, variables, checks) => {
    expect(checksOf('"nginx:stable"', { ...GATED, ...variables })).toEqual(checks);
  });
});

describe('an entry with checks', () => {
  test('adds them to those of the catalog', () => {
    const environment = { ...GATED, ADMISSION: JSON.stringify({ ...SIGNATURES, scan: { maximumSeverity: 'HIGH', exceptions: [{ id: 'CVE-2024-1', expires: '2030-01-01' }] } }) };
    expect(checksOf(withChecks('minimumAge: 3, maximumSeverity: CRITICAL'), environment)).toEqual({
      ...SIGNATURES, minimumAge: { hours: 72, maximumGapHours: 192 }, scan: { maximumSeverity: 'HIGH' },
    });
  });

  test('needs each signature of the catalog and its own', () => {
    const provenance = '{ githubProvenance: { repository: owner/name, workflow: release.yml } }';
    const keyless = '{ keyless: { identity: "*@example.org", issuer: "https://accounts.google.com", timestamps: 1 } }';
    expect(checksOf(withChecks(`signatures: [${provenance}, ${keyless}]`), { ...GATED, ADMISSION: JSON.stringify(SIGNATURES) })?.signatures).toEqual([
      ...SIGNATURES.signatures!,
      {
        anyOf: [
          {
            kind: 'provenance',
            issuer: 'https://token.actions.githubusercontent.com',
            ref: 'refs/tags/*',
            repository: 'owner/name',
            workflow: 'owner/name/.github/workflows/release.yml',
          },
          { kind: 'keyless', issuer: 'https://accounts.google.com', identity: '*@example.org', timestamps: 1 },
        ],
      },
    ]);
  });

  test.each([
    ['minimumAge: 1', { hours: 48, maximumGapHours: 37 }],
    ['minimumAge: 3', { hours: 72, maximumGapHours: 37 }],
    ['maximumSeverity: LOW', { hours: 48, maximumGapHours: 37 }],
  ])('cannot shorten the age of the mirror, nor lengthen its gap: %s', (checks, minimumAge) => {
    expect(checksOf(withChecks(checks), { ...GATED, MIRROR_ADMISSION: JSON.stringify(AGE) })?.minimumAge).toEqual(minimumAge);
  });

  test('enforces its own checks, although the mirror only audits', () => {
    const audited = JSON.stringify({ minimumAge: { mode: 'AUDIT', hours: 24, maximumGapHours: 37 }, scan: { mode: 'AUDIT', maximumSeverity: 'LOW' } });
    expect(checksOf(withChecks('minimumAge: 2'), { ...GATED, MIRROR_ADMISSION: audited })).toEqual({
      minimumAge: { hours: 48, maximumGapHours: 37 }, scan: { mode: 'AUDIT', maximumSeverity: 'LOW' },
    });
    expect(checksOf(withChecks('mode: ENFORCE'), { ...GATED, MIRROR_ADMISSION: audited })).toEqual({
      minimumAge: { hours: 24, maximumGapHours: 37 }, scan: { maximumSeverity: 'LOW' },
    });
  });

  test.each([[PROJECT], [{ ...PROJECT, ADMISSION: '{}' }]])('fails without a quarantine, and names the remedy', (environment) => {
    expect(requestOf(withChecks('minimumAge: 3'), environment)).toBe('list, line 1: its admission needs the quarantine repository of the mirror, '
      + 'and this mirror has none; set admission on the catalog in the app, also without checks, and deploy it');
  });

  test('fails when the checks of the mirror cannot be read, because they would be lost', () => {
    expect(requestOf(withChecks('minimumAge: 3'), { ...GATED, ADMISSION: '{"age":1}' })).toContain('the variable ADMISSION is not valid');
  });
});

test.each(['"nginx:stable"', '"nginx:1.27.0"', '{ image: nginx, tags: { semver: 1.x } }'])('the first copy of %s is not exempt from its minimum age', (entry) => {
  expect(requestOf(entry, { ...GATED, ADMISSION: JSON.stringify(AGE) })).toMatchObject({ isNamed: false, admission: AGE });
});

test.each<[string, string | undefined, string]>([
  ['"nginx:stable"', undefined, 'KEEP'], ['"nginx:stable"', 'FAIL', 'FAIL'], ['{ image: "nginx:stable", onUpstreamGone: KEEP }', 'FAIL', 'KEEP'],
  ['{ image: "nginx:stable", onUpstreamGone: FAIL }', undefined, 'FAIL'],
])('the action for %s when upstream no longer has it, with the default %s, is %s', (entry, ofCatalog, action) => {
  const { onUpstreamGone = 'KEEP' } = requestOf(entry, ofCatalog === undefined ? PROJECT : { ...PROJECT, ON_UPSTREAM_GONE: ofCatalog }) as MirrorRequest;
  expect(onUpstreamGone).toBe(action);
});

test('a command without a quarantine skips the checks of an entry, and warns about it', () => {
  expect(requestOf(withChecks('minimumAge: 3'), PROJECT, 'its checks are not made')).toMatchObject({
    admission: undefined, warnings: ['list, line 1: its checks are not made'],
  });
  expect((requestOf('"nginx:stable"', PROJECT, 'its checks are not made') as MirrorRequest).warnings).toEqual([]);
});

test('two entries for an image with different checks contradict each other', () => {
  const two = (checks: string) => requestOf(`${withChecks('minimumAge: 3')}, ${withChecks(checks)}`, GATED);
  expect(two('minimumAge: 4')).toContain('it contradicts');
  expect(requestOf(`${withChecks('minimumAge: 3')}, "nginx:stable"`, GATED)).toContain('it contradicts');
  expect(requestOf(`${withChecks('minimumAge: 3')}, { image: "nginx:stable", onUpstreamGone: FAIL, admission: { minimumAge: 3 } }`, GATED)).toContain('it contradicts');
  expect(two('minimumAge: 3')).toMatchObject({ warnings: [expect.stringContaining('is listed again')] });
});

test('a private key in an entry is an error that does not show it', () => {
  const key = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg';
  const pem = `-----BEGIN PRIVATE KEY-----\\n${key}\\n-----END PRIVATE KEY-----\\n`;
  for (const field of [`publicKey: { pem: "${pem}" }`, `keyless: { issuer: "${pem}", identity: a }`, `githubProvenance: { repository: "${pem}", workflow: a }`]) {
    const message = requestOf(`{ image: "nginx:stable", admission: { signatures: [{ ${field} }] } }`, GATED);
    expect(message).toContain('its admission is not valid: signature 1: ');
    expect(message).not.toContain(key.slice(0, 8));
  }
  const message = requestOf(`{ image: "nginx:stable", admission: { maximumSeverity: "${pem}" } }`, GATED);
  expect([message, String(message).includes(key.slice(0, 8))]).toEqual([expect.stringContaining('its maximumSeverity is a private key'), false]);
});

test('a run holds the first copy of an entry with a minimum age, and mirrors the others', async () => {
  const markers = ['mirror-held', 'mirror-decisions'].map((repositoryName) => ({ repositoryName, imageTagMutability: 'IMMUTABLE' as const }));
  const account = await openCatalogAccount(markers);
  try {
    publish(account, 'team/app', 'stable', '1.0.0');
    const list = documentOf(nameOf('team/app', '1.0.0'), `{ image: "${nameOf('team/app', 'stable')}", admission: { minimumAge: 3 } }`);
    const { code, lines } = await mirrorParameter(account, list, { MIRROR_QUARANTINE: 'mirror-held', MIRROR_DECISIONS: 'mirror-decisions' });
    expect([code, lines.find(({ tag }) => tag === 'stable')]).toMatchObject([1, { outcome: 'held', reason: 'held', heldBy: ['minimum-age'] }]);
    expect(account.ecr.tagDigest(`${FLOATING}/team/app`, 'stable')).toBeUndefined();
    expect(account.ecr.tagDigest(`${FIXED}/team/app`, '1.0.0')).toBeDefined();
  } finally {
    await account.close();
  }
});
