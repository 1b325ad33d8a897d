/** The example whose service, job, builds and function run on mirrored images. */
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Images } from '../../examples/workloads/images';
import { addMirrorChecks, addWorkloadChecks } from '../../examples/workloads/security-checks';
import { Workloads } from '../../examples/workloads/workloads';
import { MirroredImagesAspect } from '../../src';

let images: Images;
let workloads: Workloads;
let template: Template;

beforeAll(() => {
  const app = new App();
  images = new Images(app, 'Images');
  workloads = new Workloads(app, 'Workloads', { mirror: images.mirror });
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [images.mirror], enforce: true }));
  addMirrorChecks(images);
  addWorkloadChecks(workloads);
  template = Template.fromStack(workloads);
});

/** The rules that a stack breaks, each with the construct that breaks it. */
function findings(stack: Stack): string[] {
  const rule = Match.stringLikeRegexp('AwsSolutions-.*');
  const annotations = Annotations.fromStack(stack);
  return [...annotations.findError('*', rule), ...annotations.findWarning('*', rule)].map(({ id, entry }) => `${/AwsSolutions-[A-Z0-9]+/.exec(String(entry.data))} ${id}`);
}

/** The texts in a value, those in lists and objects included. */
function texts(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(Object(value)).flatMap(texts);
}

test('no public image is left in the template', () => {
  const publicImage = /^(?:docker\.io|public\.ecr\.aws|nginx|fluent|python|golang)\b.*[/:]/;
  expect(texts(template.toJSON().Resources).filter((text) => publicImage.test(text))).toEqual([]);
});

test('every image is the mirror\'s, with its own tag', () => {
  const used = [
    ...Object.values(template.findResources('AWS::ECS::TaskDefinition')).flatMap(({ Properties }) => Properties.ContainerDefinitions.map(({ Image }: { Image: unknown }) => Image)),
    ...Object.values(template.findResources('AWS::Batch::JobDefinition')).map(({ Properties }) => Properties.ContainerProperties.Image),
    ...Object.values(template.findResources('AWS::CodeBuild::Project')).map(({ Properties }) => Properties.Environment.Image),
    ...Object.values(template.findResources('AWS::Lambda::Function')).flatMap(({ Properties }) => Properties.Code.ImageUri ?? []),
  ];
  const tags = [':stable', ':3.1.9', ':3.13-slim', ':1.23', ':22-linux-arm64'];
  expect(used.map((image) => texts(image).at(-1))).toEqual(tags.map((tag) => expect.stringMatching(new RegExp(`^/mirror/.*${tag}$`))));
});

test('the workloads are deployed after the images', () => {
  expect(workloads.dependencies).toContain(images);
});

test.each([['images', () => images], ['workloads', () => workloads]])('the %s pass the AWS Solutions checks', (_, stack) => {
  expect(findings(stack())).toEqual([]);
});
