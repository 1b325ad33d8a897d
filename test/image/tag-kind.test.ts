import * as fc from 'fast-check';
import { tagKind } from '../../src/image/tag-kind';

test.each([
  // full versions
  '7.11.2', 'v2.53.0', '3.9.19-slim-bookworm', '1.2.3.4', '10.0.20348.2227', '1.25.3-alpine3.18-slim', '2.440.1-lts', '17.0.10_7-jre', '1.2.3-rc.1', '3.13.0a1',
  '16.8.1-ce.0', '6.4.3-php8.2-apache', '7.2.4-debian-12-r9', '1.20.0-debug', 'v1.41.2-jammy', 'release-1.2.3', 'alpine-v16.8.0', '2.13.1-pg16', '8.0.2-jammy-amd64',
  // dates
  '20240131', '2024-01-31', '2024.01.31', '2024_01_31', 'v20240131', 'jammy-20240111', 'bookworm-20240110-slim', '121.0-20240206', 'RELEASE.2024-01-16T16-07-38Z',
  'base-20240101.0.204074', '2023.3.20240131.0', 'nightly-20240131',
  // git hashes
  '1a2b3c4', 'c0ffee0dec0de', 'sha-1a2b3c4', 'git-1a2b3c4', 'main-1a2b3c4', 'sha-1234567', 'git-1234567', 'commit-1234567', 'sha-deadbeef', '0123456789abcdef0123456789abcdef01234567', `sha-${'0123456789'.repeat(4)}`,
  // this library's own
  'digest-0123456789ab', 'digest-000000000000',
])('%s is fixed', (tag) => {
  expect(tagKind(tag)).toBe('fixed');
});

test.each([
  // words
  'latest', 'stable', 'alpine', 'main', 'nightly', 'edge', 'lts', 'bookworm', 'jammy', 'debug', 'rootless', 'RELEASE',
  // versions that more releases will follow
  '3', 'v1', '1.14', 'v3.10', '22.04', '24.1', '12.4-slim', '8.0-jammy-amd64', '1.27-alpine3.19-slim', '16-3.4', 'release-1.2',
  // the version of something else
  '1-alpine3.19.1', '8-jdk-17.0.2', '3-eclipse-temurin-17.0.10', 'alpine3.19', 'ubi9', 'al2023', 'ltsc2022', 'pg16', 'jdk17',
  // full versions that still move
  '1.2.3-SNAPSHOT', '1.2.3-latest', '999.0.0-SNAPSHOT', '1.2.3-dev', '1.2.3-nightly', 'stable-1.2.3', 'latest-1.2.3', '1.2.3-edge-arm64', 'v1.2.3_master', '1.2.3.main',
  // what only looks like a hash or date
  'defaced', 'deadbeef', '1234567', 'foo-1234567', 'foo-deadbeef', 'sha-123456', 'f37', '20241301', '20240132', '19990101', '120240131', '202401310', '2024-0131', '2024-01',
  // digests that OCI and cosign use, which follow their subject
  'sha256-0123', 'digest-0123', 'digest-0123456789AB',
])('%s is floating', (tag) => {
  expect(tagKind(tag)).toBe('floating');
});

test('any tag has a kind', () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/), (tag) => {
    expect(['fixed', 'floating']).toContain(tagKind(tag));
  }));
});

test('a full version is fixed, whatever its numbers', () => {
  fc.assert(fc.property(fc.tuple(fc.nat(), fc.nat(), fc.nat()), (parts) => {
    expect(tagKind(`v${parts.join('.')}`)).toBe('fixed');
  }));
});

test('a full hash is fixed, whatever its digits', () => {
  fc.assert(fc.property(fc.stringMatching(/^[0-9a-f]{40}$/), (hash) => {
    expect(tagKind(hash)).toBe('fixed');
  }));
});

test('a channel moves, whatever version stands before it', () => {
  const channels = ['latest', 'stable', 'edge', 'nightly', 'snapshot', 'dev', 'main', 'master', 'head', 'canary', 'next', 'unstable', 'testing'];
  fc.assert(fc.property(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), fc.constantFrom(...channels), (parts, channel) => {
    expect(tagKind(`${parts.join('.')}-${channel}`)).toBe('floating');
  }));
});
