import * as fc from 'fast-check';
import { formatPlatform, parsePlatform, Platform, samePlatform } from '../../src/image/platform';

function same(asked: string, offered: string): boolean {
  return samePlatform(parsePlatform(asked)!, parsePlatform(offered)!);
}

test.each([
  ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
  ['linux/arm/v7', { os: 'linux', architecture: 'arm', variant: 'v7' }],
  ['windows/amd64', { os: 'windows', architecture: 'amd64' }],
  ['linux/mips64le', { os: 'linux', architecture: 'mips64le' }],
])('%s is a platform', (text, platform) => {
  expect(parsePlatform(text)).toEqual(platform);
});

test.each([
  '', 'linux', 'linux/', '/amd64', 'linux//v8', 'linux/arm64/', 'linux/arm64/v8/x', 'Linux/amd64', 'linux/AMD64', ' linux/amd64', 'linux/amd64\n', 'linux/amd64,linux/arm64',
  'linux/amd 64', 'linux\\amd64', 'linux/*', `linux/${'a'.repeat(100)}`, 'linux/amd64\u0000',
])('%j is none', (text) => {
  expect(parsePlatform(text)).toBeUndefined();
});

test.each([
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm', 'linux/arm/v7', true],
  ['linux/amd64', 'linux/amd64/v1', true],
  ['linux/arm/v6', 'linux/arm', false],
  ['linux/arm/v6', 'linux/arm/v7', false],
  ['linux/arm64', 'linux/arm64/v9', false],
  ['linux/amd64', 'linux/amd64/v3', false],
  ['linux/amd64', 'windows/amd64', false],
  ['linux/amd64', 'linux/arm64', false],
  ['linux/riscv64', 'linux/riscv64', true],
  ['linux/riscv64', 'linux/riscv64/v1', false],
  ['linux/constructor', 'linux/constructor', true],
  ['linux/constructor', 'linux/constructor/x', false],
])('who asks for %s and is offered %s: the same is %s', (asked, offered, expected) => {
  expect(same(asked, offered)).toBe(expected);
});

test('an empty variant is none', () => {
  expect(samePlatform({ os: 'linux', architecture: 'arm64' }, { os: 'linux', architecture: 'arm64', variant: '' })).toBe(true);
});

const PART = fc.stringMatching(/^[a-z0-9._-]{1,20}$/);
const PLATFORM: fc.Arbitrary<Platform> = fc.oneof(
  fc.record({ os: PART, architecture: PART }),
  fc.record({ os: PART, architecture: PART, variant: PART }),
);

test('every platform is read back from how it is written', () => {
  fc.assert(fc.property(PLATFORM, (platform) => expect(parsePlatform(formatPlatform(platform))).toEqual(platform)));
});

test('every platform is the same as itself, and sameness has no direction', () => {
  fc.assert(fc.property(PLATFORM, PLATFORM, (one, other) => {
    expect(samePlatform(one, one)).toBe(true);
    expect(samePlatform(one, other)).toBe(samePlatform(other, one));
  }));
});

test('any text is read without an error, and what is read is written as it was', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z0-9/ ]{0,20}$/)), (text) => {
    const platform = parsePlatform(text);
    expect(platform === undefined || formatPlatform(platform) === text).toBe(true);
  }));
});
