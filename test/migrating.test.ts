/** The guides in docs/migrating: their code defines the repositories that they promise. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as cdk from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ts from 'typescript';
import * as library from '../src';

const ROOT = path.join(__dirname, '..');
const FIXTURE = readFileSync(path.join(ROOT, 'rosetta', 'default.ts-fixture'), 'utf8').split(/^class /m)[0];
const OPTIONS: ts.TranspileOptions = { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } };
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:docker-hub-abcdef';

interface Guide {
  readonly before: string;
  readonly after: string;
}

/** The first code blocks of a guide before and after the migration. */
function guide(name: string): Guide {
  const page = readFileSync(path.join(ROOT, 'docs', 'migrating', `${name}.md`), 'utf8');
  const [, before] = /^## Before\n[^]*?^```\w+\n([^]*?)^```$/m.exec(page)!;
  const [, after] = /^## After\n[^]*?^```ts\n([^]*?)^```$/m.exec(page)!;
  return { before, after };
}

/** The modules that a guide imports: this library, the CDK, and a part of the CDK such as `aws-cdk-lib/aws-ecr-assets`. */
function load(name: string): unknown {
  if (name === 'cdk-ecr-mirror') return library;
  return name === 'aws-cdk-lib' ? cdk : cdk[name.replace('aws-cdk-lib/', '').replaceAll('-', '_') as keyof typeof cdk];
}

/** The names of the repositories that the code of a guide defines. */
function repositoriesOf(code: string): string[] {
  const isApp = /^import /m.test(code);
  const stack = isApp ? stackOfApp(code) : stackWith(code);
  return Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository')).map(({ Properties }) => Properties.RepositoryName).sort();
}

function stackOfApp(code: string): cdk.Stack {
  const { outputText } = ts.transpileModule(code, OPTIONS);
  const app = new Function('require', 'exports', `${outputText}\nreturn app;`)(load, {}) as cdk.App;
  return app.node.findChild('PlatformImages') as cdk.Stack;
}

function stackWith(code: string): cdk.Stack {
  const app = new cdk.App();
  const stack = new cdk.Stack(app, 'PlatformImages');
  const others = new cdk.Stack(app, 'Others');
  const names = {
    app,
    taskDefinition: new cdk.aws_ecs.FargateTaskDefinition(others, 'Task'),
    hub: cdk.aws_secretsmanager.Secret.fromSecretCompleteArn(others, 'Hub', SECRET_ARN),
  };
  // What a block declares for itself is not a parameter.
  const given = Object.entries(names).filter(([name]) => new RegExp(`^declare const ${name}\\b`, 'm').test(code));
  const { outputText } = ts.transpileModule(FIXTURE + code, OPTIONS);
  new Function('require', 'exports', ...given.map(([name]) => name), outputText).call(stack, load, {}, ...given.map(([, value]) => value));
  return stack;
}

test('a script\'s images get new repositories', () => {
  expect(repositoriesOf(guide('script').after)).toEqual([
    'mirror/grafana/grafana', 'mirror/nginx', 'mirror/quay.io/prometheus/prometheus', 'mirror/redis',
  ]);
});

test('a script\'s repositories keep their names with its prefix', () => {
  const { before, after } = guide('script');
  const images = /^images="(.*)"$/m.exec(before)![1].split(' ');
  const code = after.replace('images: [', 'repositoryPrefix: \'upstream\', images: [');
  expect(repositoriesOf(code)).toEqual(images.map((image) => `upstream/${image.replace(/:[^:]*$/, '')}`).sort());
});

test('the repositories of a CodeBuild project keep their names', () => {
  const { before, after } = guide('codebuild-console');
  expect(before).toContain('$REGISTRY/$TARGET');
  expect(repositoriesOf(after)).toEqual(['platform/nginx', 'platform/prometheus', 'platform/redis']);
});

test('the repository of cdk-ecr-deployment keeps its name', () => {
  const { before, after } = guide('cdk-ecr-deployment');
  const [, name] = /repositoryName: '(.*)'/.exec(before)!;
  expect(repositoriesOf(after)).toEqual([name]);
});

test('delivlib\'s images get new repositories', () => {
  expect(repositoriesOf(guide('delivlib').after)).toEqual(['mirror/jsii/superchain', 'mirror/python']);
});

test('the repositories of a Terraform module keep their names, and its customized image gets new ones', () => {
  const { before, after } = guide('terraform');
  const containers = [...before.matchAll(/^ +"([^":]+)" += \[/gm)].map(([, name]) => `ecsclone/${name}`);
  expect(containers).toHaveLength(3);
  expect(repositoriesOf(after)).toEqual([...containers, 'ecsclone/custom/original/vault', 'ecsclone/original/vault'].sort());
});

test('the targets of regsync keep their names', () => {
  const { before, after } = guide('regsync');
  const targets = [...before.matchAll(/target: [^/]+\/([^:\n]+)/g)].map(([, name]) => name);
  expect(targets).toHaveLength(3);
  expect(repositoriesOf(after)).toEqual(targets.sort());
});

test('the images of a pull-through cache get new repositories', () => {
  expect(repositoriesOf(guide('pull-through-cache').after)).toEqual(['mirror/grafana/grafana', 'mirror/nginx']);
});
