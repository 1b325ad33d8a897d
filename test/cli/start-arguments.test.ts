import { requireValidNames } from '../../src/cli/deployed/start-arguments';
import { DeployedAccount } from '../support/deployed-account';

const LOCATION = 'is not a valid catalog location; name an SSM parameter or an S3 object, for example "ssm:/platform/images" or "s3://bucket/key"';

test.each(['nginx', 'nginx:stable', 's3:latest', `quay.io/a/b@sha256:${'a'.repeat(64)}`, 'ssm:/platform/images', 'ssm:images', 's3://lists/teams/images.yaml'])('%s may be an image or a catalog', (word) => {
  expect(() => requireValidNames([word], false)).not.toThrow();
});

test('all without a name is all', () => {
  expect(() => requireValidNames([], true)).not.toThrow();
});

test.each([
  ['/platform/images', '"/platform/images" is not a valid image; for the catalog in the parameter with this name, use "ssm:/platform/images"'],
  ['s3:/lists/images.yaml', `"s3:/lists/images.yaml" ${LOCATION}`],
  ['s3://lists', `"s3://lists" ${LOCATION}`],
  ['ssm:', `"ssm:" ${LOCATION}`],
  ['/a b', 'invalid image reference "/a b": it contains a space, a control character or a character outside ASCII; remove it'],
  ['Nginx:stable', expect.stringMatching(/^invalid image reference "Nginx:stable": /) as unknown as string],
])('%s is refused in words', (word, message) => {
  expect(() => requireValidNames(['nginx:stable', word], false)).toThrow(expect.objectContaining({ name: 'UsageError', message }) as Error);
});

test('all and some contradict each other', () => {
  expect(() => requireValidNames(['nginx:stable'], true)).toThrow('--all starts every image and catalog; omit --all, or omit the names');
});

describe('before AWS is asked', () => {
  let account: DeployedAccount;

  beforeEach(async () => { account = await DeployedAccount.open(); });

  afterEach(() => account.close());

  test.each([
    ['all and some', ['--all', 'nginx:stable'], '--all starts every image and catalog'],
    ['a word that cannot be meant', ['/platform/images'], 'use "ssm:/platform/images"'],
  ])('%s are told in one line with where the help is', async (_, words, message) => {
    // Whoever asked AWS without a Region would be told of that instead.
    const { code, stdout, stderr } = await account.start(words, { environment: { AWS_REGION: '' } });
    expect([code, stdout]).toEqual([2, '']);
    const [first, ...rest] = stderr.trimEnd().split('\n');
    expect(first).toMatch(/^error: /);
    expect(first).toContain(message);
    expect(rest).toEqual(['(see "cdk-ecr-mirror start --help")']);
  });
});
