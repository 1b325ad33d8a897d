import { App, Aspects, Size, Stack } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { DeployedStack } from './deployed-stack';
import { isAllowed, PULL_ACTIONS } from './role-permissions';
import { ImageMirror, MirroredImagesAspect } from '../../src';

const repository = (name: string, region = 'eu-west-1', account = '111122223333') => `arn:aws:ecr:${region}:${account}:repository/${name}`;

/** A sample app: one image of the mirror for each kind of workload, all written as public images. */
function deploySampleApp(): { deployed: DeployedStack; template: string } {
  const app = new App();
  const platform = new Stack(app, 'Platform');
  const mirror = new ImageMirror(platform, 'Mirror', {
    images: ['nginx:stable', 'public.ecr.aws/docker/library/golang:1.22', 'quay.io/prometheus/prometheus:v2.53.0', 'ghcr.io/example/worker:1.0.0'],
  });
  const team = new Stack(app, 'Team');
  const task = new ecs.FargateTaskDefinition(team, 'Service');
  task.addContainer('web', { image: ecs.ContainerImage.fromRegistry('nginx:stable') });
  task.addContainer('metrics', { image: ecs.ContainerImage.fromRegistry('quay.io/prometheus/prometheus:v2.53.0') });
  new codebuild.Project(team, 'Build', {
    buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }),
    environment: { buildImage: codebuild.LinuxBuildImage.fromDockerRegistry('public.ecr.aws/docker/library/golang:1.22') },
  });
  const image = ecs.ContainerImage.fromRegistry('ghcr.io/example/worker:1.0.0');
  const container = new batch.EcsFargateContainerDefinition(team, 'Job', { image, cpu: 1, memory: Size.gibibytes(2) });
  new batch.EcsJobDefinition(team, 'JobDefinition', { container });
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
  const deployed = new DeployedStack(team, platform);
  return { deployed, template: JSON.stringify(app.synth().getStackByName('Team').template) };
}

const { deployed, template } = deploySampleApp();

const PULLERS = [
  { role: /^ServiceExecutionRole/, pulled: ['mirror/nginx', 'mirror/quay.io/prometheus/prometheus'] },
  { role: /^BuildRole/, pulled: ['mirror/public.ecr.aws/docker/library/golang'] },
  { role: /^JobExecutionRole/, pulled: ['mirror/ghcr.io/example/worker'] },
];
const ALL = PULLERS.flatMap(({ pulled }) => pulled);

function roleId(role: RegExp): string {
  const ids = deployed.resolver.ids('AWS::IAM::Role').filter((id) => role.test(id));
  if (ids.length !== 1) throw new Error(`${ids.length} roles are ${role}`);
  return ids[0];
}

describe('the sample app', () => {
  test('has no public reference left', () => {
    expect(template).not.toMatch(/(?<!mirror\/)(?:docker\.io|public\.ecr\.aws\/|quay\.io\/|ghcr\.io\/)|"nginx:stable"/);
    expect(template).toMatch(/mirror\/public\.ecr\.aws\/docker\/library\/golang:1\.22"/);
  });

  test('lets only those roles pull that run something', async () => {
    const others = deployed.resolver.ids('AWS::IAM::Role').filter((id) => !PULLERS.some(({ role }) => role.test(id)));
    expect(others).toEqual([expect.stringMatching(/^ServiceTaskRole/)]);
    for (const id of others) expect(await isAllowed(deployed.resolver, id, 'ecr:GetAuthorizationToken', '*')).toBe(false);
  });
});

describe.each(PULLERS)('the role $role', ({ role, pulled }) => {
  const judge = (action: string, resource: string) => isAllowed(deployed.resolver, roleId(role), action, resource);

  test.each(pulled.flatMap((name) => PULL_ACTIONS.map((action) => [action, name])))('may do what a pull does: %s on %s', async (action, name) => {
    expect(await judge(action, repository(name))).toBe(true);
  });

  test('may get a token', async () => {
    expect(await judge('ecr:GetAuthorizationToken', '*')).toBe(true);
  });

  test.each(ALL.filter((name) => !pulled.includes(name)))('may not pull what others run: %s', async (name) => {
    for (const action of PULL_ACTIONS) expect(await judge(action, repository(name))).toBe(false);
  });

  test.each([
    ['ecr:BatchGetImage', repository('mirror/another')],
    ['ecr:BatchGetImage', repository('another')],
    ['ecr:BatchGetImage', repository(pulled[0], 'us-east-1')],
    ['ecr:BatchGetImage', repository(pulled[0], 'eu-west-1', '444455556666')],
    ['ecr:BatchGetImage', repository(`${pulled[0]}-but-not-mine`)],
    ['ecr:PutImage', repository(pulled[0])],
    ['ecr:BatchDeleteImage', repository(pulled[0])],
    ['ecr:DeleteRepository', repository(pulled[0])],
    ['ecr:CreateRepository', repository(pulled[0])],
    ['ecr:SetRepositoryPolicy', repository(pulled[0])],
  ])('may do nothing else: %s on %s', async (action, resource) => {
    expect(await judge(action, resource)).toBe(false);
  });
});
