import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import {
  CustomImage, customImageProblem, customPlatformTag, customTag, orderedPlatforms, parseCustomImage, platformsBuiltOn, processorsOf, recipeText,
} from '../../src/image/custom-image';
import { isTag } from '../../src/image/image-reference';
import { platformOfProcessor, processorOfPlatform } from '../../src/image/platform';

const IMAGE: CustomImage = { repository: 'mirror/custom/nginx', lines: ['RUN true'], platforms: ['linux/amd64', 'linux/arm64'] };
const TAGS = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('a customized image in a variable', () => {
  test('is read as it was written', () => {
    expect(parseCustomImage(JSON.stringify(IMAGE))).toEqual(IMAGE);
    expect(customImageProblem(IMAGE)).toBeUndefined();
  });

  test.each([
    '', 'nonsense', 'null', '[]', '"text"', '{}',
    JSON.stringify({ ...IMAGE, lines: 'RUN true' }), JSON.stringify({ ...IMAGE, lines: [1] }), JSON.stringify({ ...IMAGE, platforms: undefined }),
    JSON.stringify({ ...IMAGE, repository: 7 }), JSON.stringify({ ...IMAGE, more: 1 }),
  ])('is none: %s', (text) => {
    expect(parseCustomImage(text)).toBeUndefined();
  });

  test.each<[Partial<CustomImage>, RegExp]>([
    [{ repository: '../other' }, /^a repository name must be/],
    [{ lines: ['FROM alpine'] }, /starts with "FROM"/],
    [{ lines: [] }, /no lines/],
    [{ platforms: [] }, /^platforms is empty/],
    [{ platforms: ['linux/arm64', 'linux/amd64'] }, /alphabetical order/],
    [{ platforms: ['linux/amd64', 'linux/amd64'] }, /alphabetical order/],
    [{ platforms: ['linux/arm64/v8'] }, /alphabetical order/],
    [{ platforms: ['linux/amd64 --push'] }, /alphabetical order/],
    [{ platforms: ['linux/s390x'] }, /^no CodeBuild builds run on linux\/s390x, so RUN is not possible; remove RUN or the platform$/],
    [{ platforms: ['windows/amd64'] }, /^no CodeBuild builds run on windows\/amd64/],
  ])('is refused: %j', (change, problem) => {
    expect(customImageProblem({ ...IMAGE, ...change })).toMatch(problem);
  });

  test('may be for any platform as long as no line runs a command', () => {
    expect(customImageProblem({ ...IMAGE, lines: ['ENV A=1'], platforms: ['linux/arm', 'linux/arm/v6', 'linux/s390x'] })).toBeUndefined();
  });
});

test('platforms have one spelling and one order', () => {
  expect(orderedPlatforms(['linux/arm64/v8', 'linux/amd64', 'linux/arm64'])).toEqual(['linux/amd64', 'linux/arm64']);
  expect(orderedPlatforms(['linux'])).toBeUndefined();
});

describe('the tag of a customized image', () => {
  const recipe = digestOf(recipeText(IMAGE));

  test('is that of the image with twelve digits of the recipe behind it', () => {
    expect(customTag('1.14', recipe)).toBe(`1.14-${recipe.slice(7, 19)}`);
    expect(customPlatformTag('1.14', 'linux/arm64', recipe)).toBe(`1.14-${recipe.slice(7, 19)}-linux-arm64`);
  });

  test('is another for other lines, another order of lines, and other platforms', () => {
    const lines = ['RUN a', 'RUN b'];
    const recipes = [{ ...IMAGE, lines }, { ...IMAGE, lines: ['RUN b', 'RUN a'] }, { ...IMAGE, lines: ['RUN a RUN b'] }, { ...IMAGE, lines, platforms: ['linux/amd64'] }];
    expect(new Set(recipes.map((one) => customTag('1', digestOf(recipeText(one))))).size).toBe(4);
  });

  test('is a tag, whatever that of the image is, and has the recipe behind it', () => {
    fc.assert(fc.property(TAGS, (tag) => {
      for (const [made, ending] of [[customTag(tag, recipe), ''], [customPlatformTag(tag, 'linux/arm64', recipe), '-linux-arm64']]) {
        expect(isTag(made)).toBe(true);
        expect(made.endsWith(`-${recipe.slice(7, 19)}${ending}`)).toBe(true);
      }
    }));
  });

  test('of a single platform is that of all platforms of no other image', () => {
    expect(customPlatformTag('2.8.0', 'linux/amd64', recipe)).not.toBe(customTag('2.8.0-linux-amd64', recipe));
    fc.assert(fc.property(TAGS, fc.constantFrom('linux/amd64', 'linux/arm64', 'linux/arm/v7', 'windows/amd64'), (tag, platform) => {
      // Whatever its lines are, the tag of all platforms ends in a recipe.
      expect(customPlatformTag(tag, platform, recipe)).not.toMatch(/-[0-9a-f]{12}$/);
    }));
  });
});

describe('a customized image is built', () => {
  test('on a processor of each platform when commands are run', () => {
    expect(processorsOf(IMAGE, 'x86_64')).toEqual(['x86_64', 'arm64']);
    expect(processorsOf({ ...IMAGE, platforms: ['linux/arm64'] }, 'x86_64')).toEqual(['arm64']);
    expect(platformsBuiltOn(IMAGE, 'arm64')).toEqual(['linux/arm64']);
    expect(platformsBuiltOn({ ...IMAGE, platforms: ['linux/386', 'linux/amd64'] }, 'x86_64')).toEqual(['linux/386', 'linux/amd64']);
  });

  test('on any one when none are', () => {
    const image = { ...IMAGE, lines: ['ENV A=1'] };
    expect(processorsOf(image, 'arm64')).toEqual(['arm64']);
    expect(platformsBuiltOn(image, 'arm64')).toEqual(IMAGE.platforms);
  });
});

test('a processor runs its own platform, and no Windows', () => {
  for (const processor of ['x86_64', 'arm64'] as const) expect(processorOfPlatform(platformOfProcessor(processor))).toBe(processor);
  expect([processorOfPlatform('windows/amd64'), processorOfPlatform('linux/arm/v7'), processorOfPlatform('nonsense')]).toEqual([undefined, undefined, undefined]);
});
