/** How the project that builds customized images names what it may build. */
import { createHash } from 'node:crypto';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirror, MirroredImage, TagFilter } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const LINES = ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'];

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform');
});

const resolver = () => new TemplateResolver(Template.fromStack(stack).toJSON());

function markVariables(): { Name: string; Value: string }[] {
  const deployed = resolver();
  const [custom] = deployed.ids('AWS::CodeBuild::Project').map((id) => deployed.properties(id)).filter(({ Environment }) => Environment.PrivilegedMode);
  return custom.Environment.EnvironmentVariables.filter(({ Name }: { Name: string }) => Name.startsWith('MIRROR_RECIPES'));
}

const marks = () => markVariables().flatMap(({ Value }) => Value.split(','));

test('the project names what it may build, in other stacks too: each image with its repositories, lines and platforms', () => {
  const mirror = new ImageMirror(stack, 'Mirror');
  mirror.addImage('redis:7.0.1', { dockerfileLines: LINES });
  mirror.addImage('nginx', { dockerfileLines: LINES, tags: TagFilter.semver('1.27.x') });
  new MirroredImage(new Stack(app, 'Team'), 'Vault', { mirror, image: 'vault:1.14.0', dockerfileLines: ['USER vault'], repositoryName: 'elsewhere' });
  const platforms = ['linux/amd64'];
  expect(marks()).toEqual([
    { image: 'docker.io/library/redis:7.0.1', base: 'mirror/redis', repository: 'mirror/custom/redis', lines: LINES, platforms },
    { image: 'docker.io/library/nginx', base: 'mirror/nginx', repository: 'mirror/custom/nginx', lines: LINES, platforms },
    { image: 'docker.io/library/vault:1.14.0', base: 'elsewhere', repository: 'mirror/custom/elsewhere', lines: ['USER vault'], platforms },
  ].map((declaration) => createHash('sha256').update(JSON.stringify(declaration)).digest('hex').slice(0, 32)).sort());
});

test('the project leaves the name of a repository to CloudFormation that is a token', () => {
  new ImageMirror(stack, 'Mirror').addImage('hashicorp/vault:1.14.0', { dockerfileLines: LINES, repository: new ecr.Repository(stack, 'Mine') });
  const [mine] = Object.keys(Template.fromStack(stack).findResources('AWS::ECR::Repository')).filter((id) => id.startsWith('Mine'));
  const declaration = { image: 'docker.io/hashicorp/vault:1.14.0', base: '', repository: 'mirror/custom/hashicorp/vault', lines: LINES, platforms: ['linux/amd64'] };
  const mark = createHash('sha256').update(JSON.stringify(declaration)).digest('hex').slice(0, 32);
  expect(marks()).toEqual([`${mark}:${resolver().resolve({ Ref: mine })}`]);
});

test('the project names what it may build in as many variables as that takes', () => {
  const mirror = new ImageMirror(stack, 'Mirror');
  const teams = [0, 1].map((index) => new Stack(app, `Team${index}`));
  for (let index = 0; index < 250; index++) new MirroredImage(teams[index % 2], `App${index}`, { mirror, image: `team/app${index}:1.0.0`, dockerfileLines: LINES });
  const variables = markVariables();
  expect(variables.map(({ Name }) => Name)).toEqual(['MIRROR_RECIPES', 'MIRROR_RECIPES_2', 'MIRROR_RECIPES_3']);
  expect(new Set(variables.flatMap(({ Value }) => Value.split(','))).size).toBe(250);
  for (const { Value } of variables) expect(Value.length).toBeLessThanOrEqual(4_000);
});
