import * as fc from 'fast-check';
import { isTag } from '../../src/image/image-reference';
import { parsePlatform, Platform, samePlatform, platformTag, platformTagsProblem } from '../../src/image/platform';

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (parsed === undefined) throw new Error(`${JSON.stringify(text)} is no platform`);
  return parsed;
}

const platforms = (...texts: string[]) => texts.map(platform);

test.each([
  ['stable', 'linux/arm64', 'stable-linux-arm64'],
  ['1.0.0', 'linux/amd64', '1.0.0-linux-amd64'],
  ['1.0.0', 'linux/arm/v6', '1.0.0-linux-arm-v6'],
  ['1.0.0', 'windows/amd64', '1.0.0-windows-amd64'],
  ['digest-0123456789ab', 'linux/arm64', 'digest-0123456789ab-linux-arm64'],
])('the image of %s for %s is %s', (tag, text, expected) => {
  expect(platformTag(tag, platform(text))).toBe(expected);
});

test.each([['linux/arm64', 'linux/arm64/v8'], ['linux/arm', 'linux/arm/v7'], ['linux/amd64', 'linux/amd64/v1']])('%s and %s have the same tag', (one, other) => {
  expect(platformTag('stable', platform(one))).toBe(platformTag('stable', platform(other)));
});

test('a long tag is cut to make room for the platform', () => {
  expect(platformTag('a'.repeat(128), platform('linux/arm64'))).toBe(`${'a'.repeat(116)}-linux-arm64`);
});

const PART = fc.stringMatching(/^[a-z0-9._-]{1,20}$/);

test('every tag and platform make a tag that is one', () => {
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
  const any = fc.record({ os: PART, architecture: PART, variant: PART }, { requiredKeys: ['os', 'architecture'] });
  fc.assert(fc.property(tag, any, (text, one) => expect(isTag(platformTag(text, one))).toBe(true)));
});

test('platforms that differ have tags that differ', () => {
  const word = fc.constantFrom('linux', 'windows', 'amd64', 'arm64', 'arm', 's390x', 'v6', 'v7', 'v8');
  const any = fc.record({ os: word, architecture: word, variant: word }, { requiredKeys: ['os', 'architecture'] });
  fc.assert(fc.property(any, any, (one, other) => {
    expect(platformTag('stable', one) === platformTag('stable', other)).toBe(samePlatform(one, other));
  }));
});

describe('tags of their own', () => {
  test.each([
    ['where all platforms are mirrored', ['linux/s390x'], undefined],
    ['of the platforms that are mirrored', ['linux/arm64'], ['linux/amd64', 'linux/arm64']],
    ['of such a platform in another spelling', ['linux/arm64/v8'], ['linux/arm64']],
  ])('are no problem %s', (_, tagged, mirrored) => {
    expect(platformTagsProblem(platforms(...tagged), mirrored && platforms(...mirrored))).toBeUndefined();
  });

  test('are one for a platform that is left out, in words that name both', () => {
    expect(platformTagsProblem(platforms('linux/arm64', 'linux/s390x', 'linux/arm/v6'), platforms('linux/amd64', 'linux/arm64')))
      .toBe('only linux/amd64, linux/arm64 is mirrored, so there is no image for a tag of linux/s390x, linux/arm/v6; add the platform, or remove its tag');
  });
});
