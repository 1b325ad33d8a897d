import { Session } from 'node:inspector';
import { fleetImages } from '../../bench/synth/fleet-images';
import { defineMirroredFleet } from '../../bench/synth/mirrored-fleet';
import { synthesize } from '../support/fleet-app';

/** How often functions of the library, and of the CDK for it, are called while a task runs: a measure of its work that no clock disturbs. */
function callsDuring(task: () => void): number {
  const session = new Session();
  session.connect();
  try {
    session.post('Profiler.enable');
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    task();
    let calls = 0;
    session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error) throw error;
      calls = coverage.result.filter(({ url }) => /aws-cdk-lib|constructs|[/\\]src[/\\]/.test(url))
        .flatMap(({ functions }) => functions)
        .reduce((sum, { ranges }) => sum + ranges[0].count, 0);
    });
    return calls;
  } finally {
    session.disconnect();
  }
}

function callsFor(images: number, stacks: number): number {
  return callsDuring(() => synthesize((app) => defineMirroredFleet(app, fleetImages(images), stacks)));
}

/** The calls that each further image takes, from one size of a fleet to the next; beyond 60 images, for up to there the build role names each. */
function callsForEach([small, large]: readonly (readonly [images: number, stacks: number])[]): number {
  return (callsFor(...large) - callsFor(...small)) / (large[0] - small[0]);
}

beforeAll(() => {
  callsFor(10, 2); // what is called once in a process
});

test('calls are counted', () => {
  expect(callsFor(20, 1)).toBeGreaterThan(callsFor(10, 1));
});

test('an image more takes as much work in a large stack as in a small one', () => {
  const few = callsForEach([[80, 1], [120, 1]]);
  const many = callsForEach([[190, 1], [230, 1]]);
  expect(many / few).toBeLessThan(1.02);
});

test('an image more takes as much work in a large fleet as in a small one', () => {
  const few = callsForEach([[80, 4], [120, 4]]);
  const many = callsForEach([[280, 4], [320, 4]]);
  expect(many / few).toBeLessThan(1.02);
});
