/** The published schema, against the events that the engine's bundle really puts. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv2020, { ValidateFunction } from 'ajv/dist/2020';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, EVENT_VERSION } from '../../src/image/contract/events-and-metrics';
import type { FailureReason, HeldBy, MirrorResult, Outcome } from '../../src/image/contract/mirror-result';
import { deliveredEvent } from '../support/delivered-event';
import { DeliveredEvent } from '../support/event-pattern';
import { Fault } from '../support/fault';
import { artifact, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalAccount, REPOSITORY, UPSTREAM } from '../support/local-account';

const DOCUMENTS = path.join(__dirname, '..', '..', 'docs');
const SCHEMA = JSON.parse(readFileSync(path.join(DOCUMENTS, '..', 'schemas', 'mirror-event-1.schema.json'), 'utf8'));
const PAGE = readFileSync(path.join(DOCUMENTS, 'events.md'), 'utf8');
const BUILD = 'arn:aws:codebuild:eu-west-1:123456789012:build/Mirror:00000000-0000-4000-8000-000000000001';
const IMAGE = multiPlatformImage();

const validate = compile(SCHEMA);
/** The same, without room for a field that is not documented. */
const validateStrictly = compile({
  ...SCHEMA,
  $id: 'strict',
  additionalProperties: false,
  $defs: { ...SCHEMA.$defs, detail: { ...SCHEMA.$defs.detail, additionalProperties: false } },
});

let account: LocalAccount;
beforeEach(async () => {
  account = await LocalAccount.open([REPOSITORY, 'mirror-held', 'mirror-decisions']);
});
afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

function compile(schema: object): ValidateFunction {
  return new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
}

/** What is wrong with an event. */
function problems(delivered: DeliveredEvent, by = validateStrictly): string[] {
  return by(delivered) ? [] : (by.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

async function run(variables: Record<string, string>): Promise<void> {
  await account.run({ MIRROR_EVENT_BUS: 'default', CODEBUILD_BUILD_ARN: BUILD, MIRROR_DEADLINE_SECONDS: '60', ...variables });
}

/** The only event that was put since the last time. */
function event(): DeliveredEvent {
  const events = account.events.events.splice(0);
  expect(events).toHaveLength(1);
  return deliveredEvent(events[0]);
}

/** The engine's own events, each way of getting them. */
async function mirroredEvent(): Promise<DeliveredEvent> {
  account.upstream.push('team/app', 'stable', IMAGE);
  await run({ IMAGE: `${UPSTREAM}/team/app:stable` });
  return event();
}

test('a new image is "Image Mirrored", and says which image is where', async () => {
  const mirrored = await mirroredEvent();
  expect(problems(mirrored)).toEqual([]);
  expect(mirrored).toMatchObject({
    'detail-type': EVENT_DETAIL_TYPE.MIRRORED,
    'source': EVENT_SOURCE,
    'resources': [BUILD],
    'detail': { version: EVENT_VERSION, outcome: 'copied', repository: REPOSITORY, tag: 'stable', targetDigest: IMAGE.digest },
  });
});

test('the same image again is "Image Unchanged"', async () => {
  await mirroredEvent();
  await run({ IMAGE: `${UPSTREAM}/team/app:stable` });
  const unchanged = event();
  expect(problems(unchanged)).toEqual([]);
  expect(unchanged).toMatchObject({ 'detail-type': EVENT_DETAIL_TYPE.UNCHANGED, 'detail': { outcome: 'unchanged', sourceDigest: IMAGE.digest } });
});

test.each<[string, Partial<MirrorResult>]>([
  ['FAIL', { reason: 'immutable-tag' }],
  ['KEEP', { reason: undefined }],
  ['SUFFIX', { reason: undefined, suffixedTag: `1.0.0-${IMAGE.digest.slice(7, 19)}` }],
])('a fixed tag that moved is "Upstream Tag Moved", with %s', async (onTagMoved, detail) => {
  const variables = { IMAGE: `${UPSTREAM}/team/app:1.0.0`, ON_TAG_MOVED: onTagMoved };
  account.upstream.push('team/app', '1.0.0', singleImage({ seed: 'first' }));
  await run(variables);
  expect(event()['detail-type']).toBe(EVENT_DETAIL_TYPE.MIRRORED);
  account.upstream.push('team/app', '1.0.0', IMAGE);
  await run(variables);
  const moved = event();
  expect(problems(moved)).toEqual([]);
  expect(moved['detail-type']).toBe(EVENT_DETAIL_TYPE.TAG_MOVED);
  expect(moved.detail).toMatchObject(JSON.parse(JSON.stringify(detail)));
  expect(moved.detail.reason).toBe(detail.reason);
});

test.each<[FailureReason, Record<string, string>, () => void]>([
  ['not-found', { IMAGE: `${UPSTREAM}/team/app:missing` }, () => undefined],
  ['unauthorized', { IMAGE: `${UPSTREAM}/team/app:stable` }, () => account.upstream.fail({ action: Fault.status(403), times: 1000 })],
  ['rate-limited', { IMAGE: `${UPSTREAM}/team/app:stable`, MIRROR_DEADLINE_SECONDS: '2' }, () => account.upstream.fail({ action: Fault.status(429, { 'retry-after': '60' }), times: 1000 })],
  ['not-found', { IMAGE: `${UPSTREAM}/team/app`, TAGS: '{"patterns":["none*"]}' }, () => account.upstream.push('team/app', 'stable', IMAGE)],
])('%s is "Image Mirror Failed" (%j)', async (reason, variables, prepare) => {
  prepare();
  await run(variables);
  const failed = event();
  expect(problems(failed)).toEqual([]);
  expect(failed).toMatchObject({ 'detail-type': EVENT_DETAIL_TYPE.FAILED, 'detail': { outcome: 'failed', reason, repository: REPOSITORY } });
});

test('tags that cannot be listed are told with their repository, and without a tag', async () => {
  await run({ IMAGE: `${UPSTREAM}/team/other`, TAGS: '{"patterns":["*"]}', REPOSITORY });
  const { detail } = event();
  expect(detail).toMatchObject({ source: `${UPSTREAM}/team/other`, repository: REPOSITORY, outcome: 'failed' });
  expect(detail.target).toMatch(new RegExp(`/${REPOSITORY}$`));
  expect(detail).not.toHaveProperty('tag');
});

test('an entry of several that cannot be meant is told without a repository, and every image has an event of its own', async () => {
  account.upstream.push('team/app', 'stable', IMAGE);
  await run({ IMAGES: JSON.stringify([{ IMAGE: `${UPSTREAM}/team/app:stable` }, { IMAGE: 'Not An Image' }]) });
  const events = account.events.events.map(deliveredEvent);
  expect(events.flatMap((one) => problems(one))).toEqual([]);
  expect(events.map((one) => [one['detail-type'], one.detail.repository]).sort()).toEqual([[EVENT_DETAIL_TYPE.FAILED, undefined], [EVENT_DETAIL_TYPE.MIRRORED, REPOSITORY]]);
});

test('platforms, their tags, referrers and warnings are documented too', async () => {
  account.upstream.push('team/app', 'stable', IMAGE);
  account.upstream.push('team/app', undefined, artifact({ subject: IMAGE }));
  account.ecr.fail({ match: { method: 'PUT', path: `/manifests/${artifact({ subject: IMAGE }).digest}` }, action: Fault.status(400), times: 1000 });
  await run({ IMAGE: `${UPSTREAM}/team/app:stable`, PLATFORM_TAGS: 'linux/arm64' });
  const mirrored = event();
  expect(problems(mirrored)).toEqual([]);
  expect(mirrored.detail).toMatchObject({ platformTags: ['stable-linux-arm64'], warnings: [expect.any(String)] });
});

test('an image that a check holds is "Image Held", first without an image that is served, and later with one', async () => {
  const variables = { IMAGE: `${UPSTREAM}/team/app:stable`, MIRROR_QUARANTINE: 'mirror-held', MIRROR_DECISIONS: 'mirror-decisions' };
  const policy = (holdFirstCopies: boolean) => JSON.stringify({ minimumAge: { hours: 72, maximumGapHours: 48, holdFirstCopies } });
  account.upstream.push('team/app', 'stable', IMAGE);
  await run({ ...variables, ADMISSION: policy(true) });
  const first = event();
  expect(problems(first)).toEqual([]);
  expect(first).toMatchObject({ 'detail-type': EVENT_DETAIL_TYPE.HELD, 'detail': { outcome: 'held', reason: 'held', heldBy: ['minimum-age'] } });
  await run({ ...variables, ADMISSION: '{}' });
  expect(event()['detail-type']).toBe(EVENT_DETAIL_TYPE.MIRRORED);
  account.upstream.push('team/app', 'stable', singleImage({ seed: 'next' }));
  await run({ ...variables, ADMISSION: policy(false) });
  const later = event();
  expect(problems(later)).toEqual([]);
  expect(later.detail).toMatchObject({ outcome: 'held', targetDigest: IMAGE.digest, heldBy: ['minimum-age'], eligibleAt: expect.any(String) });
  expect(later.detail).not.toHaveProperty('reason');
});

test('an image that upstream no longer has is "Upstream Image Gone"', async () => {
  await mirroredEvent();
  account.upstream.repository('team/app').tags.delete('stable');
  await run({ IMAGE: `${UPSTREAM}/team/app:stable` });
  const gone = event();
  expect(problems(gone)).toEqual([]);
  expect(gone).toMatchObject({ 'detail-type': EVENT_DETAIL_TYPE.UPSTREAM_GONE, 'detail': { outcome: 'upstream-gone', targetDigest: IMAGE.digest } });
});

describe('the result', () => {
  const FIRST = singleImage({ seed: 'first' }).digest;
  const HELD: Partial<MirrorResult> = {
    outcome: 'held', message: 'it is held', sourceDigest: FIRST, targetDigest: IMAGE.digest, heldBy: ['unsigned'], heldSince: '2027-03-28T12:00:00Z', heldHours: 72.5,
  };
  /** An event with the fields of a result. */
  async function eventOf(type: string, fields: Partial<MirrorResult>): Promise<DeliveredEvent> {
    const mirrored = await mirroredEvent();
    return { ...mirrored, 'detail-type': type, 'detail': JSON.parse(JSON.stringify({ ...mirrored.detail, sourceDigest: undefined, targetDigest: undefined, ...fields })) };
  }

  test.each<[string, string, Partial<MirrorResult>]>([
    ['held, while the mirror serves the previous image', EVENT_DETAIL_TYPE.HELD, HELD],
    ['held, with all fields', EVENT_DETAIL_TYPE.HELD, {
      ...HELD,
      heldBy: ['minimum-age', 'refused'],
      wouldBeHeldBy: ['scan-findings'],
      eligibleAt: '2027-03-31T12:00:00Z',
      starved: true,
      checks: ['seen first on 2027-03-28'],
      decision: { decision: 'refused', by: 'Platform/alice', reason: 'malware', at: '2027-03-28T13:00:00Z' },
    }],
    ['held, and no image is served', EVENT_DETAIL_TYPE.HELD, { ...HELD, targetDigest: undefined, reason: 'held' }],
    ['released', EVENT_DETAIL_TYPE.MIRRORED, {
      outcome: 'copied', sourceDigest: FIRST, targetDigest: FIRST, decision: { decision: 'released', by: 'Platform/alice', reason: 'reviewed', at: '2027-03-28T13:00:00Z' },
    }],
    ['gone upstream', EVENT_DETAIL_TYPE.UPSTREAM_GONE, { outcome: 'upstream-gone', targetDigest: IMAGE.digest, warnings: ['the copy is 40 days old'] }],
  ])('%s is a documented event', async (_, type, fields) => {
    expect(problems(await eventOf(type, fields))).toEqual([]);
  });

  test.each<[string, string, Partial<MirrorResult>]>([
    ['held by nothing', EVENT_DETAIL_TYPE.HELD, { ...HELD, heldBy: undefined }],
    ['held without a served image, as a success', EVENT_DETAIL_TYPE.HELD, { ...HELD, targetDigest: undefined }],
    ['held with another reason', EVENT_DETAIL_TYPE.HELD, { ...HELD, reason: 'network' }],
    ['held at a time without a zone', EVENT_DETAIL_TYPE.HELD, { ...HELD, eligibleAt: '2027-03-31 12:00' }],
    ['decided by nobody', EVENT_DETAIL_TYPE.HELD, { ...HELD, decision: { decision: 'refused', reason: 'malware', at: '2027-03-28T13:00:00Z' } as MirrorResult['decision'] }],
    ['gone upstream with a digest upstream', EVENT_DETAIL_TYPE.UPSTREAM_GONE, { outcome: 'upstream-gone', sourceDigest: FIRST, targetDigest: IMAGE.digest }],
    ['gone upstream without a copy', EVENT_DETAIL_TYPE.UPSTREAM_GONE, { outcome: 'upstream-gone' }],
  ])('%s is refused', async (_, type, fields) => {
    expect(problems(await eventOf(type, fields), validate)).not.toEqual([]);
  });
});

describe('the schema', () => {
  test('takes an event with a field that is added later', async () => {
    const mirrored = await mirroredEvent();
    const later = { ...mirrored, detail: { ...mirrored.detail, signedBy: 'somebody' } };
    expect(problems(later, validate)).toEqual([]);
    expect(problems(later)).not.toEqual([]);
  });

  test.each<[string, (delivered: DeliveredEvent) => object]>([
    ['another version', ({ detail }) => ({ detail: { ...detail, version: '2' } })],
    ['no version', ({ detail: { version: _, ...detail } }) => ({ detail })],
    ['another source', () => ({ source: 'somebody.else' })],
    ['a type that does not go with its outcome', () => ({ 'detail-type': EVENT_DETAIL_TYPE.FAILED })],
    ['a type that there is not', () => ({ 'detail-type': 'Image Lost' })],
    ['a success that has a reason', ({ detail }) => ({ detail: { ...detail, reason: 'network' } })],
    ['a new image without its digest', ({ detail: { targetDigest: _, ...detail } }) => ({ detail })],
    ['a digest that is none', ({ detail }) => ({ detail: { ...detail, targetDigest: 'sha256:short' } })],
  ])('refuses an event with %s', async (_, change) => {
    const mirrored = await mirroredEvent();
    expect(problems(mirrored, validate)).toEqual([]);
    expect(problems({ ...mirrored, ...change(mirrored) }, validate)).not.toEqual([]);
  });

  test('knows every reason that the engine gives, and the page does too', () => {
    const reasons: Readonly<Record<FailureReason, true>> = {
      'invalid-reference': true,
      'invalid-configuration': true,
      'not-found': true,
      'unauthorized': true,
      'rate-limited': true,
      'digest-mismatch': true,
      'expired': true,
      'unsupported-manifest': true,
      'limit-exceeded': true,
      'archived': true,
      'immutable-tag': true,
      'held': true,
      'build-failed': true,
      'deadline-exceeded': true,
      'interrupted': true,
      'network': true,
      'registry-error': true,
      'internal-error': true,
    };
    expect([...SCHEMA.$defs.detail.properties.reason.examples].sort()).toEqual(Object.keys(reasons).sort());
  });

  test('knows every check that holds an image', () => {
    const checks: Readonly<Record<HeldBy, true>> = {
      'minimum-age': true,
      'unsigned': true,
      'invalid-signature': true,
      'downgrade': true,
      'unreachable': true,
      'trust-root-outdated': true,
      'scan-pending': true,
      'scan-findings': true,
      'scan-unsupported': true,
      'not-scanned': true,
      'lock': true,
      'refused': true,
    };
    expect(SCHEMA.$defs.checks.items.examples).toEqual(Object.keys(checks));
  });

  test('has the types and the outcomes of the table on the page', () => {
    const rows = [...PAGE.matchAll(/^\| `([A-Z][A-Za-z ]+)` \| .* \| `([a-z-]+)` \|$/gm)].map(([, type, outcome]) => [type, outcome]);
    const types: Readonly<Record<Outcome, string>> = {
      'copied': EVENT_DETAIL_TYPE.MIRRORED,
      'unchanged': EVENT_DETAIL_TYPE.UNCHANGED,
      'held': EVENT_DETAIL_TYPE.HELD,
      'upstream-gone': EVENT_DETAIL_TYPE.UPSTREAM_GONE,
      'tag-moved': EVENT_DETAIL_TYPE.TAG_MOVED,
      'failed': EVENT_DETAIL_TYPE.FAILED,
    };
    expect(rows).toEqual(Object.entries(types).map(([outcome, type]) => [type, outcome]));
    expect(SCHEMA.properties['detail-type'].enum).toEqual(expect.arrayContaining(Object.values(types)));
    expect(SCHEMA.$defs.detail.properties.outcome.enum).toEqual(expect.arrayContaining(Object.keys(types)));
  });

  test('knows every field of a result, the version, and no other, and which of them are always there', () => {
    // The results of the command check have one more field.
    const results = [...fieldTable().matchAll(/^\| `([a-zA-Z]+)` \| (\* )?/gm)].filter(([, name]) => name !== 'dryRun');
    const rows = [['', 'version', '* '], ...results];
    expect(rows.map(([, name]) => name).sort()).toEqual(Object.keys(SCHEMA.$defs.detail.properties).sort());
    expect(rows.filter(([, , always]) => always !== undefined).map(([, name]) => name).sort()).toEqual([...SCHEMA.$defs.detail.required].sort());
  });

  test('takes the event that the page shows', () => {
    const [, example] = /```json\n(.*?)```/s.exec(PAGE)!;
    expect(problems(JSON.parse(example))).toEqual([]);
  });
});

function fieldTable(): string {
  const page = readFileSync(path.join(DOCUMENTS, 'results.md'), 'utf8');
  const start = page.indexOf('| Field | Meaning |');
  return page.slice(start, page.indexOf('\n\n', start));
}
