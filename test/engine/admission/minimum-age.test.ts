/** The minimum age of new images, with real registries and a clock that the tests move. */
import type { AdmissionPolicy } from '../../../src/image/admission/admission-policy';
import { singleImage } from '../../support/fixture-images';
import { GatedMirror } from '../../support/gated-mirror';

const POLICY: AdmissionPolicy = { minimumAge: { hours: 24, maximumGapHours: 3 } };
const [GOOD, NEXT, MALWARE, FIX] = ['good', 'next', 'malware', 'fix'].map((seed) => singleImage({ seed }));

let gate: GatedMirror;
beforeEach(async () => { gate = await new GatedMirror().start(); });
afterEach(() => gate.close());

/** Serves the first image, which the mirror copies. */
async function serveFirst(): Promise<string> {
  const digest = gate.serve(GOOD);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'copied', checks: ['the first copy of an image that the app names'] });
  return digest;
}

test('a new image is held until it is old enough, and then served', async () => {
  const first = await serveFirst();
  const next = gate.serve(NEXT);
  const held = await gate.runHourly(23, POLICY);
  expect(held).toMatchObject({
    outcome: 'held', heldBy: ['minimum-age'], eligibleAt: '2027-01-02T00:00:00Z', heldSince: '2027-01-01T00:00:00Z', heldHours: 23, targetDigest: first,
  });
  expect(held.reason).toBeUndefined();
  expect(gate.served()).toBe(first);
  gate.pass(1);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'copied', targetDigest: next });
  expect(gate.served()).toBe(next);
});

test('an unchanged image costs no more requests than without checks, and leaves no marker', async () => {
  await serveFirst();
  const { requests } = await gate.run({});
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'unchanged', requests });
  expect(gate.seen()).toEqual([]);
});

test('malware that upstream withdraws within its minimum age is never served', async () => {
  const first = await serveFirst();
  gate.serve(MALWARE);
  expect((await gate.runHourly(10, POLICY)).outcome).toBe('held');
  gate.serve(GOOD);
  expect((await gate.runHourly(30, POLICY)).outcome).toBe('unchanged');
  expect(gate.served()).toBe(first);
});

test('malware that upstream replaces with a fix never becomes old enough', async () => {
  const first = await serveFirst();
  gate.serve(MALWARE);
  await gate.runHourly(20, POLICY);
  gate.serve(FIX);
  const result = await gate.runHourly(10, POLICY);
  expect(result).toMatchObject({ outcome: 'held', heldBy: ['minimum-age'] });
  expect(gate.served()).toBe(first);
});

test('an age starts again after a time in which runs did not see the digest', async () => {
  const first = await serveFirst();
  gate.serve(MALWARE);
  await gate.runHourly(2, POLICY);
  gate.serve(GOOD);
  await gate.runHourly(30, POLICY);
  gate.serve(MALWARE);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'held', heldHours: 0 });
  expect(gate.served()).toBe(first);
});

test('a digest that alternates with another one starts its age again each time', async () => {
  const first = await serveFirst();
  for (let day = 0; day < 3; day++) {
    gate.serve(MALWARE);
    await gate.runHourly(15, POLICY);
    gate.serve(NEXT);
    await gate.runHourly(15, POLICY);
  }
  expect(gate.served()).toBe(first);
});

test('the age of a digest under one tag does not count for another tag', async () => {
  await serveFirst();
  gate.serve(GOOD, 'dev');
  await gate.run(POLICY, { tag: 'dev' });
  gate.serve(NEXT, 'dev');
  for (let hour = 0; hour < 25; hour++) {
    await gate.run(POLICY, { tag: 'dev' });
    gate.pass(1);
  }
  const next = gate.serve(NEXT);
  expect(gate.served('dev')).toBe(next);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'held', heldBy: ['minimum-age'], heldHours: 0 });
});

test('a tag that moves more often than its minimum age is reported as starved', async () => {
  await serveFirst();
  for (let day = 0; day < 3; day++) {
    gate.serve(singleImage({ seed: `day ${day}` }));
    await gate.runHourly(12, POLICY);
  }
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'held', starved: true, message: expect.stringContaining('set serveSuperseded') });
});

test('with serveSuperseded, the newest image that is old enough is served, and never an older one again', async () => {
  const policy = { minimumAge: { ...POLICY.minimumAge!, serveSuperseded: true } };
  const first = await serveFirst();
  const digests = [first];
  const served: string[] = [];
  for (let day = 0; day < 4; day++) {
    digests.push(gate.serve(singleImage({ seed: `day ${day}` })));
    await gate.runHourly(11, policy);
    served.push(gate.served()!);
    gate.pass(1);
  }
  expect(served.map((digest) => digests.indexOf(digest))).toEqual([0, 0, 1, 2]);
});

test('with serveSuperseded, an image that upstream withdrew is not served', async () => {
  const policy = { minimumAge: { ...POLICY.minimumAge!, serveSuperseded: true } };
  const first = await serveFirst();
  gate.serve(NEXT);
  await gate.runHourly(5, policy);
  const malware = gate.serve(MALWARE);
  await gate.runHourly(5, policy);
  const next = gate.serve(NEXT);
  await gate.runHourly(20, policy);
  expect(gate.served()).not.toBe(malware);
  expect([first, next]).toContain(gate.served());
});

test('a return to an image that the tag served before skips the age', async () => {
  const first = await serveFirst();
  const next = gate.serve(NEXT);
  await gate.runHourly(24, POLICY);
  expect(gate.served()).toBe(next);
  gate.serve(GOOD);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'copied', checks: ['the tag returns to an image that it served'] });
  expect(gate.served()).toBe(first);
});

test('the first copy of a tag that a filter selects is held, and the mirror says that it has no image yet', async () => {
  gate.serve(GOOD);
  const result = await gate.run(POLICY, { isNamed: false });
  expect(result).toMatchObject({ outcome: 'held', reason: 'held', heldBy: ['minimum-age'] });
  expect(result.message).toContain('the mirror has no image under this tag yet');
  expect(gate.served()).toBeUndefined();
});

test('with holdFirstCopies, the first copy of a named image is held too', async () => {
  gate.serve(GOOD);
  expect(await gate.run({ minimumAge: { ...POLICY.minimumAge!, holdFirstCopies: true } })).toMatchObject({ outcome: 'held', reason: 'held' });
});

test('a copy is not the first one if the tag has been served and deleted', async () => {
  await serveFirst();
  gate.serve(NEXT);
  await gate.runHourly(24, POLICY);
  gate.ecr.images('mirror/app').delete([gate.served()!]);
  gate.serve(MALWARE);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'held', heldBy: ['minimum-age'] });
});

test('in audit mode, a new image is served at once, and the result says what would hold it', async () => {
  const policy = { minimumAge: { ...POLICY.minimumAge!, mode: 'AUDIT' as const } };
  await serveFirst();
  const next = gate.serve(NEXT);
  expect(await gate.run(policy)).toMatchObject({ outcome: 'copied', wouldBeHeldBy: ['minimum-age'] });
  expect(gate.served()).toBe(next);
  expect(gate.seen()).toEqual([next]);
  expect((await gate.run(POLICY)).outcome).toBe('unchanged');
});

test('a marker from the future is an error, and no image is served', async () => {
  const first = await serveFirst();
  gate.serve(NEXT);
  gate.pass(48);
  await gate.run(POLICY);
  gate.pass(-48);
  expect(await gate.run(POLICY)).toMatchObject({ outcome: 'failed', message: expect.stringContaining('in the future') });
  expect(gate.served()).toBe(first);
});

test('a dry run says what holds an image, and writes nothing', async () => {
  await serveFirst();
  gate.serve(NEXT);
  expect(await gate.run(POLICY, { dryRun: true })).toMatchObject({ outcome: 'held', heldBy: ['minimum-age'], dryRun: true });
  expect(gate.seen()).toEqual([]);
});
