import { Duration, Lazy, Token } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { AdmissionMode, AdmissionOptions, FindingSeverity, ImageLock, ImageSignature } from '../../src';
import { declareAdmission } from '../../src/declarations/declared-admission';
import { RunTimes } from '../../src/declarations/run-interval';

const { AUDIT, ENFORCE, OFF } = AdmissionMode;
const DAILY = {
  schedule: scheduler.ScheduleExpression.rate(Duration.days(1)), timeWindow: scheduler.TimeWindow.flexible(Duration.hours(1)), scheduled: true,
};
const AGE = { minimumAge: Duration.days(7) };
const DIGEST = `sha256:${'1'.repeat(64)}`;

/** A signature with a given rule, and a lock with the digest of each image of a list. */
const signature = (pem = 'a key') => ({ _render: () => ({ kind: 'key', pem }) }) as unknown as ImageSignature;
const lock = (tag = 'stable') => ({ _digests: () => ({ [tag]: DIGEST, other: DIGEST }) }) as unknown as ImageLock;
const exception = (values: object = {}) => ({ vulnerability: 'CVE-2024-3094', reason: 'not reachable', expires: '2027-03-31', ...values });

/** The policy of an image of a mirror. */
function ofImage(own: AdmissionOptions, mirror: AdmissionOptions = {}, times: Partial<RunTimes> = {}) {
  return declareAdmission('"nginx"', { own, ofMirror: mirror }, { ...DAILY, ...times }, { source: 'docker.io/library/nginx:stable', tag: 'stable' });
}

/** The policy of a mirror. */
function ofMirror(own: AdmissionOptions, times: Partial<RunTimes> = {}) {
  return declareAdmission('the mirror', { own }, { ...DAILY, ...times });
}

describe('the policy', () => {
  test('has no check without options', () => {
    expect(ofImage({})).toEqual({});
    expect(ofMirror({})).toEqual({});
  });

  test('has each check with what the engine needs, and no reasons of exceptions', () => {
    const policy = ofImage({
      ...AGE,
      serveSuperseded: true,
      holdFirstCopies: true,
      signatures: [signature()],
      maximumSeverity: FindingSeverity.HIGH,
      findingExceptions: [exception()],
    });
    expect(policy).toEqual({
      minimumAge: { hours: 168, maximumGapHours: 37, serveSuperseded: true, holdFirstCopies: true },
      signatures: [{ anyOf: [{ kind: 'key', pem: 'a key' }] }],
      scan: { maximumSeverity: 'HIGH', exceptions: [{ id: 'CVE-2024-3094', expires: '2027-03-31' }] },
    });
  });

  test('of an image replaces the fields that the image sets, and keeps the others of the mirror', () => {
    const mirror = { ...AGE, holdFirstCopies: true, signatures: [signature()], maximumSeverity: FindingSeverity.LOW };
    expect(ofImage({ minimumAge: Duration.hours(2), signatures: [signature('another')], holdFirstCopies: false }, mirror)).toEqual({
      minimumAge: { hours: 2, maximumGapHours: 37 },
      signatures: [{ anyOf: [{ kind: 'key', pem: 'another' }] }],
      scan: { maximumSeverity: 'LOW' },
    });
  });

  test.each<[string, AdmissionOptions, AdmissionOptions, unknown]>([
    ['the mode of the mirror', {}, { ...AGE, mode: AUDIT }, 'AUDIT'],
    ['the mode of the check rather than the mode', {}, { ...AGE, mode: AUDIT, minimumAgeMode: ENFORCE }, undefined],
    ['the mode of the image rather than a mode of the mirror', { mode: AUDIT }, { ...AGE, minimumAgeMode: ENFORCE }, 'AUDIT'],
    ['the mode of the check of the image', { minimumAgeMode: AUDIT }, { ...AGE, mode: ENFORCE }, 'AUDIT'],
  ])('has %s', (_, own, mirror, mode) => {
    expect(ofImage(own, mirror).minimumAge).toMatchObject({ hours: 168 });
    expect(ofImage(own, mirror).minimumAge?.mode).toBe(mode);
  });

  test('of an image lacks the checks that it turns off, and has the others', () => {
    const mirror = { ...AGE, maximumSeverity: FindingSeverity.LOW };
    expect(Object.keys(ofImage({ scanMode: OFF }, mirror))).toEqual(['minimumAge']);
    expect(ofImage({ mode: OFF }, mirror)).toEqual({});
  });
});

describe('the longest gap', () => {
  const gap = (times: Partial<RunTimes>, own: AdmissionOptions = AGE) => ofMirror(own, times).minimumAge!.maximumGapHours;

  test.each<[string, Partial<RunTimes>, number]>([
    ['one and a half days and the window of a daily schedule', {}, 37],
    ['one hour at least', { schedule: scheduler.ScheduleExpression.rate(Duration.minutes(5)), timeWindow: scheduler.TimeWindow.off() }, 1],
    ['two intervals at most', { schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)) }, 2],
    ['a whole number of hours', { schedule: scheduler.ScheduleExpression.rate(Duration.hours(3)), timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(10)) }, 5],
    ['the longest age at most', { schedule: scheduler.ScheduleExpression.rate(Duration.days(45)) }, 1440],
    ['that of a daily schedule for a daily cron schedule', { schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '3' }) }, 37],
    ['that of the longest pause in the day', { schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '0,8' }) }, 25],
    ['that of the longest pause in the week', { schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '3', weekDay: 'MON-FRI' }) }, 109],
    ['eight days for a cron schedule with days of the month', { schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '3', day: '1' }) }, 192],
    ['eight days without a schedule', { scheduled: false }, 192],
  ])('is %s', (_, times, hours) => {
    expect(gap(times)).toBe(hours);
  });

  test('is the chosen one', () => {
    expect(gap({}, { ...AGE, maximumGap: Duration.hours(25) })).toBe(25);
  });

  test('must not be shorter than the time between two runs', () => {
    expect(() => gap({}, { ...AGE, maximumGap: Duration.hours(24) })).toThrow(
      'the admission options of the mirror: maximumGap "1 day" is shorter than the 25 hours between two runs, so no image becomes old enough; '
      + 'use at least Duration.hours(25), or a schedule with more runs');
    expect(() => gap({ schedule: scheduler.ScheduleExpression.rate(Duration.days(61)) })).toThrow(/more than 60 days apart/);
  });
});

describe('a lock', () => {
  test('has the digest of the tag of the image, and no other', () => {
    expect(ofImage({ lockFile: lock() }).lock).toEqual({ digests: { stable: DIGEST } });
    expect(ofImage({}, { lockFile: lock(), lockMode: AUDIT }).lock).toEqual({ mode: 'AUDIT', digests: { stable: DIGEST } });
  });

  test('of a filter has all tags of the repository in the file', () => {
    const layers = { own: { lockFile: lock() }, ofMirror: {} };
    const { lock: policy } = declareAdmission('"nginx"', layers, DAILY, { source: 'docker.io/library/nginx' });
    expect(Object.keys(policy!.digests)).toEqual(['stable', 'other']);
  });

  test('of an image replaces the minimum age of the mirror when it is enforced, and only then', () => {
    expect(ofImage({ lockFile: lock() }, AGE).minimumAge).toBeUndefined();
    expect(ofImage({ lockFile: lock(), lockMode: AUDIT }, AGE).minimumAge).toBeDefined();
    expect(ofImage({ lockMode: OFF }, { lockFile: lock(), signatures: [signature()] })).not.toHaveProperty('lock');
  });

  test('excludes a minimum age of the same object, and of an image in a mirror with a lock', () => {
    expect(() => ofImage({ ...AGE, lockFile: lock() })).toThrow(
      'minimumAge has no effect, because lockFile decides when an image is served; remove minimumAge, or set lockMode: AdmissionMode.OFF or AUDIT');
    expect(() => ofImage(AGE, { lockFile: lock() })).toThrow(/because the lock of the mirror decides when an image is served/);
    expect(() => ofMirror({ ...AGE, lockFile: lock() })).toThrow(/minimumAge has no effect/);
    expect(ofImage({ ...AGE, lockFile: lock(), lockMode: AUDIT })).toHaveProperty('minimumAge');
  });
});

describe('synthesis fails', () => {
  test.each<[string, object, object, string]>([
    ['for an age of a year', { minimumAge: Duration.days(365) }, {},
      'minimumAge "365 days" must be a whole number of hours from 1 hour to 60 days; use for example Duration.days(7), or use a lock file to decide about each image'],
    ['for an age of zero', { minimumAge: Duration.hours(0) }, {}, 'minimumAge "0 hours" must be a whole number of hours'],
    ['for a part of an hour', { minimumAge: Duration.minutes(90) }, {}, 'must be a whole number of hours'],
    ['for an age of 60 days and an hour', { minimumAge: Duration.hours(1441) }, {}, 'from 1 hour to 60 days'],
    ['for a token', { minimumAge: Duration.hours(Token.asNumber(Lazy.number({ produce: () => 7 }))) }, {}, 'minimumAge must be known at synthesis, but it is a token'],
    ['for a number instead of a duration', { minimumAge: 7 }, {}, 'minimumAge must be an object of the CDK, but it is the number 7; write for example Duration.days(7)'],
    ['for a mode that does not exist', { ...AGE, mode: 'WARN' }, {}, 'use AdmissionMode.ENFORCE or AdmissionMode.AUDIT or AdmissionMode.OFF'],
    ['for a severity that does not exist', { maximumSeverity: 'UNDEFINED' }, {}, 'maximumSeverity must be a value of FindingSeverity'],
    ['for a single signature instead of a list', { signatures: signature() }, {}, 'signatures must be a list'],
    ['for no signature', { signatures: [] }, {}, 'signatures is empty; add a signature, or turn the check off with signatureMode: AdmissionMode.OFF'],
    ['for more signatures than the engine accepts', { signatures: Array.from({ length: 21 }, () => signature()) }, {}, 'signatures has 21 signatures, but at most 20'],
    ['for a path instead of a lock', { lockFile: 'images.lock.json' }, {}, 'write for example ImageLock.fromFile("images.lock.json")'],
    ['for options that are no object', ['minimumAge'], {}, 'admission must be an object, but it is a list'],
    ['for a mode of a check that is not set', { scanMode: AUDIT }, AGE, 'scanMode has no effect, because maximumSeverity is not set; remove scanMode'],
    ['for superseded digests without an age', { serveSuperseded: true }, {}, 'serveSuperseded has no effect, because minimumAge is not set'],
    ['for exceptions without a severity', { findingExceptions: [exception()] }, {}, 'findingExceptions has no effect, because maximumSeverity is not set'],
    ['for details of a check that is off', { mode: OFF, maximumGap: Duration.days(2) }, AGE, 'maximumGap has no effect, because the check is off'],
    ['for an age that is replaced by a lock', { lockFile: lock(), holdFirstCopies: true }, AGE,
      'holdFirstCopies has no effect, because the lock file decides when an image is served'],
    ['for a mode without any check', { mode: AUDIT }, {}, 'mode has no effect, because neither the image nor its mirror has a check'],
    ['for a check that is set and off', { ...AGE, minimumAgeMode: OFF }, {},
      'minimumAge is set, but minimumAgeMode is OFF, so new images are not checked; remove minimumAge, or use AdmissionMode.AUDIT'],
    ['for nothing to turn off', { lockMode: OFF }, {}, 'lockMode is OFF, but lockFile is not set, so there is nothing to turn off'],
    ['for an exception without a reason', { maximumSeverity: 'LOW', findingExceptions: [exception({ reason: ' ' })] }, {},
      'the exception for "CVE-2024-3094" must have a reason of 1 to 500 characters'],
    ['for an exception without an end', { maximumSeverity: 'LOW', findingExceptions: [exception({ expires: undefined })] }, {},
      'expires of the exception for "CVE-2024-3094" must be a date such as "2027-03-31", but it is undefined'],
    ['for a day that the calendar lacks', { maximumSeverity: 'LOW', findingExceptions: [exception({ expires: '2027-02-30' })] }, {}, 'must be a date'],
    ['for an exception of all vulnerabilities', { maximumSeverity: 'LOW', findingExceptions: [exception({ vulnerability: 'CVE-*' })] }, {},
      'the exception for "CVE-*" is not for a valid ID of a vulnerability'],
    ['for two exceptions of a vulnerability', { maximumSeverity: 'LOW', findingExceptions: [exception(), exception({ expires: '2028-01-01' })] }, {},
      'findingExceptions has "CVE-2024-3094" twice'],
  ])('%s', (_, own, mirror, message) => {
    expect(() => ofImage(own as AdmissionOptions, mirror)).toThrow(message);
  });

  test('for a mirror with all checks off', () => {
    expect(() => ofMirror({ ...AGE, mode: OFF })).toThrow('minimumAge is set, but mode is OFF');
    expect(() => ofMirror({ mode: OFF })).toThrow('mode is OFF for the whole mirror, which has no checks then; remove mode');
  });

  test('with all mistakes at once', () => {
    const mistakes = { minimumAge: Duration.days(365), scanMode: AUDIT, findingExceptions: [exception({ reason: '' })] };
    expect(() => ofImage(mistakes)).toThrow(/^the admission options of "nginx" have 4 mistakes:\n {2}- minimumAge .*\n {2}- .*reason.*\n {2}- scanMode .*\n {2}- findingExceptions has no effect/);
  });
});

test('options that plain JavaScript sets to null are not set', () => {
  const options = { minimumAge: null, signatures: null, mode: null, lockFile: null } as unknown as AdmissionOptions;
  expect(ofImage(options)).toEqual({});
});
