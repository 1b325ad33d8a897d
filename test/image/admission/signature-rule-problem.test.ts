/** Mistakes in rules for signatures that are found before a run. */
import { generateKeyPairSync } from 'node:crypto';
import { KeylessRule, ProvenanceRule, PublicKeyRule } from '../../../src/image/admission/signature-rule';
import { DEFAULT_REF, GITHUB_ISSUER, signatureRuleProblem } from '../../../src/image/admission/signature-rule-problem';

const keyless = (rule: object = {}) => signatureRuleProblem({ kind: 'keyless', issuer: GITHUB_ISSUER, identity: 'release@example.com', ...rule } as KeylessRule);
const key = (pem: unknown, rule: object = {}) => signatureRuleProblem({ kind: 'key', pem, ...rule } as PublicKeyRule);
const provenance = (rule: object = {}) => signatureRuleProblem({
  kind: 'provenance', issuer: GITHUB_ISSUER, repository: 'owner/name', workflow: 'owner/name/.github/workflows/release.yml', ref: DEFAULT_REF, ...rule,
} as ProvenanceRule);

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PUBLIC_KEYS = [EC, generateKeyPairSync('ed25519'), generateKeyPairSync('rsa', { modulusLength: 2048 })]
  .map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }) as string);

describe('an issuer', () => {
  test.each([
    [GITHUB_ISSUER], [`${GITHUB_ISSUER}/octo-enterprise`], ['https://accounts.google.com'], ['https://github.com/login/oauth'],
    ['https://login.microsoftonline.com/7a1f4c2e-0000-4000-8000-000000000000/v2.0'], ['https://issuer.example.com:8443/'],
  ])('is valid as an https URL: %s', (issuer) => {
    expect(keyless({ issuer })).toBeUndefined();
  });

  test.each([
    ['http://accounts.google.com'], ['accounts.google.com'], ['https://*.google.com'], ['https://accounts.google.com/*'], ['https://user@accounts.google.com'],
    ['https://accounts.google.com?a=b'], ['https://'], [' https://accounts.google.com'], ['https://accounts.google.com\n'], ['*'], [''], [undefined], [1],
  ])('is not valid as %j', (issuer) => {
    expect(keyless({ issuer })).toMatch(/^issuer .* is not valid: it must be the exact https URL of an OIDC issuer/);
    expect(provenance({ issuer })).toMatch(/^issuer /);
  });
});

describe('an identity', () => {
  test.each([
    ['release@example.com'], ['*@example.com'], ['keyless@projects.iam.gserviceaccount.com'], ['spiffe://example.org/ns/release/*'],
    ['https://github.com/owner/name/.github/workflows/release.yml@refs/tags/v1.0.0'], ['https://github.com/owner/*/.github/workflows/*@refs/tags/*'],
    ['https://gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main'], ['build-bot'],
  ])('is valid: %s', (identity) => {
    expect(keyless({ identity })).toBeUndefined();
  });

  test.each([
    ['*'], ['**'], ['*/*'], ['*@*'], ['*@*.com'], ['release@*'], ['*example.com'], ['https://*'], ['https://*/owner/name'], ['https://github.com/*'],
    ['https://github.com/*/name/.github/workflows/release.yml@refs/tags/*'], ['https://github.com*/owner/name'], ['https://github.com/owner*/name'],
    ['*://github.com/owner/name'], ['spiffe://*/ns'], ['build-*'],
  ])('is not valid as the pattern %s, which others can match', (identity) => {
    expect(keyless({ identity })).toMatch(/^identity ".*" would match identities of other people: .* write "\*" only after the owner/);
  });

  test('is not valid with a wildcard at a mail provider, where everyone can have an address', () => {
    expect(keyless({ identity: '*@gmail.com' })).toMatch(/would match identities of other people: write the exact address/);
    expect(keyless({ identity: 'release@gmail.com' })).toBeUndefined();
  });

  test.each([[''], ['a b'], [' release@example.com'], ['release@example.com\n'], ['https://github.com/owner/name\u0000'], ['x'.repeat(2_001)], [undefined], [null], [{}]])(
    'is not valid as %j', (identity) => {
      expect(keyless({ identity })).toMatch(/^identity .* is not valid: it must be the identity in a certificate/);
    });
});

describe('a public key', () => {
  test.each(PUBLIC_KEYS.map((pem) => [pem]))('is valid in PEM format (%#)', (pem) => {
    expect([key(pem), key(pem.trim()), key(pem.replace(/\n/g, '\r\n')), key(pem, { logs: 0 }), key(pem, { logs: 1, timestamps: 1 })]).toEqual(Array(5).fill(undefined));
  });

  test.each(['pkcs8', 'sec1'] as const)('is not valid as a private key in the format %s, which the error does not show', (type) => {
    const pem = EC.privateKey.export({ type, format: 'pem' }) as string;
    const problem = key(pem)!;
    expect(problem).toMatch(/^the public key is a private key: replace it with the public key/);
    for (const line of pem.split('\n').filter((one) => one !== '' && !one.startsWith('-----'))) expect(problem).not.toContain(line);
  });

  test('is not valid when a private key follows it', () => {
    expect(key(`${PUBLIC_KEYS[0]}${EC.privateKey.export({ type: 'pkcs8', format: 'pem' })}`)).toContain('is a private key');
  });

  test.each([
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'openssl x509'],
    ['-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n', 'openssl rsa'],
    [`${PUBLIC_KEYS[0]}${PUBLIC_KEYS[1]}`, 'one public key in PEM format'],
    ['cosign.pub', 'one public key in PEM format'],
    [PUBLIC_KEYS[0].replace(/\n/g, ''), 'one public key in PEM format'],
    [undefined, 'one public key in PEM format'],
    ['', 'one public key in PEM format'],
  ])('is not valid as %j', (pem, remedy) => {
    expect(key(pem)).toContain(remedy);
  });
});

describe('provenance', () => {
  test.each([
    [{}], [{ ref: 'refs/heads/main' }], [{ ref: 'refs/tags/v*' }], [{ repositoryId: '1234', ownerId: '99' }],
    [{ workflow: 'other/shared-workflows/.github/workflows/build.yaml' }], [{ repository: 'a/.github' }], [{ logs: 0, timestamps: 1 }],
  ])('is valid with %j', (rule) => {
    expect(provenance(rule)).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ repository: 'owner' }, 'repository "owner" is not valid: it must be the owner and the name'],
    [{ repository: 'owner/*' }, 'repository "owner/*" is not valid'],
    [{ repository: '*/name' }, 'repository "*/name" is not valid'],
    [{ repository: 'owner/..' }, 'repository "owner/.." is not valid'],
    [{ repository: 'https://github.com/owner/name.git' }, 'repository "https://github.com/owner/name.git" is not valid: use "owner/name"'],
    [{ workflow: 'release.yml' }, 'workflow "release.yml" is not valid: it must be a workflow file with its repository'],
    [{ workflow: 'owner/name/.github/workflows/*' }, 'workflow "owner/name/.github/workflows/*" is not valid'],
    [{ workflow: 'owner/name/.github/workflows/../x.yml' }, 'is not valid'],
    [{ ref: '*' }, 'ref "*" is not valid: it must be a branch or tag'],
    [{ ref: 'main' }, 'ref "main" is not valid'],
    [{ ref: 'refs/*' }, 'ref "refs/*" is not valid'],
    [{ ref: 'refs/pull/*/merge' }, 'because other people can open pull requests'],
    [{ repositoryId: 1234 }, 'repositoryId 1234 is not valid: it must be a number of GitHub in quotes'],
    [{ ownerId: '*' }, 'ownerId "*" is not valid'],
  ])('is not valid with %j', (rule, problem) => {
    expect(provenance(rule)).toContain(problem);
  });
});

describe('thresholds', () => {
  test.each([[-1], [1.5], [4], ['1'], [null]])('are not valid as %j', (logs) => {
    for (const problem of [keyless({ logs }), key(PUBLIC_KEYS[0], { timestamps: logs }), provenance({ logs })]) {
      expect(problem).toContain('is not valid: it must be a whole number from 0 to 3');
    }
  });

  test('must leave a keyless signature one trusted time', () => {
    for (const problem of [keyless({ logs: 0 }), keyless({ logs: 0, timestamps: 0 }), provenance({ logs: 0 })]) expect(problem).toContain('set timestamps to 1 or more');
    expect([keyless({ logs: 0, timestamps: 1 }), keyless({ logs: 3 }), keyless({ timestamps: 0 })]).toEqual([undefined, undefined, undefined]);
  });
});
