/** Which mirror and which images the command `start` finds in an account, and that its runs are those of the schedules. */
import { App, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as yaml from 'yaml';
import { ImageMirror, MirrorCompute, MirroredImage, OnDeploy, OnTagMoved, TagFilter, TagKind } from '../../src';
import { DeployedAccount, ENVIRONMENT, NGINX, REDIS, reportOf } from '../support/deployed-account';

let account: DeployedAccount;

beforeEach(async () => {
  account = await DeployedAccount.open();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

describe('a run is the one that the schedule of the image would start', () => {
  test('with all of its variables', async () => {
    account.deployMirror({}, (mirror, app) => {
      mirror.addImage('grafana/grafana:11.1.0', {
        repositoryName: 'team/grafana', platforms: [Platform.LINUX_ARM64], tagKind: TagKind.FLOATING, onTagMoved: OnTagMoved.KEEP, referrers: false,
      });
      mirror.addImage('quay.io/prometheus/prometheus', { tags: TagFilter.semver('^2.50', { latest: 3 }) });
      const code = mirror.addImage('public.ecr.aws/example/worker:1.4.2').toLambdaCode();
      new lambda.DockerImageFunction(app.node.findChild('Images') as Stack, 'Function', { code });
    });
    expect((await account.start(['--all'])).code).toBe(0);
    const { resolver } = account.cloudFormation.stacks[0];
    const scheduled = resolver.ids('AWS::Scheduler::Schedule').map((id) => {
      const input = JSON.parse(resolver.properties(id).Target.Input) as { environmentVariablesOverride: { name: string; value: string }[] };
      return Object.fromEntries(input.environmentVariablesOverride.map(({ name, value }) => [name, value]));
    });
    expect(scheduled.map(Object.keys)).toEqual([
      ['IMAGE', 'REPOSITORY', 'TAG_KIND', 'ON_TAG_MOVED', 'PLATFORMS', 'REFERRERS'],
      ['IMAGE', 'TAG_KIND', 'TAGS'],
      ['IMAGE', 'PLATFORM_TAGS'],
    ]);
    expect(account.started()).toEqual([scheduled]);
  });

  test.each(['nginx:stable', 'docker.io/nginx:stable', 'index.docker.io/library/nginx:stable'])('by the spelling %s', async (spelling) => {
    account.deployMirror();
    expect((await account.start(['--no-wait', spelling])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: NGINX }]]);
  });

  test('of an image that shares its schedule with others, without the others', async () => {
    account.deployMirror({ images: ['nginx:stable', 'redis:7.4.0'], groupRuns: true }, (mirror, app) => {
      mirror.addImage('grafana/grafana:11.1.0', { repository: new ecr.Repository(app.node.findChild('Images') as Stack, 'Own') });
    });
    expect((await account.start(['--no-wait', 'redis:7.4.0'])).code).toBe(0);
    expect((await account.start(['--no-wait', '--all'])).code).toBe(0);
    expect(account.started()).toEqual([
      [{ IMAGE: REDIS }],
      [{ IMAGE: 'docker.io/grafana/grafana:11.1.0', REPOSITORY: expect.stringMatching(/^Own[0-9A-F]+-1A2B3C$/) }, { IMAGE: NGINX }, { IMAGE: REDIS }],
    ]);
  });

  test.each([
    ['is frozen', { enabled: false }],
    ['has no schedule', { scheduled: false, onDeploy: OnDeploy.START }],
  ])('of an image that %s', async (_, props) => {
    account.deployMirror({ images: ['nginx:stable', 'redis:7.4.0'], ...props });
    expect((await account.start(['--no-wait', 'redis:7.4.0'])).code).toBe(0);
    expect((await account.start(['--no-wait', '--all'])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: REDIS }], [{ IMAGE: NGINX }, { IMAGE: REDIS }]]);
  });

  test('of an image without a schedule in another stack than its mirror', async () => {
    account.deployMirror({ images: ['nginx:stable'], onDeploy: OnDeploy.START }, (mirror, app) => {
      new MirroredImage(new Stack(app, 'Team', { env: ENVIRONMENT }), 'Redis', { mirror, image: 'redis:7.4.0', scheduled: false });
    });
    expect((await account.start(['--no-wait', '--stack', 'Team', '--all'])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: REDIS }]]);
  });

  test('once, however often it is named', async () => {
    account.deployMirror();
    await account.start(['--no-wait', 'redis:7.4.0', 'nginx:stable', 'docker.io/nginx:stable']);
    expect(account.started()).toEqual([[{ IMAGE: NGINX }, { IMAGE: REDIS }]]);
  });

  test('in a repository whose name CloudFormation made, in a stack of more resources than a page has', async () => {
    const images = Array.from({ length: 60 }, (_, index) => `quay.io/team/app${index}:1.0.0`);
    account.deployMirror({ images }, (mirror, app) => {
      const repository = new ecr.Repository(app.node.findChild('Images') as Stack, 'Own');
      mirror.addImage('nginx:stable', { repository });
    });
    expect((await account.start(['--no-wait', 'nginx:stable'])).code).toBe(0);
    const [[{ REPOSITORY }]] = account.started();
    expect(REPOSITORY).toMatch(/^Own[0-9A-F]+-1A2B3C$/);
    expect(account.cloudFormation.actions.filter((action) => action === 'ListStackResources')).toHaveLength(2);
  });

  test('of a template that was deployed as YAML', async () => {
    account.deployMirror();
    const [stack] = account.cloudFormation.stacks;
    account.cloudFormation.stacks[0] = { ...stack, body: yaml.stringify(stack.template) };
    expect((await account.start(['--no-wait', 'nginx:stable'])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: NGINX }]]);
  });

  test('unless the stack has no such schedule, for its condition does not hold', async () => {
    account.deployMirror();
    const [stack] = account.cloudFormation.stacks;
    account.cloudFormation.stacks[0] = { ...stack, left: stack.resolver.ids('AWS::Scheduler::Schedule').slice(0, 1) };
    const { code, stderr } = await account.start(['nginx:stable']);
    expect([code, account.started()]).toEqual([2, []]);
    expect(stderr).toContain('"nginx:stable" is not in the stack "Images", which has "redis:7.4.0"');
  });

  test.each<[string, (stack: Stack) => ecr.IRepository]>([
    ['a parameter', (stack) => ecr.Repository.fromRepositoryName(stack, 'Own', new CfnParameter(stack, 'Name').valueAsString)],
    ['a part of another value', (stack) => ecr.Repository.fromRepositoryName(stack, 'Own', Fn.select(1, Fn.split('/', Fn.ref('AWS::StackId'))))],
    ['an import of nothing', (stack) => ecr.Repository.fromRepositoryName(stack, 'Own', Fn.importValue('Nothing'))],
  ])('or none, where CloudFormation alone knows a variable: %s', async (_, repository) => {
    account.deployMirror({}, (mirror, app) => {
      mirror.addImage('nginx:stable', { repository: repository(app.node.findChild('Images') as Stack) });
    });
    const { code, stderr } = await account.start(['nginx:stable']);
    expect([code, account.started()]).toEqual([2, []]);
    expect(stderr).toContain('error: cannot start "nginx:stable": its variable REPOSITORY has a token that only CloudFormation can resolve');
  });
});

describe('which mirror', () => {
  /** Two mirrors, each in its own stack. */
  function deployTwo(): void {
    account.deployMirror({ images: ['nginx:stable'] }, (_, app) => {
      new ImageMirror(new Stack(app, 'Others', { env: ENVIRONMENT }), 'Second', { images: ['redis:7.4.0'], onDeploy: OnDeploy.OFF, repositoryPrefix: 'others' });
    });
  }

  /** A mirror whose second image another stack defines. */
  function deployFleet(more: (app: App) => void = () => undefined): void {
    account.deployMirror({ images: ['nginx:stable'] }, (mirror, app) => {
      new MirroredImage(new Stack(app, 'Fleet', { env: ENVIRONMENT }), 'Redis', { mirror, image: 'redis:7.4.0' });
      more(app);
    });
  }

  const another = (app: App) => { new ImageMirror(new Stack(app, 'Another', { env: ENVIRONMENT }), 'Second', { images: ['alpine:3.20.0'], onDeploy: OnDeploy.OFF }); };

  /** The images of each build with the project that it is of. */
  const startedBy = () => account.codeBuild.builds.map(({ project, images }) => [project.name, images]);

  test('the only one of the account is found among all projects', async () => {
    for (let index = 0; index < 150; index++) account.codeBuild.projects.push({ name: `other-${index}`, arn: '', variables: { IMAGE: 'nginx:stable' } });
    account.deployMirror();
    expect((await account.start(['--no-wait', 'nginx:stable'])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: NGINX }]]);
  });

  test('of several, none is started, and they are listed with their stacks', async () => {
    deployTwo();
    const { code, stderr } = await account.start(['nginx:stable']);
    expect([code, account.started()]).toEqual([2, []]);
    const [first, second] = account.codeBuild.projects.map(({ name }) => name);
    expect(stderr.split('\n')[0]).toBe('error: there are 2 mirrors in the Region eu-west-1 of this account: '
      + `"${first}" (stack "Images"), "${second}" (stack "Others"); name the stack that defines the images with --stack`);
  });

  test('of several, --stack says which', async () => {
    deployTwo();
    expect((await account.start(['--no-wait', '--stack', 'Others', 'redis:7.4.0'])).code).toBe(0);
    expect(startedBy()).toEqual([[account.codeBuild.projects[1].name, [{ IMAGE: REDIS }]]]);
    expect(account.cloudFormation.actions).toEqual(['DescribeStacks', 'GetTemplate', 'ListStackResources']);
  });

  test('of several, --project says which', async () => {
    deployTwo();
    const { name } = account.codeBuild.projects[1];
    expect((await account.start(['--no-wait', '--project', name, 'redis:7.4.0'])).code).toBe(0);
    expect(account.codeBuild.builds.map(({ project }) => project.name)).toEqual([name]);
  });

  test('two in one stack are both started where both have the image, each with its own project', async () => {
    account.deployMirror({ images: ['nginx:stable'] }, (_, app) => {
      new ImageMirror(app.node.findChild('Images') as Stack, 'Second', { images: ['nginx:stable'], onDeploy: OnDeploy.OFF, repositoryPrefix: 'second' });
    });
    expect((await account.start(['--stack', 'Images', 'nginx:stable'])).code).toBe(0);
    expect(startedBy()).toEqual(account.codeBuild.projects.map(({ name }) => [name, [{ IMAGE: NGINX }]]));
  });

  test('an image of a fleet is started with the project that its stack imports', async () => {
    deployFleet(another);
    expect((await account.start(['--no-wait', '--stack', 'Fleet', 'redis:7.4.0'])).code).toBe(0);
    expect(startedBy()).toEqual([[account.codeBuild.projects[0].name, [{ IMAGE: REDIS }]]]);
  });

  test('an image of a fleet is started with the only project there is, where exports may not be read', async () => {
    deployFleet();
    account.cloudFormation.denied.add('ListExports');
    expect((await account.start(['--no-wait', '--stack', 'Fleet', 'redis:7.4.0'])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: REDIS }]]);
  });

  test('an image of a fleet needs --project, where exports may not be read and there are several', async () => {
    deployFleet(another);
    account.cloudFormation.denied.add('ListExports');
    const { code, stderr } = await account.start(['--stack', 'Fleet', 'redis:7.4.0']);
    expect([code, account.started()]).toEqual([2, []]);
    expect(stderr).toContain('; name the project that the stack "Fleet" uses with --project');
    const { name } = account.codeBuild.projects[0];
    expect((await account.start(['--no-wait', '--stack', 'Fleet', '--project', name, 'redis:7.4.0'])).code).toBe(0);
    expect(account.codeBuild.builds.map(({ project }) => project.name)).toEqual([name]);
  });

  test('an image that another stack of the fleet defines is told to need --stack', async () => {
    deployFleet();
    const { code, stderr } = await account.start(['redis:7.4.0']);
    expect([code, account.started()]).toEqual([2, []]);
    expect(stderr).toContain('error: "redis:7.4.0" is not in the stack "Images", which has "nginx:stable"; for another stack, use --stack');
  });

  test.each<[string, string[], () => void, string]>([
    ['no mirror', ['nginx'], () => undefined, 'there is no mirror in the Region eu-west-1 of this account; deploy one, or set AWS_REGION or AWS_PROFILE'],
    ['no such stack', ['--stack', 'Gone', 'nginx'], () => undefined, 'the stack "Gone" does not exist in the Region eu-west-1 of this account'],
    ['no such project', ['--project', 'gone', 'nginx'], () => undefined, '"gone" is not the CodeBuild project of a mirror in the Region eu-west-1 of this account'],
    ['a stack without images', ['--stack', 'Empty', 'nginx'], () => account.deployMirror(undefined, (_, app) => { new Stack(app, 'Empty'); }), 'the stack "Empty" mirrors no images'],
    ['a stack of another project', ['--stack', 'Images', '--project', 'other', 'nginx'], () => {
      account.deployMirror();
      account.codeBuild.projects.push({ ...account.codeBuild.projects[0], name: 'other' });
    }, 'the stack "Images" mirrors no images with the project "other"; name the stack that defines the images with --stack'],
    ['a project of no stack', ['nginx'], () => {
      account.deployMirror();
      account.cloudFormation.stacks.length = 0;
    }, 'is not in a stack; name the stack'],
  ])('%s is told in words', async (_, words, prepare, message) => {
    prepare();
    const { code, stdout, stderr } = await account.start(words);
    expect([code, stdout, account.started()]).toEqual([2, '', []]);
    expect(stderr.split('\n')[0]).toContain(message);
  });
});

describe('which images', () => {
  test('none named lists those that there are, and starts none', async () => {
    account.deployMirror();
    const { code, stderr } = await account.start([]);
    expect([code, account.started()]).toEqual([2, []]);
    expect(stderr.split('\n')[0]).toBe('error: name the images and catalogs to start, or use --all; the stack "Images" has "nginx:stable", "redis:7.4.0"');
  });

  test('--all is every image', async () => {
    account.deployMirror();
    expect((await account.start(['--all', '--no-wait'])).code).toBe(0);
    expect(account.started()).toEqual([[{ IMAGE: NGINX }, { IMAGE: REDIS }]]);
  });

  test('an unknown one lists the nearest', async () => {
    account.deployMirror({ images: ['nginx:stable', 'nginx:1.27.0', 'redis:7.4.0'] });
    const { code, stderr } = await account.start(['nginx:1.27.0', 'nginx:mainline']);
    expect([code, account.started()]).toEqual([2, []]);
    expect(stderr.split('\n')[0]).toBe('error: "nginx:mainline" is not in the stack "Images", which has "nginx:1.27.0", "nginx:stable"; for another stack, use --stack');
  });

  test('more than a build has time for are several builds, whose lines and results are told apart', async () => {
    const images = Array.from({ length: 20 }, (_, index) => `quay.io/team/app${String(index).padStart(2, '0')}:1.0.0`);
    account.deployMirror({ images, compute: MirrorCompute.awsLambda() });
    const ending = await account.start(['--all', '--json']);
    expect(ending.code).toBe(0);
    expect(account.started().map((build) => build.length)).toEqual([14, 6]);
    expect(ending.stderr.match(/^build . of 2: put manifest/gm)).toEqual(['build 1 of 2: put manifest', 'build 2 of 2: put manifest']);
    const { results, builds } = reportOf(ending);
    expect(results!.map(({ source }) => source)).toEqual(images);
    expect(builds.map((build) => build.images.length)).toEqual([14, 6]);
  });
});
