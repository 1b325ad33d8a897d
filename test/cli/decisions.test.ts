/** The commands `release` and `refuse` as child processes, with the real AWS SDK, against an account on this machine. */
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, ImageMirrorProps, MirrorCompute, TagFilter } from '../../src';
import { MirrorDecisions } from '../../src/admission/mirror-decisions';
import { requireDecidedImage, requireReason } from '../../src/cli/deployed/decided-image';
import type { RecordedDecision } from '../../src/image/contract/decision-result';
import { MirrorBuilds } from '../../src/project/mirror-project';
import { runCommand } from '../support/command';
import { DeployedAccount } from '../support/deployed-account';
import { ScriptedBuild } from '../support/deployed-projects-api';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const NGINX = `nginx:stable@${DIGEST}`;
const REASON = ['--reason', 'checked by hand'];

let account: DeployedAccount;

beforeEach(async () => {
  account = await DeployedAccount.open();
  account.codeBuild.onStart = record;
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

/** Deploys a mirror with the project for decisions. */
function deploy(props: ImageMirrorProps = { images: ['nginx:stable'] }, more: (mirror: ImageMirror) => void = () => undefined): void {
  account.deployMirror(props, (mirror) => {
    const [quarantine, decisions] = ['mirror-held', 'mirror-decisions'].map((name) => ecr.Repository.fromRepositoryName(mirror, name, name));
    new MirrorDecisions(mirror, {
      builds: MirrorBuilds.of(mirror),
      compute: MirrorCompute.ec2()._bind(),
      logGroup: mirror.logGroup,
      quarantine: { quarantine, decisions, onceRequired: (listener) => listener({ quarantine, decisions }) },
    });
    more(mirror);
  });
}

/** What the program of the build logs. */
function result({ variables: { DECISION, IMAGE, REASON: reason } }: ScriptedBuild): RecordedDecision {
  const kind = DECISION === 'RELEASE' ? 'released' : 'refused';
  return {
    decision: kind,
    source: IMAGE,
    repository: 'mirror/nginx',
    tag: 'stable',
    digest: DIGEST,
    by: 'Reviewer/ann',
    reason,
    at: '2027-03-31T12:00:00Z',
    message: kind === 'released' ? 'the next run serves it' : 'no tag serves it',
    ...kind === 'refused' ? { servedBy: [] } : {},
  };
}

function record(build: ScriptedBuild): void {
  build.write('Entering phase BUILD', JSON.stringify(result(build))).end('SUCCEEDED');
}

const run = (words: readonly string[]) => runCommand(words, { environment: account.environment() });
const started = () => account.codeBuild.builds.map(({ project: { name }, variables }) => ({ isDecision: /Decision/.test(name), variables }));

test('release starts a build of the project for decisions, follows it, and says how to serve the image now', async () => {
  deploy();
  const { code, stdout, stderr } = await run(['release', NGINX, ...REASON]);
  expect([code, stdout]).toEqual([0, '']);
  expect(started()).toEqual([{ isDecision: true, variables: { IMAGE: `docker.io/library/${NGINX}`, DECISION: 'RELEASE', REASON: 'checked by hand' } }]);
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^releasing nginx:stable@sha256:aaaaaaaaaaaa… of the stack Images with the project /),
    expect.stringMatching(/^started the build /),
    expect.stringMatching(/^build log: https:\/\/eu-west-1\.console\.aws\.amazon\.com\/.*Decision/),
    'Entering phase BUILD',
    'released nginx:stable@sha256:aaaaaaaaaaaa… by Reviewer/ann: checked by hand',
    'the next run serves it',
    'To serve it now, run "cdk-ecr-mirror start nginx:stable".',
  ]);
});

test('refuse with --json prints one object', async () => {
  deploy();
  const { code, stdout } = await run(['refuse', '--json', '--quiet', NGINX, ...REASON]);
  const [build] = account.codeBuild.builds;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ...result(build), build: { id: build.id, status: 'SUCCEEDED' } });
});

test('the build has the repository and the lock of the image', async () => {
  deploy({}, (mirror) => mirror.addImage('nginx:stable', { repositoryName: 'web/server' }));
  await run(['refuse', NGINX, ...REASON]);
  expect(started()[0].variables).toMatchObject({ REPOSITORY: 'web/server' });
});

test('an image of a tag filter, and an image of a catalog, can be named with each tag', async () => {
  deploy({}, (mirror) => {
    mirror.addImage('nginx', { tags: TagFilter.semver('1.x', { latest: 2 }) });
    mirror.addCatalog('Catalog', ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterName(mirror, 'List', '/images')));
  });
  expect((await run(['refuse', `nginx:1.27.0@${DIGEST}`, ...REASON])).code).toBe(0);
  expect((await run(['refuse', `quay.io/team/app:2@${DIGEST}`, ...REASON])).code).toBe(0);
  expect(started().map(({ variables: { IMAGE } }) => IMAGE)).toEqual([`docker.io/library/nginx:1.27.0@${DIGEST}`, `quay.io/team/app:2@${DIGEST}`]);
});

test('--no-wait prints the build and does not follow it', async () => {
  deploy();
  const { code, stdout } = await run(['release', '--no-wait', NGINX, ...REASON]);
  const [{ id, polls }] = account.codeBuild.builds;
  expect([code, polls, stdout.startsWith(`${id} https://`)]).toEqual([0, 0, true]);
});

test('a decision that is not recorded exits with 1 and the reason', async () => {
  deploy();
  const failed = { decision: 'failed', source: '', failure: 'not-found', message: 'mirror-held does not have it\n\u001b[2J' };
  account.codeBuild.onStart = (build) => build.write(JSON.stringify(failed)).end('FAILED');
  const { code, stdout, stderr } = await run(['release', '--json', NGINX, ...REASON]);
  expect([code, JSON.parse(stdout)]).toMatchObject([1, { decision: 'failed', failure: 'not-found' }]);
  expect(stderr).toContain('failed: mirror-held does not have it\\u000a\\u001b[2J');
});

test('without permission, the error names it and the project, and nothing is started', async () => {
  deploy();
  account.codeBuild.refuse('StartBuild', 'AccessDeniedException', 'User is not authorized to perform: codebuild:StartBuild');
  const { code, stderr } = await run(['release', NGINX, ...REASON]);
  expect([code, account.codeBuild.builds]).toEqual([1, []]);
  expect(stderr).toMatch(/the AWS credentials do not allow codebuild:StartBuild on the project \S*Decision\S*; sign in with a role that allows it/);
});

test('an image that is not in the stack, and a mirror without checks, are errors with a remedy', async () => {
  deploy();
  expect(await run(['release', `redis:7@${DIGEST}`, ...REASON])).toMatchObject({
    code: 2, stderr: expect.stringContaining('"redis:7" is not in the stack "Images", which has "nginx:stable"; for another stack, use --stack'),
  });
  account.cloudFormation.stacks.length = 0;
  account.codeBuild.projects.length = 0;
  account.deployMirror();
  expect(await run(['release', NGINX, ...REASON])).toMatchObject({ code: 2, stderr: expect.stringContaining('has no checks of new images') });
  expect(account.codeBuild.builds).toEqual([]);
});

test.each([
  ['no image', REASON, "missing required argument 'image'"],
  ['no digest', ['nginx:stable', ...REASON], 'has no digest, but a decision is about one image; add the digest'],
])('arguments that are not valid need no request to AWS: %s', async (_, words, problem) => {
  const { code, stderr } = await run(['release', ...words]);
  expect([code, account.codeBuild.count()]).toEqual([2, 0]);
  expect(stderr).toContain(problem);
});

test.each([
  [`nginx@${DIGEST}`, 'has no tag; add the tag of the mirror'],
  [`Nginx:stable@${DIGEST}`, 'repository names must be lowercase'],
  ['nginx:stable@sha256:1', 'a digest must be'],
])('%s is not an image to decide about', (image, problem) => {
  expect(() => requireDecidedImage(image)).toThrow(problem);
});

test.each([
  [undefined, '--reason is missing; say in one line why'],
  [' ', '--reason is not valid: it is empty'],
  ['x'.repeat(501), 'it has 501 characters, and 500 is the maximum'],
  ['a\u0007b', 'write one line of plain text'],
])('the reason %j is not valid', (reason, problem) => {
  expect(() => requireReason(reason)).toThrow(problem);
});
