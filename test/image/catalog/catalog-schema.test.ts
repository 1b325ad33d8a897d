/** The published schema and the engine's own grammar say the same about the form of a catalog. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import * as fc from 'fast-check';
import { SIGNATURE_PATTERNS } from '../../../src/image/admission/signature-rule-problem';
import { CATALOG_PATTERNS, MAX_CATALOG_ENTRIES } from '../../../src/image/catalog/catalog-entry';
import { catalogShapeProblem } from '../../../src/image/catalog/catalog-shape';
import { entryShapeProblem } from '../../../src/image/catalog/entry-shape';
import { parseImageReference } from '../../../src/image/image-reference';
import { randomCases } from '../../support/random-cases';

const SCHEMA = JSON.parse(readFileSync(path.join(__dirname, '..', '..', '..', 'schemas', 'image-catalog-1.schema.json'), 'utf8'));
const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(SCHEMA);

const schemaTakes = (list: unknown) => validate(list);
const parserTakes = (list: unknown) => catalogShapeProblem(list) === undefined
  && (list as { images: unknown[] }).images.every((entry) => entryShapeProblem(entry) === undefined);

const HEX = 'a'.repeat(64);
const PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }) as string;
const PRIVATE_PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const ISSUER = 'https://token.actions.githubusercontent.com';
const IDENTITY = 'https://github.com/owner/name/.github/workflows/release.yml@refs/tags/*';
const PROVENANCE = { repository: 'owner/name', workflow: 'owner/name/.github/workflows/release.yml' };
/** An entry with checks. */
const checked = (admission: unknown) => ({ image: 'nginx:stable', admission });
/** An entry with a signature. */
const signed = (signature: unknown) => checked({ signatures: [signature] });
const keyless = (rule: object) => signed({ keyless: { issuer: ISSUER, identity: IDENTITY, ...rule } });
const provenance = (rule: object) => signed({ githubProvenance: { ...PROVENANCE, ...rule } });
const GOOD: readonly unknown[] = [
  'nginx', 'nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0', 'localhost:5000/a/b', '[::1]:5000/a', `alpine@sha256:${HEX}`, `alpine:3.20@sha256:${HEX}`,
  'team/odd__name--x:1.0.0', 'REGISTRY.example.com/a:1',
  { image: 'nginx:stable' },
  { image: 'nginx', tags: { semver: '>=1.25 <2', latest: 5, variant: 'alpine', exclude: ['*-perl'] } },
  { image: 'nginx', tags: { semver: '*', prereleases: true } },
  { image: 'nginx', tags: { semver: '*', prereleases: false, variant: 'alpine' } },
  { image: 'nginx', tags: { patterns: ['1.2*', 'stable'], exclude: ['*-rc*'] } },
  { image: 'nginx', tags: { patterns: ['RELEASE.*'], latest: 5 } },
  { image: 'nginx', allPlatforms: true }, { image: 'nginx', allPlatforms: false, platforms: ['linux/amd64'] },
  { image: 'nginx', tags: { patterns: ['main-*'], order: 'LAST_NUMBER', latest: 5 } },
  { image: 'nginx:1.27.0', platforms: ['linux/amd64', 'linux/arm/v7'], owner: 'Team Payments', expires: '2027-03-31', digest: `sha256:${HEX}`, tagKind: 'fixed', onTagMoved: 'SUFFIX', referrers: false, lateReferrers: false, attestations: 'KEEP_IF_ACCEPTED' },
  { image: 'nginx:stable', keepPrevious: 0 }, { image: 'nginx', tags: { semver: '1.x', latest: 5 }, keepPrevious: 10000, keepVersions: 5 },
  { image: 'nginx:stable', onUpstreamGone: 'KEEP' }, { image: 'nginx', tags: { semver: '1.x' }, onUpstreamGone: 'FAIL', admission: { minimumAge: 7 } },
  checked({ minimumAge: 1 }), checked({ minimumAge: 60, maximumSeverity: 'HIGH', mode: 'ENFORCE', signatures: [{ publicKey: { pem: PEM } }, { githubProvenance: PROVENANCE }] }), checked({ mode: 'ENFORCE' }),
  keyless({}), keyless({ logs: 0, timestamps: 1 }), keyless({ logs: 3 }), keyless({ timestamps: 0 }), keyless({ identity: '*@example.com' }), keyless({ identity: 'release@example.com' }),
  signed({ publicKey: { pem: PEM.trim(), logs: 0 } }), signed({ publicKey: { pem: PEM, logs: 1, timestamps: 3 } }),
  provenance({}), provenance({ workflow: 'release.yml' }), provenance({ workflow: '.github/workflows/release.yaml' }), provenance({ workflow: 'build.yml@refs/heads/main' }), provenance({ workflow: 'other/workflows/.github/workflows/build.yml@refs/tags/v1' }), provenance({ workflow: 'build.yml@refs/tags/@scope/name@1.0.0' }),
  provenance({ ref: 'refs/heads/main', repositoryId: '123', ownerId: '4', issuer: `${ISSUER}/octo`, logs: 2 }),
];
const BAD: readonly unknown[] = [
  null, 1, true, [], ['nginx'], '', 'Nginx', 'https://nginx', 'nginx:', 'nginx:a b', 'nginx@sha256:abc', 'user:secret@registry.example.com/a', '../etc/passwd', 'a\nb', `a${'/a'.repeat(600)}`,
  {}, { image: 1 }, { image: 1.27 }, { image: null }, { image: 'Nginx' }, { image: 'nginx', repository: 'production/app' }, { image: 'nginx', constructor: 'x' }, JSON.parse('{"image":"nginx","__proto__":{}}'),
  { image: 'nginx', tags: {} }, { image: 'nginx', tags: [] }, { image: 'nginx', tags: '1.x' }, { image: 'nginx', tags: { semver: 1 } }, { image: 'nginx', tags: { semver: '' } },
  { image: 'nginx', tags: { semver: '1.x', patterns: ['*'] } }, { image: 'nginx', tags: { patterns: [] } }, { image: 'nginx', tags: { patterns: [1.27] } }, { image: 'nginx', tags: { patterns: ['a/b'] } },
  { image: 'nginx', tags: { patterns: ['*'], latest: 0 } }, { image: 'nginx', tags: { patterns: ['*'], order: 'version' } }, { image: 'nginx', tags: { semver: '*', order: 'VERSION' } }, { image: 'nginx', tags: { patterns: ['*'], order: null } },
  { image: 'nginx', tags: { semver: '*', latest: 0 } }, { image: 'nginx', tags: { semver: '*', latest: 1.5 } }, { image: 'nginx', tags: { semver: '*', latest: 501 } },
  { image: 'nginx', tags: { semver: '*', variant: 'alpine', prereleases: true } }, { image: 'nginx', tags: { semver: '*', variant: '-a' } }, { image: 'nginx', tags: { semver: '*', unknown: 1 } }, { image: 'nginx', tags: { exclude: ['a'] } },
  { image: 'nginx', allPlatforms: 'true' }, { image: 'nginx', allPlatforms: true, platforms: ['linux/amd64'] }, { image: 'nginx', platforms: [] }, { image: 'nginx', platforms: ['amd64'] }, { image: 'nginx', platforms: ['linux/amd64', 'linux/amd64'] }, { image: 'nginx', platforms: 'linux/amd64' }, { image: 'nginx', platforms: ['linux/amd64,linux/arm64'] },
  { image: 'nginx', owner: '' }, { image: 'nginx', owner: 'a\u0007b' }, { image: 'nginx', owner: ' a' }, { image: 'nginx', owner: 'x'.repeat(101) }, { image: 'nginx', expires: '2027-3-1' }, { image: 'nginx', expires: '2027-13-01' }, { image: 'nginx', expires: 20270331 },
  { image: 'nginx', digest: HEX }, { image: 'nginx', digest: `sha256:${HEX}A` }, { image: 'nginx', digest: `sha256:${HEX}`, tags: { semver: '*' } },
  { image: 'nginx', tagKind: 'FIXED' }, { image: 'nginx', onTagMoved: 'fail' }, { image: 'nginx', referrers: 'false' }, { image: 'nginx', lateReferrers: 1 }, { image: 'nginx', attestations: 'keep' }, { image: 'nginx', attestations: true },
  { image: 'nginx', keepPrevious: -1 }, { image: 'nginx', keepPrevious: 1.5 }, { image: 'nginx', keepPrevious: 10001 }, { image: 'nginx', keepPrevious: '5' }, { image: 'nginx', tags: { semver: '*' }, keepVersions: 0 },
  { image: 'nginx', onUpstreamGone: 'SUFFIX' }, { image: 'nginx', onUpstreamGone: 'keep' }, { image: 'nginx', onUpstreamGone: false },
  checked(null), checked({}), checked([]), checked(3), checked('ENFORCE'), checked({ minimumAge: 0 }), checked({ minimumAge: 61 }), checked({ minimumAge: 1.5 }), checked({ minimumAge: '3' }), checked({ minimumAge: '12h' }),
  checked({ mode: 'AUDIT' }), checked({ mode: 'OFF' }), checked({ mode: 'enforce' }), checked({ maximumSeverity: 'high' }), checked({ maximumSeverity: 'UNDEFINED' }), checked({ maximumSeverity: null }),
  checked({ minimumAge: 3, serveSuperseded: true }), checked({ minimumAge: 3, maximumGap: 60 }), checked({ maximumSeverity: 'HIGH', findingExceptions: [] }), checked({ lock: {} }), checked({ signature: { publicKey: { pem: PEM } } }), checked(JSON.parse('{"minimumAge":3,"__proto__":{}}')),
  checked({ signatures: [] }), checked({ signatures: { publicKey: { pem: PEM } } }), checked({ signatures: Array.from({ length: 21 }, () => ({ publicKey: { pem: PEM } })) }), signed({}), signed(null), signed('x'), signed({ publicKey: { pem: PEM }, githubProvenance: PROVENANCE }), signed({ key: { pem: PEM } }),
  keyless({ issuer: 'http://accounts.google.com' }), keyless({ issuer: 'https://*' }), keyless({ issuer: undefined }), keyless({ identity: '*' }), keyless({ identity: 'https://github.com/*' }), keyless({ identity: '' }), keyless({ identity: 'a b' }), keyless({ identity: 1 }), keyless({ identity: 'x'.repeat(2_001) }), keyless({ identity: 'https://a\u0000/b/*' }), keyless({ logs: 0 }), keyless({ logs: 0, timestamps: 0 }), keyless({ logs: 4 }), keyless({ logs: -1 }), keyless({ logs: '1' }), keyless({ pem: PEM }), signed({ keyless: { issuer: ISSUER } }), signed({ keyless: IDENTITY }),
  signed({ publicKey: PEM }), signed({ publicKey: { pem: PRIVATE_PEM } }), signed({ publicKey: { pem: `${PEM}${PEM}` } }), signed({ publicKey: { pem: 'cosign.pub' } }), signed({ publicKey: {} }), signed({ publicKey: { pem: PEM, timestamps: 1.5 } }),
  provenance({ repository: '*/name' }), provenance({ repository: 'owner' }), provenance({ workflow: 'release' }), provenance({ workflow: '*.yml' }), provenance({ workflow: '' }), provenance({ workflow: 1 }), provenance({ workflow: 'build.yml@main' }), provenance({ workflow: 'build.yml@refs/pull/1/merge' }), provenance({ workflow: 'name/.github/workflows/release.yml' }), provenance({ workflow: './.github/workflows/release.yml' }), provenance({ workflow: `build.yml@refs/tags/${'x'.repeat(251)}` }), provenance({ workflow: undefined }), provenance({ ref: '*' }), provenance({ ref: 'refs/pull/1/merge' }), provenance({ repositoryId: 123 }), provenance({ ownerId: '0' }), provenance({ logs: 0 }), provenance({ sha: 'a' }),
];

test('both have the same patterns for the texts of signatures', () => {
  const { keyless: keylessRule, publicKey, githubProvenance } = SCHEMA.$defs.signature.properties;
  const { repository, workflow, ref } = githubProvenance.properties;
  const { githubId: id, issuer } = SCHEMA.$defs;
  const ofSchema = { issuer, identity: keylessRule.properties.identity, repository, workflow, ref, id, pem: publicKey.properties.pem };
  const patterns = Object.fromEntries(Object.entries<{ pattern: string }>(ofSchema).map(([name, { pattern }]) => [name, new RegExp(pattern).source]));
  expect(patterns).toEqual(Object.fromEntries(Object.entries(SIGNATURE_PATTERNS).map(([name, pattern]) => [name, pattern.source])));
});

test.each(GOOD.map((entry) => [entry]))('both take the entry %j', (entry) => {
  expect([schemaTakes({ images: [entry] }), parserTakes({ images: [entry] })]).toEqual([true, true]);
});

test.each(BAD.map((entry) => [entry]))('both refuse the entry %j', (entry) => {
  expect([schemaTakes({ images: [entry] }), parserTakes({ images: [entry] })]).toEqual([false, false]);
});

test.each<[unknown, boolean]>([
  [{ images: ['nginx'] }, true],
  [{ $schema: SCHEMA.$id, version: 1, images: ['nginx'] }, true],
  [{ images: Array.from({ length: MAX_CATALOG_ENTRIES }, () => 'nginx') }, true],
  [{ images: Array.from({ length: MAX_CATALOG_ENTRIES + 1 }, () => 'nginx') }, false],
  [{ images: [] }, false],
  [{ images: 'nginx' }, false],
  [{ images: { 0: 'nginx' } }, false],
  [{ version: 2, images: ['nginx'] }, false],
  [{ version: '1', images: ['nginx'] }, false],
  [{ $schema: 1, images: ['nginx'] }, false],
  [{ image: ['nginx'] }, false],
  [JSON.parse('{"images":["nginx"],"__proto__":{}}'), false],
  [['nginx'], false],
  ['nginx', false],
  [null, false],
])('both judge a list as a whole alike (%#)', (list, good) => {
  expect([schemaTakes(list), parserTakes(list)]).toEqual([good, good]);
});

const text = (...good: string[]) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...good) }, fc.string(), fc.string({ unit: 'binary', maxLength: 12 }));
const image = fc.oneof(text('nginx:stable', 'quay.io/a/b:v1.2.3', `a@sha256:${HEX}`), fc.stringMatching(CATALOG_PATTERNS.image));
const list = (...good: string[]) => fc.array(text(...good), { maxLength: 3 });
const tags = fc.record({
  semver: text('*', '>=1 <2'),
  variant: text('alpine'),
  prereleases: fc.boolean(),
  latest: fc.oneof(fc.integer({ min: -1, max: 600 }), fc.double()),
  patterns: list('*', '1.2*'),
  order: text('VERSION', 'LAST_NUMBER'),
  exclude: list('*-rc*'),
  odd: fc.constant(1),
}, { requiredKeys: [] });
const entry = fc.record({
  image,
  tags: fc.oneof(tags, fc.jsonValue()),
  platforms: fc.oneof(list('linux/amd64', 'linux/arm64/v8'), fc.jsonValue()),
  owner: text('team', 'a@b.example', 'T-1'),
  expires: text('2027-03-31', '2027-02-30'),
  digest: text(`sha256:${HEX}`),
  tagKind: text('fixed', 'floating'),
  onTagMoved: text('FAIL', 'KEEP', 'SUFFIX'),
  referrers: fc.oneof(fc.boolean(), fc.jsonValue()),
  lateReferrers: fc.oneof(fc.boolean(), fc.jsonValue()),
  attestations: text('KEEP_IF_ACCEPTED', 'KEEP', 'DROP'),
  keepPrevious: fc.oneof(fc.nat(20_000), fc.jsonValue()),
  odd: fc.jsonValue(),
}, { requiredKeys: [] });

test('both judge every entry alike', () => {
  const counts = { good: 0, bad: 0 };
  fc.assert(fc.property(fc.oneof({ weight: 6, arbitrary: entry }, image, fc.jsonValue()), (one) => {
    const taken = schemaTakes({ images: [one] });
    expect(parserTakes({ images: [one] })).toBe(taken);
    counts[taken ? 'good' : 'bad']++;
  }), { numRuns: randomCases(5_000) });
  // Or nothing would be shown.
  expect(Math.min(counts.good, counts.bad)).toBeGreaterThan(randomCases(200));
});

test('both judge the checks of every entry alike', () => {
  const threshold = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.constantFrom('1', 0.5));
  const rule = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] });
  const signatures = fc.oneof(
    rule({ keyless: rule({ issuer: text(ISSUER), identity: text(IDENTITY, '*@example.com', '*/*'), logs: threshold, timestamps: threshold }) }),
    rule({ publicKey: rule({ pem: text(PEM, PRIVATE_PEM, PEM.trim()), logs: threshold }) }),
    rule({ githubProvenance: rule({ repository: text('owner/name', 'o/*'), workflow: text(PROVENANCE.workflow, 'release.yml', 'build.yml@refs/tags/v1'), ref: text('refs/heads/main', 'refs/pull/1/merge'), ownerId: text('1'), timestamps: threshold }) }),
    fc.jsonValue(),
  );
  const admissions = rule({
    mode: fc.constantFrom('ENFORCE', 'ENFORCE', 'AUDIT'),
    minimumAge: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -1, max: 70 }) }, fc.constantFrom('3', 1.5)),
    maximumSeverity: fc.constantFrom('HIGH', 'LOW', 'high'),
    signatures: fc.array(signatures, { maxLength: 1 }),
  });
  const counts = { good: 0, bad: 0 };
  fc.assert(fc.property(fc.oneof({ weight: 9, arbitrary: admissions }, fc.jsonValue()), (admission) => {
    const taken = schemaTakes({ images: [checked(admission)] });
    expect(parserTakes({ images: [checked(admission)] })).toBe(taken);
    counts[taken ? 'good' : 'bad']++;
  }), { numRuns: randomCases(5_000) });
  expect(Math.min(counts.good, counts.bad)).toBeGreaterThan(randomCases(100));
});

test('both judge every list alike', () => {
  const lists = fc.oneof(fc.jsonValue(), fc.record({ $schema: fc.jsonValue(), version: fc.constantFrom(1, 2, '1', null), images: fc.oneof(fc.array(image), fc.jsonValue()), odd: fc.jsonValue() }, { requiredKeys: [] }));
  fc.assert(fc.property(lists, (one) => {
    expect(parserTakes(one)).toBe(schemaTakes(one));
  }), { numRuns: randomCases(2_000) });
});

test('the schema takes every image that there can be', () => {
  const host = fc.constantFrom('', 'quay.io/', 'localhost:5000/', 'Registry.Example.com/', '[::1]:5000/', 'a-b.c:1/');
  const part = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
  const tag = fc.oneof(fc.constant(''), fc.stringMatching(/^:[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/));
  const digest = fc.constantFrom('', `@sha256:${HEX}`);
  fc.assert(fc.property(host, fc.array(part, { minLength: 1, maxLength: 4 }), tag, digest, (...[where, parts, tagged, pinned]) => {
    const reference = `${where}${parts.join('/')}${tagged}${pinned}`;
    fc.pre(where !== '' || !parts[0].includes('.')); // what has a dot in front is a host
    expect(parseImageReference(reference).repository).toContain(parts.at(-1));
    expect(schemaTakes({ images: [reference] })).toBe(true);
  }));
});

test('what the schema takes of an image and the parser does not is told by the parser in words', () => {
  expect(schemaTakes({ images: ['0x7f.1/a'] })).toBe(true);
  expect(() => parseImageReference('0x7f.1/a')).toThrow('is not a valid registry host');
});
