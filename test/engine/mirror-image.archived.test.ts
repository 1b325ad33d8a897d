/** Images that are archived in Amazon ECR. The engine's bundle runs with the real host names. */
import { AwsApiError } from '../support/aws-json-api';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, REPOSITORY, UPSTREAM } from '../support/local-account';

const IMAGE = singleImage();
const OTHER = singleImage({ seed: 'other' });

let account: LocalAccount;

beforeAll(async () => {
  account = await LocalAccount.open();
});

afterAll(() => account.close());

beforeEach(() => {
  const { ecr, upstream } = account;
  ecr.repository(REPOSITORY).tags.clear();
  ecr.repository(REPOSITORY).manifests.clear();
  ecr.describeRefusal = undefined;
  for (const tag of ['1.0.0', 'stable']) upstream.push('team/app', tag, IMAGE);
});

afterEach(() => {
  expect(account.errors()).toEqual([]);
});

async function run(tag: string) {
  account.ecr.apiCalls.length = 0;
  account.ecr.resetRequests();
  const { code, lines: [result] } = await account.run({ IMAGE: `${UPSTREAM}/team/app:${tag}`, LATE_REFERRERS: 'false' });
  return { code, result };
}

function archive(tag: string, image = IMAGE, status: 'ARCHIVED' | 'ACTIVATING' = 'ARCHIVED'): void {
  account.ecr.push(REPOSITORY, tag, image);
  account.ecr.setStatus(REPOSITORY, tag, status);
}

const puts = () => account.ecr.count({ method: /PUT|PATCH/ });
const describes = () => account.ecr.apiCalls.filter((call) => call === 'DescribeImages').length;

test.each(['1.0.0', 'stable'])('an archived image is reported with the command that restores it, and is not copied again (%s)', async (tag) => {
  archive(tag);
  const { code, result } = await run(tag);
  expect([code, result]).toMatchObject([1, { outcome: 'failed', reason: 'archived', countedPulls: 0 }]);
  expect(result.message).toContain(`${REPOSITORY}:${tag} is archived in Amazon ECR, so it can't be pulled`);
  expect(result.message).toContain('aws ecr update-image-storage-class --region eu-west-1 --registry-id 123456789012 '
    + `--repository-name ${REPOSITORY} --image-id imageTag=${tag} --target-storage-class STANDARD`);
  expect([puts(), describes()]).toEqual([0, 1]);
});

test('an image that is being restored is reported, and is not copied again', async () => {
  archive('1.0.0', singleImage({ seed: 'restored' }), 'ACTIVATING');
  expect((await run('1.0.0')).result).toMatchObject({ outcome: 'failed', reason: 'archived', message: expect.stringContaining('is being restored') });
  expect(puts()).toBe(0);
});

test('a floating tag that names another image upstream than the archived one is copied', async () => {
  archive('stable', OTHER);
  upstreamMovesTo('stable', singleImage({ seed: 'new' }));
  expect(await run('stable')).toMatchObject({ code: 0, result: { outcome: 'copied', targetDigest: singleImage({ seed: 'new' }).digest } });
});

test('a fixed tag that names another image upstream than the archived one is reported as archived', async () => {
  archive('1.0.0', OTHER);
  expect((await run('1.0.0')).result).toMatchObject({ outcome: 'failed', reason: 'archived' });
});

test.each(['AccessDeniedException', 'RepositoryNotFoundException', 'ValidationException'])('an image is copied when %s refuses to describe it', async (code) => {
  const image = singleImage({ seed: code });
  upstreamMovesTo('1.0.0', image);
  account.ecr.describeRefusal = new AwsApiError(400, code, 'not authorized to perform: ecr:DescribeImages');
  expect((await run('1.0.0')).result).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
  expect(describes()).toBe(1);
});

test('an image that the mirror has is unchanged without any description', async () => {
  const image = singleImage({ seed: 'active' });
  upstreamMovesTo('1.0.0', image);
  account.ecr.push(REPOSITORY, '1.0.0', image);
  expect((await run('1.0.0')).result).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 } });
  expect(describes()).toBe(0);
});

function upstreamMovesTo(tag: string, image: ReturnType<typeof singleImage>): void {
  account.upstream.push('team/app', tag, image);
}
