/** Floating tags that move, against the local Amazon ECR and its API. */
import { AwsApiError } from '../../support/aws-json-api';
import { Fault } from '../../support/fault';
import { multiPlatformImage, singleImage } from '../../support/fixture-images';
import { LocalRegistry } from '../../support/local-registry';
import { mirrorOne } from '../../support/mirror-request';
import { MIRROR, UpstreamAndImages } from '../../support/upstream-and-images';

const IMAGES = Array.from({ length: 8 }, (_, index) => singleImage({ seed: `image ${index}`, layers: 1 }));
const [FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH] = IMAGES;

let mirror: UpstreamAndImages;
beforeEach(async () => {
  mirror = await new UpstreamAndImages().start();
});
afterEach(async () => {
  await mirror.close();
  expect(mirror.errors).toEqual([]);
});

/** Moves a tag from image to image. */
async function moveThrough(images: readonly typeof FIRST[], tag = 'stable', keepPrevious = 3) {
  const results = [];
  for (const image of images) results.push(await mirror.move(tag, image, { keepPrevious }));
  return results;
}

describe('a floating tag that moves', () => {
  test('keeps the image that it leaves under the next number, before it names the new one', async () => {
    await mirror.move('stable', FIRST);
    mirror.ecr.resetRequests();
    expect(await mirror.move('stable', SECOND)).toMatchObject({ outcome: 'copied', keptAs: 'mirror.previous.stable.1' });
    expect(mirror.tagsOf(FIRST)).toEqual(['mirror.previous.stable.1']);
    expect(mirror.tagsOf(SECOND)).toEqual(['stable']);
    const puts = mirror.ecr.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/')).map(({ path }) => path.split('/').pop());
    expect(puts).toEqual(['mirror.previous.stable.1', 'stable']);
    expect(await mirror.move('stable', THIRD)).toMatchObject({ keptAs: 'mirror.previous.stable.2' });
    expect(mirror.tagsOf(SECOND)).toEqual(['mirror.previous.stable.2']);
  });

  test('keeps nothing by default, and asks for no list of images', async () => {
    await moveThrough([FIRST, SECOND], 'stable', 0);
    expect([mirror.retentionTags, mirror.listings, mirror.tagsOf(FIRST)]).toEqual([[], 0, []]);
  });

  test('asks for no list while it names the same image, and sends one request to each registry', async () => {
    await mirror.move('stable', FIRST);
    const listings = mirror.listings;
    mirror.ecr.resetRequests();
    expect(await mirror.run('stable')).toMatchObject({ outcome: 'unchanged', requests: { source: 1 } });
    const answered = mirror.ecr.requests.filter(({ status }) => status !== 401).map(({ method, path }) => `${method} ${path}`);
    expect([answered, mirror.listings]).toEqual([['GET /v2/mirror/app/manifests/stable'], listings]);
  });

  test('marks the images beyond the number that it keeps, the oldest first', async () => {
    const results = await moveThrough([FIRST, SECOND, THIRD, FOURTH, FIFTH]);
    expect(results.at(-1)).toMatchObject({ keptAs: 'mirror.previous.stable.4', expired: [FIRST.digest] });
    expect(mirror.tagsOf(FIRST)).toEqual([`mirror.expired.${FIRST.digest.slice(7, 19)}`, 'mirror.previous.stable.1']);
    expect(results.slice(0, -1).filter(({ expired }) => expired !== undefined)).toEqual([]);
    expect((await mirror.move('stable', SIXTH)).expired).toEqual([SECOND.digest]);
    expect(mirror.lines).toContain(`nothing needs ${FIRST.digest.slice(7, 19)} now: lifecycle rules can expire them`);
  });

  test('keeps each image once: a tag that flips between two images marks none', async () => {
    await moveThrough([FIRST, SECOND, FIRST, SECOND, FIRST, SECOND, FIRST, SECOND], 'stable', 1);
    expect(mirror.retentionTags.filter((tag) => !tag.startsWith('mirror.previous.'))).toEqual([]);
    expect(mirror.tagsOf(FIRST)).toContain('mirror.previous.stable.7');
  });

  test('that returns to an older image keeps it for as long as if it were new', async () => {
    await moveThrough([FIRST, SECOND, THIRD, FIRST, FOURTH, FIFTH], 'stable', 3);
    expect(mirror.tagsOf(FIRST)).toEqual(['mirror.previous.stable.1', 'mirror.previous.stable.4']);
    expect((await mirror.move('stable', SIXTH, { keepPrevious: 3 })).expired).toEqual([THIRD.digest]);
  });

  test('protects a marked image to which it returns, and does not mark it a second time', async () => {
    await moveThrough([FIRST, SECOND, THIRD], 'stable', 1);
    expect(mirror.tagsOf(FIRST)).toContain(`mirror.expired.${FIRST.digest.slice(7, 19)}`);
    await moveThrough([FIRST, FOURTH, FIFTH, SIXTH], 'stable', 1);
    expect(mirror.tagsOf(FIRST)).toContain(`mirror.kept.${FIRST.digest.slice(7, 19)}`);
  });

  test('keeps no number twice when a copy fails after the previous image was kept', async () => {
    await mirror.move('stable', FIRST);
    mirror.ecr.fail({ match: { method: 'PUT', path: /manifests\/stable$/ }, action: Fault.status(400), times: 10 });
    expect(await mirror.move('stable', SECOND)).toMatchObject({ outcome: 'failed', keptAs: 'mirror.previous.stable.1' });
    expect(mirror.digest('stable')).toBe(FIRST.digest);
    mirror.ecr.faults.clear();
    expect(await mirror.run('stable')).toMatchObject({ outcome: 'copied', keptAs: 'mirror.previous.stable.1' });
    expect(mirror.retentionTags).toEqual(['mirror.previous.stable.1']);
  });

  test('keeps the image that the tag names at that moment, also when another run has moved it since', async () => {
    await mirror.move('stable', FIRST);
    mirror.onLine = (line) => {
      if (line.endsWith(': copying')) mirror.ecr.push(MIRROR, 'stable', SECOND);
    };
    await mirror.move('stable', THIRD);
    expect([mirror.tagsOf(SECOND), mirror.tagsOf(THIRD)]).toEqual([['mirror.previous.stable.1'], ['stable']]);
  });

  test('with the platforms of an index keeps the index, and with it the images of its platforms', async () => {
    const [one, two] = ['one', 'two'].map((seed) => multiPlatformImage({ seed, layers: 1 }));
    await mirror.move('stable', one);
    await mirror.move('stable', two);
    expect(mirror.tagsOf(one)).toEqual(['mirror.previous.stable.1']);
  });

  test('with a very long name has a list of its own', async () => {
    const tags = ['a', 'b'].map((end) => `${'t'.repeat(120)}${end}`);
    for (const tag of tags) for (const image of [FIRST, SECOND]) await mirror.move(tag, image);
    expect(mirror.retentionTags).toHaveLength(2);
    for (const tag of mirror.retentionTags) expect(tag).toMatch(/^mirror\.previous\.t{89}-[0-9a-f]{12}\.1$/);
  });

  test('protects an image with very many tags instead of one more number', async () => {
    await mirror.move('stable', FIRST);
    for (let number = 1; number < 950; number++) mirror.ecr.push(MIRROR, `other-${number}`, FIRST);
    const name = `mirror.kept.${FIRST.digest.slice(7, 19)}`;
    expect(await mirror.move('stable', SECOND)).toMatchObject({ outcome: 'copied', keptAs: name });
    expect([mirror.digest(name), mirror.retentionTags]).toEqual([FIRST.digest, [name]]);
  });

  test('that is fixed, and a dry run, keep nothing', async () => {
    await mirror.move('stable', FIRST);
    expect(await mirror.move('stable', SECOND, { dryRun: true })).toMatchObject({ outcome: 'copied' });
    await mirror.move('1.0.0', FIRST, { kind: 'fixed' });
    expect(await mirror.move('1.0.0', SECOND, { kind: 'fixed', onTagMoved: 'SUFFIX' })).toMatchObject({ outcome: 'tag-moved' });
    expect([mirror.retentionTags, mirror.digest('stable')]).toEqual([[], FIRST.digest]);
  });
});

describe('an image that others need', () => {
  test('is not marked while a fixed tag names it, and the list releases it', async () => {
    await mirror.move('1.0.0', FIRST, { kind: 'fixed' });
    await moveThrough([FIRST, SECOND, THIRD], 'stable', 1);
    expect(mirror.tagsOf(FIRST)).toEqual(['1.0.0', 'mirror.previous.stable.1', 'mirror.released.stable.1']);
  });

  test('is marked by the last of the lists that need it', async () => {
    for (const tag of ['stable', 'latest']) await mirror.move(tag, FIRST, { keepPrevious: 1 });
    const stable = await moveThrough([SECOND, THIRD], 'stable', 1);
    expect(stable.flatMap(({ expired = [] }) => expired)).toEqual([]);
    const latest = await moveThrough([SECOND, THIRD], 'latest', 1);
    expect(latest.at(-1)!.expired).toEqual([FIRST.digest]);
  });

  test('is not marked when it came back to a list after its release', async () => {
    for (const tag of ['stable', 'latest']) await mirror.move(tag, FIRST, { keepPrevious: 1 });
    await moveThrough([SECOND, THIRD, FIRST, FOURTH], 'stable', 1);
    const latest = await moveThrough([FIFTH, SIXTH], 'latest', 1);
    expect(latest.flatMap(({ expired = [] }) => expired)).toEqual([]);
    expect((await mirror.move('stable', IMAGES[6], { keepPrevious: 1 })).expired).toEqual([FIRST.digest]);
  });

  test('of a slow tag stays while a fast tag in the same repository moves', async () => {
    await mirror.move('stable', FIRST, { keepPrevious: 2 });
    await mirror.move('stable', SECOND, { keepPrevious: 2 });
    await moveThrough(IMAGES.slice(2), 'nightly', 2);
    expect(mirror.tagsOf(FIRST)).toEqual(['mirror.previous.stable.1']);
  });
});

describe('when something fails', () => {
  beforeEach(() => mirror.move('stable', FIRST));

  test.each(['AccessDeniedException', 'RepositoryNotFoundException', 'ValidationException'])('%s is a warning, and the tag moves', async (code) => {
    mirror.ecr.describeRefusal = new AwsApiError(400, code, 'is not authorized to perform: ecr:DescribeImages');
    const result = await mirror.move('stable', SECOND);
    expect(result).toMatchObject({ outcome: 'copied', targetDigest: SECOND.digest });
    expect(result.keptAs).toBeUndefined();
    expect(result.warnings).toEqual([expect.stringMatching(new RegExp(`^the previous image ${FIRST.digest.slice(7, 19)} is not kept.*${code}.*allow ecr:DescribeImages`))]);
  });

  test.each<[string, number]>([['ThrottlingException', 400], ['ServerException', 500], ['TooManyRequestsException', 429]])('%s fails the image, and the tag stays', async (code, status) => {
    mirror.ecr.describeRefusal = new AwsApiError(status, code, 'Rate exceeded');
    expect(await mirror.move('stable', SECOND)).toMatchObject({ outcome: 'failed', message: expect.stringContaining(code) });
    expect([mirror.digest('stable'), mirror.retentionTags]).toEqual([FIRST.digest, []]);
    expect(mirror.listings).toBe(3);
  });

  test('a registry that cannot be reached for the tag of the previous image fails the image, and the tag stays', async () => {
    mirror.ecr.fail({ match: { path: /mirror\.previous/ }, action: Fault.reset(), times: 100 });
    expect(await mirror.move('stable', SECOND)).toMatchObject({ outcome: 'failed', reason: 'network' });
    expect(mirror.digest('stable')).toBe(FIRST.digest);
  });

  test.each([400, 403, 405])('a registry that refuses the tag of the previous image (%i) is a warning, and the tag moves', async (status) => {
    mirror.ecr.fail({ match: { method: 'PUT', path: /mirror\.previous/ }, action: Fault.status(status), times: 100 });
    const result = await mirror.move('stable', SECOND);
    expect(result).toMatchObject({ outcome: 'copied', targetDigest: SECOND.digest, warnings: [expect.stringContaining('is not kept')] });
  });

  test('a mark that cannot be put is a warning', async () => {
    mirror.ecr.fail({ match: { method: 'PUT', path: /mirror\.expired/ }, action: Fault.status(500), times: 100 });
    const [, , third] = await moveThrough([FIRST, SECOND, THIRD], 'stable', 1);
    expect(third).toMatchObject({ outcome: 'copied', warnings: [expect.stringContaining('not cleaned up in this run')] });
    expect(third.expired).toBeUndefined();
    mirror.ecr.faults.clear();
    expect((await mirror.move('stable', FOURTH, { keepPrevious: 1 })).expired).toEqual([FIRST.digest, SECOND.digest]);
  });

  test('a list of images that fails after a mark protects the marked image', async () => {
    await mirror.move('stable', SECOND, { keepPrevious: 1 });
    const [first] = [mirror.listings + 1];
    const result = await mirror.move('stable', THIRD, { keepPrevious: 1 }, {
      listImages: (repository, context) => {
        if (mirror.listings >= first) mirror.ecr.describeRefusal = new AwsApiError(500, 'ServerException', 'broken');
        return mirror.listImages(repository, context);
      },
    });
    expect(result.expired).toBeUndefined();
    expect(mirror.tagsOf(FIRST)).toContain(`mirror.kept.${FIRST.digest.slice(7, 19)}`);
  });
});

describe('in an immutable repository', () => {
  beforeEach(async () => {
    await mirror.close();
    mirror = await new UpstreamAndImages({ imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['stable'] }).start();
  });

  test('previous images are kept, released, and marked', async () => {
    await mirror.move('1.0.0', SECOND, { kind: 'fixed' });
    const results = await moveThrough([FIRST, SECOND, THIRD, FOURTH], 'stable', 1);
    expect(results.flatMap(({ warnings = [] }) => warnings)).toEqual([]);
    expect(results.at(-2)!.expired).toEqual([FIRST.digest]);
    expect(mirror.tagsOf(SECOND)).toContain('mirror.released.stable.2');
  });

  test('a number that another run takes first is followed by the next one', async () => {
    await mirror.move('stable', FIRST);
    let isFirst = true;
    const result = await mirror.move('stable', SECOND, {}, {
      listImages: async (repository, context) => {
        const images = await mirror.listImages(repository, context);
        if (isFirst) mirror.ecr.push(MIRROR, 'mirror.previous.stable.1', THIRD);
        isFirst = false;
        return images;
      },
    });
    expect(result).toMatchObject({ outcome: 'copied', keptAs: 'mirror.previous.stable.2' });
    expect(mirror.tagsOf(FIRST)).toEqual(['mirror.previous.stable.2']);
  });
});

describe('two runs at the same time', () => {
  const MARK = `mirror.expired.${FIRST.digest.slice(7, 19)}`;
  const SHIELD = `mirror.kept.${FIRST.digest.slice(7, 19)}`;

  test('the run that marks an image protects it when a tag has appeared', async () => {
    await moveThrough([FIRST, SECOND], 'stable', 1);
    const result = await mirror.move('stable', THIRD, { keepPrevious: 1 }, {
      listImages: (repository, context) => {
        if (mirror.digest(MARK) !== undefined) mirror.ecr.push(MIRROR, 'latest', FIRST); // as another run puts it, just after the mark
        return mirror.listImages(repository, context);
      },
    });
    expect(mirror.tagsOf(FIRST)).toContain(SHIELD);
    expect(result.expired).toBeUndefined();
  });

  test('the run that puts a tag protects the image when it is marked', async () => {
    await moveThrough([FIRST, SECOND, THIRD], 'stable', 1);
    expect(mirror.tagsOf(FIRST)).toContain(MARK);
    expect(await mirror.move('1.0.0', FIRST, { kind: 'fixed' })).toMatchObject({ outcome: 'copied' });
    expect(mirror.tagsOf(FIRST)).toContain(SHIELD);
  });

  test('a mark of another image with the same short digest protects nothing', async () => {
    mirror.ecr.push(MIRROR, MARK, SECOND);
    await mirror.move('1.0.0', FIRST, { kind: 'fixed' });
    expect(mirror.digest(SHIELD)).toBeUndefined();
  });
});

describe('a registry other than Amazon ECR', () => {
  const target = new LocalRegistry();
  beforeEach(() => target.start());
  afterEach(() => target.close());

  async function move(image: typeof FIRST) {
    mirror.upstream.push('app', 'stable', image);
    return mirrorOne(`${mirror.upstream.host}/app:stable`, `${target.host}/copy:stable`, { keepPrevious: 1 });
  }

  test('gets numbered tags, and no marks', async () => {
    for (const image of [FIRST, SECOND, THIRD]) await move(image);
    expect([...target.repository('copy').tags.keys()].sort()).toEqual(['mirror.previous.stable.1', 'mirror.previous.stable.2', 'stable']);
    expect((await move(SECOND)).keptAs).toBe('mirror.previous.stable.3');
  });

  test.each([404, 405])('that lists no tags (%i) is a warning', async (status) => {
    await move(FIRST);
    target.fail({ match: { path: /tags\/list/ }, action: Fault.status(status), times: 10 });
    expect(await move(SECOND)).toMatchObject({ outcome: 'copied', warnings: [expect.stringContaining('is not kept')] });
  });
});

test('an image is never mirrored under a tag that is reserved for retention', async () => {
  const tag = `mirror.expired.${FIRST.digest.slice(7, 19)}`;
  expect(await mirror.move(tag, FIRST)).toMatchObject({ outcome: 'failed', reason: 'invalid-reference', message: expect.stringContaining('mirror the image by its digest') });
  expect(mirror.retentionTags).toEqual([]);
});
