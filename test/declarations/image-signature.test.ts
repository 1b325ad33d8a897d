import { generateKeyPairSync } from 'node:crypto';
import { Lazy } from 'aws-cdk-lib';
import { ImageSignature } from '../../src';

const ISSUER = 'https://token.actions.githubusercontent.com';
const IDENTITY = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v*';

function pem(namedCurve = 'P-256'): string {
  return generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'pem', type: 'spki' }) as string;
}

test('a keyless signature renders its issuer and its identity', () => {
  expect(ImageSignature.keyless({ issuer: ISSUER, identity: IDENTITY })._render()).toEqual({ kind: 'keyless', issuer: ISSUER, identity: IDENTITY });
});

test('thresholds are rendered only if they are set', () => {
  const key = pem();
  expect(ImageSignature.publicKey(`${key}\n`)._render()).toEqual({ kind: 'key', pem: key.trim() });
  expect(ImageSignature.publicKey(key, { logs: 1, timestamps: 0 })._render()).toEqual({ kind: 'key', pem: key.trim(), logs: 1, timestamps: 0 });
});

test.each(['release.yml', '.github/workflows/release.yml', 'acme/app/.github/workflows/release.yml'])('the workflow %s is of the repository', (workflow) => {
  expect(ImageSignature.githubProvenance({ repository: 'acme/app', workflow })._render()).toEqual({
    kind: 'provenance', issuer: ISSUER, repository: 'acme/app', workflow: 'acme/app/.github/workflows/release.yml', ref: 'refs/tags/*',
  });
});

test('a reusable workflow keeps its repository and its reference, and IDs are rendered', () => {
  const workflow = 'acme/workflows/.github/workflows/build.yml@refs/heads/main';
  const ids = { repositoryId: '12', ownerId: '34' };
  const options = { repository: 'acme/app', workflow, gitRef: 'refs/heads/main', ...ids };
  expect(ImageSignature.githubProvenance(options)._render()).toMatchObject({ workflow, ref: 'refs/heads/main', ...ids });
});

test.each(['', '*', '**', ' * ', 'https://*', 'https://*/acme', 'https://*.com/acme/app', 'https://github.com/*', 'https://github.com/*/app', '*://github.com',
  '*@*', 'release@*.com', '*example*', '*github.com/acme/app', 'https://github.com//*', '*@gmail.com'])('the identity %j matches strangers and is an error', (identity) => {
  expect(() => ImageSignature.keyless({ issuer: ISSUER, identity })).toThrow(`ImageSignature.keyless(): identity ${JSON.stringify(identity)}`);
});

test.each(['release@example.com', '*@example.com', 'https://github.com/acme/*/.github/workflows/*.yml@refs/tags/*', 'spiffe://example.com/ns/build'])(
  'the identity %j is valid', (identity) => {
    expect(ImageSignature.keyless({ issuer: ISSUER, identity })._render()).toMatchObject({ identity });
  },
);

test.each(['*', 'https://*.example.com', 'http://example.com', 'example.com', '', 'https://example.com/?x'])('the issuer %j is an error', (issuer) => {
  expect(() => ImageSignature.keyless({ issuer, identity: IDENTITY })).toThrow(`issuer ${JSON.stringify(issuer)}`);
});

test('all mistakes are in one error', () => {
  const mistakes = { issuer: '*', identity: '*', logs: 4, timestamps: -1 };
  expect(() => ImageSignature.keyless(mistakes)).toThrow(/issuer "\*".*identity "\*".*logs 4 is not valid.*timestamps -1 is not valid/);
});

test('a keyless signature without any proof of its time is an error', () => {
  expect(() => ImageSignature.keyless({ issuer: ISSUER, identity: IDENTITY, logs: 0 })).toThrow('set timestamps to 1');
  expect(ImageSignature.keyless({ issuer: ISSUER, identity: IDENTITY, logs: 0, timestamps: 1 })._render()).toMatchObject({ logs: 0, timestamps: 1 });
});

test('a private key is an error that does not show the key', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  expect(() => ImageSignature.publicKey(key)).toThrow('it is a private key');
  expect(() => ImageSignature.publicKey(key)).not.toThrow(key.split('\n')[1]);
});

test.each([
  ['text', 'key', 'it is not a public key in PEM format'],
  ['a key in the format PKCS #1', '-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----', 'convert it with "openssl rsa'],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'it is a certificate'],
  ['two keys', `${pem()}${pem()}`, 'it has more than one key'],
  ['a broken key', pem().replace(/\n.*\n-----END/, '\nAAAA\n-----END').replace('MFk', 'AAA'), 'the public key cannot be read'],
  ['a P-521 key', pem('P-521'), 'ECDSA keys with the curve secp521r1 are not supported; use an ECDSA P-256'],
])('%s is not a public key', (_, key, message) => {
  expect(() => ImageSignature.publicKey(key)).toThrow(message);
});

test.each([
  [{ repository: 'https://github.com/acme/app' }, 'repository "https://github.com/acme/app" is not valid: use "acme/app"'],
  [{ repository: 'acme/*' }, 'repository "acme/*" is not valid'],
  [{ workflow: '*.yml' }, 'workflow "acme/app/.github/workflows/*.yml" is not valid'],
  [{ workflow: 'release' }, 'is not valid: it must be a workflow file, for example "release.yml"'],
  [{ gitRef: '*' }, 'ref "*" is not valid'],
  [{ gitRef: 'refs/*/*' }, 'ref "refs/*/*" is not valid'],
  [{ gitRef: 'refs/pull/1/merge' }, 'ref "refs/pull/1/merge" is not valid'],
  [{ repositoryId: 'acme' }, 'repositoryId "acme" is not valid'],
])('provenance with %j is an error', (options, message) => {
  expect(() => ImageSignature.githubProvenance({ repository: 'acme/app', workflow: 'release.yml', ...options })).toThrow(message);
});

test('a token is an error', () => {
  const token = Lazy.string({ produce: () => IDENTITY });
  expect(() => ImageSignature.keyless({ issuer: ISSUER, identity: token })).toThrow('identity of ImageSignature.keyless() must be known at synthesis');
  expect(() => ImageSignature.publicKey(token)).toThrow('pem of ImageSignature.publicKey() must be known at synthesis');
});
