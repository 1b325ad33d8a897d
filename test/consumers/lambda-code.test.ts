import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { needsOf } from './first-copy';
import { ImageMirror, TagFilter } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { Deployment, TemplateResolver } from '../support/template-resolver';

const { ARM_64, X86_64 } = lambda.Architecture;
const NODE = 'public.ecr.aws/lambda/nodejs:22';
const URI = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/public.ecr.aws/lambda/nodejs';

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({ images: [NODE] }));
});

function functionIn(template: Template) {
  const [[id, { DependsOn }]] = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([one]) => one.startsWith('Function'));
  return { dependsOn: DependsOn as string[], properties: new TemplateResolver(template.toJSON()).properties(id) };
}

/** The variables that the only schedule hands over. */
function variables(template: Template): Record<string, string> {
  const resolver = new TemplateResolver(template.toJSON());
  const { environmentVariablesOverride } = JSON.parse(resolver.properties(resolver.ids('AWS::Scheduler::Schedule')[0]).Target.Input);
  return Object.fromEntries(environmentVariablesOverride.map(({ name, value }: { name: string; value: string }) => [name, value]));
}

function repositoryIn(template: Template, deployment?: Deployment): Record<string, any> {
  const resolver = new TemplateResolver(template.toJSON(), deployment);
  return resolver.properties(resolver.ids('AWS::ECR::Repository')[0]);
}

function floatingTags(template: Template): string[] {
  const filters: { ImageTagMutabilityExclusionFilterValue: string }[] = repositoryIn(template).ImageTagMutabilityExclusionFilters ?? [];
  return filters.map(({ ImageTagMutabilityExclusionFilterValue }) => ImageTagMutabilityExclusionFilterValue);
}

describe.each([
  ['x86 by default', undefined, '22-linux-amd64', 'linux/amd64'],
  ['x86', X86_64, '22-linux-amd64', 'linux/amd64'],
  ['ARM', ARM_64, '22-linux-arm64', 'linux/arm64'],
])('a function on %s', (_, architecture, tag, platform) => {
  test('runs the image of that platform alone, which the mirror keeps for it', () => {
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode(), architecture });
    const template = Template.fromStack(stack);
    expect(functionIn(template).properties.Code).toEqual({ ImageUri: `${URI}:${tag}` });
    expect(variables(template)).toEqual({ IMAGE: NODE, PLATFORM_TAGS: platform });
  });

  test('is the same as lambda.Function', () => {
    const code = mirror.image(NODE).toLambdaFunctionCode();
    new lambda.Function(stack, 'Function', { code, architecture, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE });
    const template = Template.fromStack(stack);
    expect(functionIn(template).properties.Code).toEqual({ ImageUri: `${URI}:${tag}` });
    expect(variables(template).PLATFORM_TAGS).toBe(platform);
  });
});

test('the deployment that the function waits for makes the tag of its platform too', () => {
  new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode(), architecture: ARM_64 });
  const template = Template.fromStack(stack);
  const resolver = new TemplateResolver(template.toJSON());
  const [deployment] = resolver.ids('Custom::ImageMirror');
  expect(resolver.properties(deployment).Images).toEqual([{ IMAGE: NODE, PLATFORM_TAGS: 'linux/arm64' }]);
  expect(functionIn(template).dependsOn).toContain(deployment);
});

test('a function waits for the first copy', () => {
  new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode() });
  expect(functionIn(Template.fromStack(stack)).dependsOn).toEqual(expect.arrayContaining(needsOf(mirror.image(NODE), stack)));
});

test('a function takes a command, an entry point and a working directory', () => {
  const code = mirror.image(NODE).toLambdaCode({ cmd: ['index.handler'], entrypoint: ['/entry'], workingDirectory: '/work' });
  new lambda.DockerImageFunction(stack, 'Function', { code });
  expect(functionIn(Template.fromStack(stack)).properties.ImageConfig).toEqual({ Command: ['index.handler'], EntryPoint: ['/entry'], WorkingDirectory: '/work' });
});

test('one code serves functions of both architectures', () => {
  const code = mirror.image(NODE).toLambdaCode();
  new lambda.DockerImageFunction(stack, 'FunctionX86', { code });
  new lambda.DockerImageFunction(stack, 'FunctionArm', { code, architecture: ARM_64 });
  const template = Template.fromStack(stack);
  const resolver = new TemplateResolver(template.toJSON());
  const uris = resolver.ids('AWS::Lambda::Function').filter((id) => id.startsWith('Function')).map((id) => resolver.properties(id).Code.ImageUri);
  expect(uris.sort()).toEqual([`${URI}:22-linux-amd64`, `${URI}:22-linux-arm64`]);
  expect(variables(template).PLATFORM_TAGS).toBe('linux/amd64,linux/arm64');
});

test('the order of functions changes nothing in the schedule', () => {
  const inOrder = (...architectures: lambda.Architecture[]) => {
    const own = new Stack(new App(), 'Platform');
    const image = new ImageMirror(own, 'Mirror').addImage(NODE);
    for (const architecture of architectures) new lambda.DockerImageFunction(own, `Function${architecture.name}`, { code: image.toLambdaCode(), architecture });
    const template = Template.fromStack(own);
    return [variables(template), repositoryIn(template)];
  };
  expect(inOrder(ARM_64, X86_64)).toEqual(inOrder(X86_64, ARM_64));
});

test('an image that no function uses has no tags of platforms', () => {
  mirror.image(NODE).toLambdaCode();
  const template = Template.fromStack(stack);
  expect(variables(template)).toEqual({ IMAGE: NODE });
  expect(floatingTags(template)).toEqual(['22']);
});

describe('the tag of a platform', () => {
  test('floats where the image\'s tag does', () => {
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode() });
    expect(floatingTags(Template.fromStack(stack))).toEqual(['22', '22-linux-amd64']);
  });

  test('is immutable where the image\'s tag is', () => {
    stack = new Stack(app, 'Other');
    const image = new ImageMirror(stack, 'Mirror').addImage('example/worker:1.4.2');
    new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() });
    const template = Template.fromStack(stack);
    expect(repositoryIn(template).ImageTagMutability).toBe('IMMUTABLE');
    expect(floatingTags(template)).toEqual([]);
    expect(functionIn(template).properties.Code.ImageUri).toMatch(/\/mirror\/example\/worker:1\.4\.2-linux-amd64$/);
  });

  test('counts among the exceptions from immutability that Amazon ECR allows', () => {
    for (const tag of ['20', '21', '23', '24']) mirror.addImage(`public.ecr.aws/lambda/nodejs:${tag}`);
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode() });
    expect(floatingTags(Template.fromStack(stack))).toEqual(['20', '21', '22*', '23', '24']);
  });

  test('cannot be the tag of another image', () => {
    mirror.addImage('public.ecr.aws/lambda/nodejs:22-linux-amd64');
    const code = mirror.image(NODE).toLambdaCode();
    expect(() => new lambda.DockerImageFunction(stack, 'Function', { code })).toThrow(
      '"public.ecr.aws/lambda/nodejs:22" and "public.ecr.aws/lambda/nodejs:22-linux-amd64" both use the tag "22-linux-amd64"',
    );
  });

  test('cannot be given to another image afterward', () => {
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode() });
    expect(() => mirror.addImage('public.ecr.aws/lambda/nodejs:22-linux-amd64')).toThrow('"public.ecr.aws/lambda/nodejs:22-linux-amd64" and "public.ecr.aws/lambda/nodejs:22" both use the tag "22-linux-amd64"');
  });

  test('does not exist for a platform that is left behind', () => {
    const image = mirror.addImage('example/worker:1.4.2', { platforms: [ecr_assets.Platform.LINUX_ARM64] });
    expect(() => new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() })).toThrow(
      '"docker.io/example/worker:1.4.2" is mirrored only for linux/arm64, but linux/amd64 is needed; add it to platforms, or omit platforms to mirror all',
    );
  });
});

describe('the policy of the repository', () => {
  test('lets AWS Lambda pull for functions of the account and Region, and nobody else', () => {
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode() });
    expect(repositoryIn(Template.fromStack(stack)).RepositoryPolicyText).toEqual({
      Version: '2012-10-17',
      Statement: [{
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:lambda:eu-west-1:111122223333:function:*' } },
      }],
    });
  });

  test('is in the partition of its place', () => {
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image(NODE).toLambdaCode() });
    const china: Deployment = { partition: 'aws-cn', account: '111122223333', region: 'cn-north-1', urlSuffix: 'amazonaws.com.cn' };
    const [statement] = repositoryIn(Template.fromStack(stack), china).RepositoryPolicyText.Statement;
    expect(statement).toMatchObject({
      Principal: { Service: 'lambda.amazonaws.com' },
      Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws-cn:lambda:cn-north-1:111122223333:function:*' } },
    });
  });

  test('says so once, however many functions there are', () => {
    for (const id of ['FunctionOne', 'FunctionTwo', 'FunctionThree']) new lambda.DockerImageFunction(stack, id, { code: mirror.image(NODE).toLambdaCode() });
    expect(repositoryIn(Template.fromStack(stack)).RepositoryPolicyText.Statement).toHaveLength(1);
  });

  test('says nothing for images that no function uses', () => {
    expect(repositoryIn(Template.fromStack(stack))).not.toHaveProperty('RepositoryPolicyText');
  });

  test('lets another account create functions too', () => {
    const env = { account: '111122223333', region: 'eu-west-1' };
    const image = new ImageMirror(new Stack(app, 'Shared', { env }), 'Mirror').addImage(NODE);
    const team = new Stack(app, 'Team', { env: { ...env, account: '444455556666' } });
    new lambda.DockerImageFunction(team, 'Function', { code: image.toLambdaCode() });
    const { Statement } = repositoryIn(Template.fromStack(Stack.of(image))).RepositoryPolicyText;
    expect(Statement).toEqual([
      expect.objectContaining({
        Principal: { Service: 'lambda.amazonaws.com' },
        Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:lambda:eu-west-1:444455556666:function:*' } },
      }),
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::444455556666:root' },
        Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      },
    ]);
    expect(functionIn(Template.fromStack(team)).properties.Code.ImageUri).toBe(`${URI}:22-linux-amd64`);
  });
});

describe('an existing repository', () => {
  test('keeps its policy, with a warning that says what it needs', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/worker');
    const image = mirror.addImage('example/worker:1.4.2', { repository });
    new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() });
    expect(functionIn(Template.fromStack(stack)).properties.Code.ImageUri).toMatch(/\/shared\/worker:1\.4\.2-linux-amd64$/);
    Annotations.fromStack(stack).hasWarning('/Platform/Function/Resource', Match.stringLikeRegexp(
      'this app does not define the repository of "docker.io/example/worker:1.4.2", so its policy does not allow AWS Lambda to pull; '
      + 'allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer for lambda.amazonaws.com in its policy.*'
      + '\\[ack: cdk-ecr-mirror:MirroredImage.lambdaRepositoryPolicy\\]',
    ));
  });

  test('of the app gets the statement', () => {
    const repository = new ecr.Repository(stack, 'Mine', { repositoryName: 'shared/worker' });
    new lambda.DockerImageFunction(stack, 'Function', { code: mirror.addImage('example/worker:1.4.2', { repository }).toLambdaCode() });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ECR::Repository', { RepositoryName: 'shared/worker', RepositoryPolicyText: { Statement: [Match.objectLike({ Effect: 'Allow' })] } });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('lambdaRepositoryPolicy'));
  });
});

describe('fails', () => {
  test('when a filter selects the image\'s tags', () => {
    const image = mirror.addImage('example/worker', { tags: TagFilter.semver('>=1') });
    expect(() => image.toLambdaCode()).toThrow(
      '"docker.io/example/worker" uses a tag filter, so it has no single tag; also mirror the tag that you need with addImage(), and use that image',
    );
    expect(mirror.addImage('example/worker:1.4.2').toLambdaCode()).toBeInstanceOf(lambda.DockerImageCode);
  });

  test('when the function is in another Region', () => {
    const env = { account: '111122223333', region: 'eu-west-1' };
    const image = new ImageMirror(new Stack(app, 'Shared', { env }), 'Mirror').addImage(NODE);
    const far = new Stack(app, 'Far', { env: { ...env, region: 'us-east-1' } });
    expect(() => new lambda.DockerImageFunction(far, 'Function', { code: image.toLambdaCode() })).toThrow(
      'the stack "Far" is in the Region "us-east-1", but the mirror of "public.ecr.aws/lambda/nodejs:22" is in "eu-west-1", '
      + 'and Lambda functions support only images in their own Region; define an ImageMirror in "us-east-1", or use MirrorReplication',
    );
  });

  test('when the architecture is unknown', () => {
    const code = mirror.image(NODE).toLambdaCode();
    expect(() => new lambda.DockerImageFunction(stack, 'Function', { code, architecture: lambda.Architecture.custom('mips') })).toThrow(
      '"Platform/Function/Resource" has the architecture "mips", which is not supported; use lambda.Architecture.X86_64 or lambda.Architecture.ARM_64',
    );
  });

  test('when somebody takes the code without telling it of the function', () => {
    const { image } = mirror.image(NODE).toLambdaFunctionCode().bind(stack);
    expect(() => stack.resolve(image?.imageUri)).toThrow('the architecture of "Platform" is not known, because it did not call bindToResource() of the code of "public.ecr.aws/lambda/nodejs:22"; use lambda.DockerImageFunction or lambda.Function');
  });
});
