/** The metrics of a customized image, played: the mirror's own build mirrors it, and starts the builds that customize it. */
import { Stack } from 'aws-cdk-lib';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { ImageMirror, MirroredImage } from '../../src';
import { multiPlatformImage } from '../support/fixture-images';
import { UPSTREAM } from '../support/local-account';
import { LocalMirror } from '../support/local-mirror';
import { valueOf } from '../support/metric-values';

const IMAGE = `${UPSTREAM}/team/app:stable`;
const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;

let deployed: LocalMirror;
let mirror: ImageMirror;
let image: MirroredImage;
let metrics: Readonly<Record<string, [ofMirror: ReturnType<ImageMirror['metricFailed']>, ofImage: ReturnType<ImageMirror['metricFailed']>]>>;
beforeEach(async () => {
  deployed = await LocalMirror.deploy((one) => {
    mirror = one;
    image = mirror.addImage(IMAGE, { dockerfileLines: ['RUN true'], customPlatforms: [LINUX_AMD64, LINUX_ARM64] });
    metrics = {
      copied: [mirror.metricCopied(), image.metricCopied()],
      failed: [mirror.metricFailed(), image.metricFailed()],
      succeeded: [mirror.metricSucceeded(), image.metricSucceeded()],
      unchanged: [mirror.metricUnchanged(), image.metricUnchanged()],
      seconds: [mirror.metricSeconds(), image.metricSeconds()],
    };
  });
  deployed.account.upstream.push('team/app', 'stable', multiPlatformImage());
});
afterEach(async () => {
  await deployed.close();
  expect(deployed.errors()).toEqual([]);
});

/** Runs the schedules, and returns what is counted of that alone, the same for the mirror and its only image. */
async function run(): Promise<{ copied?: number; failed?: number; succeeded?: number; unchanged?: number }> {
  const before = deployed.builds.length;
  await deployed.runSchedules();
  const lines = deployed.builds.slice(before).flatMap(({ running }) => running.lines);
  const values = (index: 0 | 1) => Object.fromEntries(['copied', 'failed', 'succeeded', 'unchanged'].map((name) => [name, valueOf(metrics[name][index], lines, Stack.of(mirror), deployed.template)]));
  expect(values(0)).toEqual(values(1));
  return values(0);
}

/** Those of the last run that name the customized image. */
function customResults(): Record<string, any>[] {
  return deployed.results(deployed.customBuilds.slice(-2));
}

test('a customized image counts for itself when a build has completed it, and with the image when a run finds it so', async () => {
  const { copied, failed, succeeded } = await run();
  const complete = customResults().filter(({ outcome, targetDigest }) => outcome === 'copied' && targetDigest !== undefined).length;
  expect(complete).toBeGreaterThan(0);
  expect({ copied, failed, succeeded }).toEqual({ copied: 1 + complete, failed: undefined, succeeded: complete });
  expect(await run()).toEqual({ unchanged: 1, succeeded: 1 });
});

test('one build of two that fails is a failure, and what the other has built is neither new nor a success', async () => {
  deployed.docker.onBuild = ({ machine }) => machine === 'linux/arm64' ? { code: 1, stderr: 'no' } : undefined;
  expect(await run()).toEqual({ copied: 1, failed: 1 });
  expect(customResults().map(({ outcome, targetDigest }) => [outcome, targetDigest]).sort()).toEqual([['copied', undefined], ['failed', undefined]]);
  // The image itself is up to date, and its customized image still is not.
  expect(await run()).toEqual({ unchanged: 1, failed: 1 });
  deployed.docker.onBuild = undefined;
  expect(await run()).toMatchObject({ unchanged: 1, succeeded: expect.any(Number) });
});

test('the seconds are those of mirroring it', async () => {
  await run();
  const [{ seconds }] = deployed.results(deployed.builds.slice(0, 1));
  const lines = deployed.builds.flatMap(({ running }) => running.lines);
  expect(valueOf(metrics.seconds[1], lines, Stack.of(mirror), deployed.template)).toBe(seconds);
});
