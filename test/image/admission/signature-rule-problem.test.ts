/** Mistakes in rules for signatures that are found before a run. */
import { generateKeyPairSync } from 'node:crypto';
import { parseAdmissionPolicy } from '../../../src/image/admission/parse-policy';
import { DEFAULT_REF, fullWorkflow, GITHUB_ISSUER, SignatureRule, workflowParts } from '../../../src/image/admission/signature-rule';
import { signatureRuleProblems } from '../../../src/image/admission/signature-rule-problem';

/** The problems of a rule. The variable of a run takes a rule exactly if it has none. */
function problemOf(rule: object): string | undefined {
  const problems = signatureRuleProblems(rule as SignatureRule);
  const policy = parseAdmissionPolicy(JSON.stringify({ signatures: [{ anyOf: [rule] }] }));
  expect(policy === undefined).toBe(problems.length > 0);
  return problems.length === 0 ? undefined : problems.join('; ');
}

const keyless = (rule: object = {}) => problemOf({ kind: 'keyless', issuer: GITHUB_ISSUER, identity: 'release@example.com', ...rule });
const key = (pem: unknown, rule: object = {}) => problemOf({ kind: 'key', pem, ...rule });
const WORKFLOW = 'owner/name/.github/workflows/release.yml';
const provenance = (rule: object = {}) => problemOf({
  kind: 'provenance', issuer: GITHUB_ISSUER, repository: 'owner/name', workflow: WORKFLOW, ref: DEFAULT_REF, ...rule,
});

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
    expect(problem).toMatch(/^the public key is not valid: it is a private key, which others may have read now; stop using it/);
    for (const line of pem.split('\n').filter((one) => one !== '' && !one.startsWith('-----'))) expect(problem).not.toContain(line);
  });

  test('is not valid when a private key follows it', () => {
    expect(key(`${PUBLIC_KEYS[0]}${EC.privateKey.export({ type: 'pkcs8', format: 'pem' })}`)).toContain('it is a private key');
  });

  test.each([
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'openssl x509'],
    ['-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n', 'openssl rsa'],
    [`${PUBLIC_KEYS[0]}${PUBLIC_KEYS[1]}`, 'it has more than one key'],
    [`${PUBLIC_KEYS[0]}${' '.repeat(2_000)}`, 'it is longer than 2000 characters'],
    ['cosign.pub', 'it is not a public key in PEM format'],
    [PUBLIC_KEYS[0].replace(/\n/g, ''), 'it is not a public key in PEM format'],
    [undefined, 'it is not a public key in PEM format'],
    ['', 'it is not a public key in PEM format'],
  ])('is not valid as %j', (pem, remedy) => {
    expect(key(pem)).toContain(remedy);
  });
});

describe('provenance', () => {
  test.each([
    [{}], [{ ref: 'refs/heads/main' }], [{ ref: 'refs/tags/v*' }], [{ repositoryId: '1234', ownerId: '99' }],
    [{ workflow: 'other/shared-workflows/.github/workflows/build.yaml' }],
    [{ workflow: `${WORKFLOW}@refs/heads/main` }], [{ workflow: `${WORKFLOW}@refs/tags/@scope/name@1.0.0` }], [{ repository: 'user_company/app' }], [{ repository: 'old-/app' }], [{ repository: 'a/.github' }], [{ logs: 0, timestamps: 1 }],
  ])('is valid with %j', (rule) => {
    expect(provenance(rule)).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ repository: 'owner' }, 'repository "owner" is not valid: it must be the owner and the name'],
    [{ repository: 'owner/*' }, 'repository "owner/*" is not valid'],
    [{ repository: '*/name' }, 'repository "*/name" is not valid'],
    [{ repository: 'owner/..' }, 'repository "owner/.." is not valid'],
    [{ repository: 'https://github.com/owner/name.git' }, 'repository "https://github.com/owner/name.git" is not valid: use "owner/name"'],
    [{ workflow: 'release.yml' }, 'workflow "release.yml" is not valid: it must be a workflow file'],
    [{ workflow: '.github/workflows/release.yml' }, 'workflow ".github/workflows/release.yml" is not valid'],
    [{ workflow: `${WORKFLOW}@main` }, '.yml@main" is not valid'],
    [{ workflow: `${WORKFLOW}@refs/pull/1/merge` }, '/merge" is not valid'],
    [{ workflow: 'owner/name/.github/workflows/*' }, 'workflow "owner/name/.github/workflows/*" is not valid'],
    [{ workflow: 'owner/name/.github/workflows/../x.yml' }, 'is not valid'],
    [{ ref: '*' }, 'ref "*" is not valid: it must be a branch or tag'],
    [{ ref: 'main' }, 'ref "main" is not valid'],
    [{ ref: 'refs/*' }, 'ref "refs/*" is not valid'],
    [{ ref: 'refs/pull/*/merge' }, 'because other people can open pull requests'],
    [{ repositoryId: 1234 }, 'repositoryId 1234 is not valid: it must be the number in quotes'],
    [{ ownerId: '*' }, 'ownerId "*" is not valid'],
  ])('is not valid with %j', (rule, problem) => {
    expect(provenance(rule)).toContain(problem);
  });
});

test.each([
  ['release.yml', WORKFLOW],
  ['.github/workflows/release.yml', WORKFLOW],
  ['release.yml@refs/heads/a/b', `${WORKFLOW}@refs/heads/a/b`],
  [WORKFLOW, WORKFLOW],
  ['other/shared/.github/workflows/build.yml@refs/tags/v1', 'other/shared/.github/workflows/build.yml@refs/tags/v1'],
])('the workflow %s is in full %s', (workflow, full) => {
  expect(fullWorkflow('owner/name', workflow)).toBe(full);
});

test('a reference of a workflow can have an "@"', () => {
  expect([workflowParts(WORKFLOW), workflowParts(`${WORKFLOW}@refs/tags/name@1.0.0`)]).toEqual([{ file: WORKFLOW }, { file: WORKFLOW, ref: 'refs/tags/name@1.0.0' }]);
});

test('all mistakes of a rule are found at once, and a workflow of a repository that is not valid is no other one', () => {
  const rule = { kind: 'provenance', issuer: '*', repository: 'owner', workflow: 'owner/.github/workflows/release.yml', ref: '*', logs: 4, timestamps: -1 } as const;
  expect(signatureRuleProblems(rule).map((problem) => problem.split(' ')[0])).toEqual(['issuer', 'repository', 'ref', 'logs', 'timestamps']);
});

test('a policy in a variable has no field that rules of its kind do not have', () => {
  const policyOf = (rule: object) => parseAdmissionPolicy(JSON.stringify({ signatures: [{ anyOf: [{ kind: 'key', pem: PUBLIC_KEYS[0], ...rule }] }] }));
  expect([policyOf({}) === undefined, policyOf({ issuer: GITHUB_ISSUER }), policyOf({ kind: 'other' })]).toEqual([false, undefined, undefined]);
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
