/**
 * A deployment, end to end: the custom resource of a synthesized template, the bundled functions with the real AWS SDK, an API of CodeBuild that runs
 * the template's own build commands, the engine, and registries.
 */
import { randomUUID } from 'node:crypto';
import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, ImageMirrorProps, RegistryCredentials } from '../../src';
import { CloudAssembly } from '../support/cloud-assembly';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { LocalCloudFormationApi } from '../support/local-cloud-formation-api';
import { LocalCodeBuild } from '../support/local-code-build';
import { LocalCodeBuildApi } from '../support/local-code-build-api';
import { LocalLambda } from '../support/local-lambda';
import { LocalLogsApi } from '../support/local-logs-api';
import { CustomResourceAnswer, CustomResourceRequest, LocalProvider } from '../support/local-provider';
import { templateRepositories } from '../support/template-repositories';
import { Deployment, stackId } from '../support/template-resolver';
import { withAppFolder } from '../support/with-app-folder';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'eu-west-1', urlSuffix: 'amazonaws.com' };
const STACK_ID = stackId(DEPLOYMENT, 'DeployedStack');
const IMAGES = ['a:1.0.0', 'b:1.0.0', 'c:stable'].map((name) => `${UPSTREAM}/team/${name}`);

const folder = withAppFolder();
let account: LocalAccount;
let codeBuild: LocalCodeBuildApi;
let logs: LocalLogsApi;
let cloudFormation: LocalCloudFormationApi;
let lambda: LocalLambda;
let provider: LocalProvider;
/** The custom resource's properties in the template. */
let properties: Record<string, any>;

async function deploy(props: ImageMirrorProps = {}, machine: Record<string, string> = {}): Promise<void> {
  const app = new App({ outdir: folder });
  new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { images: IMAGES, ...props });
  app.synth();
  const assembly = new CloudAssembly(folder);
  const template = await assembly.template('Platform', DEPLOYMENT);
  properties = template.properties(template.ids('Custom::ImageMirror')[0]);
  account = await LocalAccount.open(templateRepositories(template));
  codeBuild = await new LocalCodeBuildApi(new LocalCodeBuild({ assembly, template, deployment: DEPLOYMENT, machine: account.machine() })).start();
  logs = await new LocalLogsApi((group, stream) => codeBuild.logLines(group, stream)).start();
  cloudFormation = await new LocalCloudFormationApi().start();
  cloudFormation.statuses.set(STACK_ID, 'UPDATE_IN_PROGRESS');
  lambda = new LocalLambda({
    assembly,
    template,
    deployment: DEPLOYMENT,
    machine: {
      AWS_ENDPOINT_URL_CODEBUILD: codeBuild.url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
      ...machine,
    },
  });
  provider = new LocalProvider(lambda, template);
}

afterEach(async () => {
  await codeBuild.settled();
  expect([...account.errors(), ...codeBuild.errors, ...logs.errors, ...cloudFormation.errors]).toEqual([]);
  await Promise.all([account, codeBuild, logs, cloudFormation].map((server) => server.close()));
});

function push(...images: string[]): void {
  for (const image of images) {
    const [repository, tag] = image.slice(UPSTREAM.length + 1).split(':');
    account.upstream.push(repository, tag, singleImage({ seed: image }));
  }
}

function request(RequestType: CustomResourceRequest['RequestType'], more: Partial<CustomResourceRequest> = {}): CustomResourceRequest {
  return { RequestType, RequestId: randomUUID(), StackId: STACK_ID, LogicalResourceId: 'MirrorOnDeployImages', ResourceProperties: properties, ...more };
}

const update = (images: readonly string[], before: readonly string[]) => request('Update', {
  PhysicalResourceId: 'ImageMirror-MirrorOnDeployImages',
  ResourceProperties: { ...properties, Images: images.map((IMAGE) => ({ IMAGE })) },
  OldResourceProperties: { ...properties, Images: before.map((IMAGE) => ({ IMAGE })) },
});

/** Whether the mirror holds an image, as upstream has it. */
function isMirrored(image: string): boolean {
  const [name, tag] = image.split(':');
  return account.ecr.tagDigest(`mirror/${name}`, tag) === singleImage({ seed: image }).digest;
}

const startedImages = () => codeBuild.builds.map(({ input }) => {
  return JSON.parse(input.environmentVariablesOverride![0].value).map(({ IMAGE }: { IMAGE: string }) => IMAGE);
});
const SUCCESS: CustomResourceAnswer = { Status: 'SUCCESS', Reason: 'SUCCESS', PhysicalResourceId: 'ImageMirror-MirrorOnDeployImages' };

test('all images are there when the resource is, mirrored by one build', async () => {
  await deploy();
  push(...IMAGES);
  expect(await provider.request(request('Create'))).toEqual(SUCCESS);
  expect(IMAGES.map(isMirrored)).toEqual([true, true, true]);
  expect(startedImages()).toEqual([IMAGES]);
  expect(provider.polls).toBeGreaterThan(0);
  expect(account.events.events.map(({ detail }) => detail.source).sort()).toEqual(IMAGES);
});

test('an image that is missing is named to CloudFormation with the reason and the log, and the others are there', async () => {
  await deploy();
  push(IMAGES[0], IMAGES[2]);
  const { Status, Reason, PhysicalResourceId } = await provider.request(request('Create'));
  const [{ running: { buildId }, project }] = codeBuild.builds;
  expect([Status, PhysicalResourceId]).toEqual(['FAILED', SUCCESS.PhysicalResourceId]);
  // The framework adds a line about its own log.
  expect(Reason.split('\n\nLogs: ')[0]).toBe([
    '1 image was not mirrored, 2 were:',
    `- ${IMAGES[1]} (not-found): ${UPSTREAM}: there is no team/b:1.0.0; check the spelling, or set credentials if it is private`,
    `Build log: https://console.aws.amazon.com/cloudwatch/home#logsV2:log-groups/log-group/${project.logGroup}/log-events/${buildId.split(':')[1]}`,
  ].join('\n'));
  expect(Reason).not.toContain('    at ');
  expect(IMAGES.map(isMirrored)).toEqual([true, false, true]);
});

test('what follows a creation that failed is a deletion, which succeeds', async () => {
  await deploy();
  const { PhysicalResourceId } = await provider.request(request('Create'));
  expect(await provider.request(request('Delete', { PhysicalResourceId }))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId });
});

test('an update mirrors what is new, and its rollback nothing', async () => {
  await deploy();
  push(IMAGES[1]);
  expect(await provider.request(update(IMAGES.slice(0, 2), IMAGES.slice(0, 1)))).toEqual(SUCCESS);
  expect(await provider.request(update(IMAGES, IMAGES.slice(0, 2)))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`${IMAGES[2]} (not-found)`) });
  cloudFormation.statuses.set(STACK_ID, 'UPDATE_ROLLBACK_IN_PROGRESS');
  expect(await provider.request(update(IMAGES.slice(0, 2), IMAGES))).toEqual(SUCCESS);
  expect(await provider.request(update(['nonsense'], IMAGES))).toEqual(SUCCESS);
  expect(startedImages()).toEqual([[IMAGES[1]], [IMAGES[2]]]);
});

test('an update goes on as always when the stack is not known', async () => {
  await deploy();
  cloudFormation.statuses.clear();
  push(IMAGES[1]);
  expect(await provider.request(update(IMAGES.slice(0, 2), IMAGES.slice(0, 1)))).toEqual(SUCCESS);
  expect(startedImages()).toEqual([[IMAGES[1]]]);
});

test('a request that Lambda delivers twice starts one build, and is answered twice in the same words', async () => {
  await deploy();
  push(...IMAGES);
  const onEvent = await templateFunction('onEvent');
  const twice = request('Create');
  const [first, second] = [await lambda.invoke(onEvent, twice), await lambda.invoke(onEvent, twice)];
  expect(first.payload).toEqual(second.payload);
  expect(codeBuild.builds).toHaveLength(1);
});

async function templateFunction(handler: string): Promise<string> {
  const template = await new CloudAssembly(folder).template('Platform', DEPLOYMENT);
  return template.ids('AWS::Lambda::Function').find((id) => template.properties(id).Handler === `handlers.${handler}`)!;
}

test('a queue that is full and throttling are waited for', async () => {
  await deploy();
  push(...IMAGES);
  codeBuild.refuse('StartBuild', 'AccountLimitExceededException', 'Cannot have more than 30 builds in queue for the account', 2);
  codeBuild.refuse('BatchGetBuilds', 'ThrottlingException', 'Rate exceeded', 5);
  expect(await provider.request(request('Create'))).toEqual(SUCCESS);
  expect(codeBuild.builds).toHaveLength(1);
});

test('a project that is gone is told in words', async () => {
  await deploy({}, { MIRROR_PROJECT: 'gone' });
  expect(await provider.request(request('Create'))).toMatchObject({
    Status: 'FAILED', Reason: expect.stringMatching(/^the CodeBuild project "gone" does not exist; run "cdk deploy --revert-drift" for the stack of its ImageMirror\n\nLogs: /),
  });
});

test('a build that CodeBuild fails before the engine runs is told by its phases', async () => {
  const dockerHub = RegistryCredentials.dockerHub(secretsmanager.Secret.fromSecretNameV2(new Stack(), 'DockerHub', 'docker-hub'));
  await deploy({ credentials: [dockerHub] });
  expect(await provider.request(request('Create'))).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/^3 images were not mirrored:\n- the build \S+ failed before it reported results for its images .* \(DOWNLOAD_SOURCE: CLIENT_ERROR: there is no secret "docker-hub"\)\n/),
  });
});
