/** Locks, decisions of people, overlapping runs, and images that are gone upstream, with real registries. */
import type { ImageLister } from '../../../src/engine/retention/repository-images';
import type { AdmissionPolicy } from '../../../src/image/admission/admission-policy';
import { indexOf, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { GatedMirror } from '../../support/gated-mirror';

const AGE: AdmissionPolicy = { minimumAge: { hours: 24, maximumGapHours: 3 } };
const [GOOD, NEXT, NEWER] = ['good', 'next', 'newer'].map((seed) => singleImage({ seed }));

let gate: GatedMirror;
beforeEach(async () => { gate = await new GatedMirror().start(); });
afterEach(() => gate.close());

describe('a lock', () => {
  const lockOf = (digest: string): AdmissionPolicy => ({ lock: { digests: { stable: digest } } });

  test('serves only the locked digest, also after upstream has moved the tag', async () => {
    const locked = gate.serve(GOOD);
    const next = gate.serve(NEXT);
    expect(await gate.run(lockOf(locked))).toMatchObject({ outcome: 'copied', targetDigest: locked });
    const held = await gate.run(lockOf(locked));
    expect(held).toMatchObject({ outcome: 'held', heldBy: ['lock'], sourceDigest: next, targetDigest: locked });
    expect(held.reason).toBeUndefined();
    expect(held).not.toHaveProperty('heldHours');
  });

  test('moves the tag when the lock changes', async () => {
    const first = gate.serve(GOOD);
    await gate.run(lockOf(first));
    const next = gate.serve(NEXT);
    expect(await gate.run(lockOf(next))).toMatchObject({ outcome: 'copied', targetDigest: next });
    expect(await gate.run(lockOf(next))).toMatchObject({ outcome: 'unchanged' });
  });

  test('moves the tag back to a locked digest', async () => {
    const first = gate.serve(GOOD);
    await gate.run({});
    gate.serve(NEXT);
    await gate.run({});
    expect(await gate.run(lockOf(first))).toMatchObject({ outcome: 'copied', targetDigest: first });
  });

  test('holds a tag that the lock file does not have', async () => {
    gate.serve(GOOD);
    const result = await gate.run({ lock: { digests: {} } });
    expect(result).toMatchObject({ outcome: 'held', reason: 'held', heldBy: ['lock'] });
    expect(result.message).toContain('cdk-ecr-mirror lock --update');
  });

  test('does not have a tag with the name of a property of all objects', async () => {
    gate.serve(GOOD, 'constructor');
    const held = await gate.run({ lock: { digests: {} } }, { tag: 'constructor' });
    expect(held).toMatchObject({ outcome: 'held', heldBy: ['lock'], message: expect.stringContaining('the lock file does not have') });
  });

  test('is outranked by a release until the lock changes', async () => {
    const locked = gate.serve(GOOD);
    await gate.run(lockOf(locked));
    const next = gate.serve(NEXT);
    await gate.decide('released', next, { lock: locked });
    expect(await gate.run(lockOf(locked))).toMatchObject({ outcome: 'copied', targetDigest: next, decision: { by: 'security-team' } });
    expect(await gate.run(lockOf(locked))).toMatchObject({ outcome: 'unchanged' });
    const newer = gate.serve(NEWER);
    expect(await gate.run(lockOf(newer))).toMatchObject({ outcome: 'copied', targetDigest: newer });
  });
});

describe('a decision', () => {
  test('to refuse a digest holds it, however old it is', async () => {
    const first = gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    await gate.decide('refused', next);
    expect(await gate.runHourly(30, AGE)).toMatchObject({ outcome: 'held', heldBy: ['refused'], decision: { decision: 'refused', reason: 'a test' } });
    expect(gate.served()).toBe(first);
  });

  test('to release a digest serves it before its age', async () => {
    gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    await gate.run(AGE);
    await gate.decide('released', next);
    expect(await gate.run(AGE)).toMatchObject({ outcome: 'copied', targetDigest: next, decision: { decision: 'released' } });
  });

  test('to release a digest that upstream has replaced meanwhile serves it, and not the new one', async () => {
    gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    await gate.run(AGE);
    await gate.decide('released', next);
    gate.pass(1);
    gate.serve(NEWER);
    expect(await gate.run(AGE)).toMatchObject({ outcome: 'copied', targetDigest: next });
  });

  test('under one tag does not release the digest under another tag', async () => {
    const first = gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    await gate.decide('released', next, { tag: 'dev' });
    expect(await gate.run(AGE)).toMatchObject({ outcome: 'held' });
    expect(gate.served()).toBe(first);
  });

  test('to refuse a digest under one tag holds it under each tag', async () => {
    gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    await gate.decide('refused', next, { tag: 'dev' });
    expect(await gate.runHourly(30, AGE)).toMatchObject({ outcome: 'held', heldBy: ['refused'] });
  });
});

describe('an overlapping run', () => {
  test('that saw a newer digest stops the promotion of the older one', async () => {
    const first = gate.serve(GOOD);
    await gate.run(AGE);
    gate.serve(NEXT);
    await gate.runHourly(23, AGE);
    gate.pass(1);
    // While the image is judged, upstream moves the tag again.
    let newer = '';
    const onLine = (line: string) => { if (line.startsWith('upstream') && newer === '') newer = gate.serve(NEWER); };
    expect(await gate.run(AGE, { onLine })).toMatchObject({ outcome: 'held', sourceDigest: newer });
    expect(gate.served()).toBe(first);
  });

  test('during which a person refuses the image leaves the tag', async () => {
    const first = gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    await gate.runHourly(23, AGE);
    gate.pass(1);
    let isRefused = false;
    const listImages: ImageLister = async (repository, context) => {
      const images = await gate.listImages(repository, context);
      if (repository === 'mirror-decisions' && !isRefused) {
        isRefused = true;
        await gate.decide('refused', next);
      }
      return images;
    };
    expect(await gate.run(AGE, { listImages })).toMatchObject({ outcome: 'held', heldBy: ['refused'] });
    expect(gate.served()).toBe(first);
  });

  test('of the same image and the same time changes neither the age nor the result', async () => {
    const first = gate.serve(GOOD);
    await gate.run(AGE);
    const next = gate.serve(NEXT);
    for (let hour = 0; hour < 24; hour++) {
      const results = await Promise.all([gate.run(AGE), gate.run(AGE)]);
      expect(results.map(({ outcome }) => outcome)).toEqual(['held', 'held']);
      gate.pass(1);
    }
    expect(gate.served()).toBe(first);
    const results = await Promise.all([gate.run(AGE), gate.run(AGE)]);
    expect(results.every(({ reason, targetDigest }) => reason === undefined && targetDigest === next)).toBe(true);
  });
});

test('an image with a selection of platforms is judged by the digest upstream', async () => {
  const image = multiPlatformImage();
  const options = { platforms: [{ os: 'linux', architecture: 'amd64' }] };
  gate.serve(image);
  await gate.run(AGE, options);
  const before = gate.served();
  const next = gate.serve(indexOf([image, singleImage({ seed: 'another' })]));
  expect(await gate.run(AGE, options)).toMatchObject({ outcome: 'held', sourceDigest: next });
  expect(gate.seen()).toEqual([next]);
  expect(gate.served()).toBe(before);
});

test('a moved fixed tag with SUFFIX gets its second tag only after the checks', async () => {
  const options = { kind: 'fixed', onTagMoved: 'SUFFIX' } as const;
  gate.serve(GOOD);
  await gate.run(AGE, options);
  const next = gate.serve(NEXT);
  expect(await gate.run(AGE, options)).toMatchObject({ outcome: 'held', heldBy: ['minimum-age'] });
  const suffixed = `stable-${next.slice(7, 19)}`;
  expect(gate.served(suffixed)).toBeUndefined();
  await gate.runHourly(24, AGE, options);
  expect(gate.served(suffixed)).toBe(next);
});

test('an image with checks fails without a quarantine', async () => {
  gate.serve(GOOD);
  const result = await gate.run(AGE, { admissionTools: undefined });
  expect(result).toMatchObject({ outcome: 'failed', reason: 'invalid-configuration', message: expect.stringContaining('no quarantine repository') });
  expect(gate.served()).toBeUndefined();
});

describe('an image that is gone upstream', () => {
  beforeEach(async () => {
    gate.serve(GOOD);
    await gate.run({});
    gate.upstream.repository('app').tags.delete('stable');
  });

  test('stays in the mirror, with a warning and a successful result', async () => {
    const result = await gate.run({});
    expect(result).toMatchObject({ outcome: 'upstream-gone', warnings: [expect.stringContaining('keeps its copy')] });
    expect(result.reason).toBeUndefined();
    expect(gate.served()).toBeDefined();
  });

  test('is a failure if the app wants that', async () => {
    expect(await gate.run({}, { onUpstreamGone: 'FAIL' })).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });

  test('is a failure if the mirror does not have it', async () => {
    expect(await gate.run({}, { tag: 'other' })).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });
});
