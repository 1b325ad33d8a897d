/** Customized images of base images that checks hold, or that upstream no longer has: they are built from the image that the mirror serves. */
import { checkCustomImage, CustomBuildStarter } from '../../../src/engine/customize/custom-builds';
import { Recipe } from '../../../src/engine/customize/recipe';
import { MirrorResult, NO_TRANSFER } from '../../../src/engine/result';
import { indexOf, singleImage } from '../../support/fixture-images';
import { requestOf, withTools } from '../../support/mirror-request';
import { withRegistries } from '../../support/with-servers';

const SERVED = singleImage({ seed: 'served' });
const NEWER = singleImage({ seed: 'newer' });
const CUSTOM = { repository: 'custom/app', lines: ['ENV A=1'], platforms: ['linux/amd64'] };

const { target: mirror } = withRegistries();

const request = () => requestOf('registry.example.com/app:stable', `${mirror.host}/app:stable`, { custom: CUSTOM });
const resultOf = (fields: Partial<MirrorResult>): MirrorResult => {
  return { ...NO_TRANSFER, source: 'registry.example.com/app:stable', target: `${mirror.host}/app:stable`, outcome: 'unchanged', ...fields };
};

/** Results whose tag serves an image. */
const SERVING: [string, Partial<MirrorResult>][] = [
  ['held', { outcome: 'held', heldBy: ['unsigned'], sourceDigest: NEWER.digest, targetDigest: SERVED.digest }],
  ['upstream-gone', { outcome: 'upstream-gone', targetDigest: SERVED.digest }],
];
/** A result of an image that was never served. */
const HELD_FIRST: Partial<MirrorResult> = { outcome: 'held', reason: 'held', heldBy: ['unsigned'], sourceDigest: NEWER.digest };

/** Puts the customized image of a base image into the mirror. */
function pushCustomized(baseDigest: string): void {
  const { labels, tag } = new Recipe(CUSTOM, 'stable', baseDigest);
  mirror.push(CUSTOM.repository, tag, indexOf([SERVED], { annotations: labels }));
}

const PROJECT = { project: 'custom', processor: 'x86_64' } as const;

describe.each(SERVING)('a base image that is %s', (_, fields) => {
  test('starts no build when its customized image was built from the served image', async () => {
    pushCustomized(SERVED.digest);
    const result = resultOf(fields);
    expect(await withTools((tools) => new CustomBuildStarter(PROJECT, tools).startBuilds(result, request()))).toEqual(result);
  });

  test('needs a build when its customized image was built from the newer image, which is not served', async () => {
    pushCustomized(NEWER.digest);
    // A run without a project for customized images fails only if it would start a build.
    const { outcome, reason } = await withTools((tools) => new CustomBuildStarter(undefined, tools).startBuilds(resultOf(fields), request()));
    expect([outcome, reason]).toEqual(['failed', 'invalid-configuration']);
  });

  test('is the base image of the next build as it is served', async () => {
    const [custom] = await withTools((tools) => checkCustomImage(request(), resultOf({ ...fields, dryRun: true }), tools));
    expect(custom).toMatchObject({ outcome: 'copied', builtFrom: `${mirror.host}/app@${SERVED.digest}` });
    pushCustomized(SERVED.digest);
    expect(await withTools((tools) => checkCustomImage(request(), resultOf({ ...fields, dryRun: true }), tools))).toMatchObject([{ outcome: 'unchanged' }]);
  });
});

describe('a base image that is held and was never served', () => {
  test('starts no build, and stays held', async () => {
    const result = resultOf(HELD_FIRST);
    expect(await withTools((tools) => new CustomBuildStarter(PROJECT, tools).startBuilds(result, request()))).toEqual(result);
  });

  test('has no customized image to check', async () => {
    expect(await withTools((tools) => checkCustomImage(request(), resultOf({ ...HELD_FIRST, dryRun: true }), tools))).toEqual([]);
  });
});
