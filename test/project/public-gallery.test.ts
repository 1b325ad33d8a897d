import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ImageMirror, ImageMirrorProps, MirrorCompute, MirroredImage, TagFilter } from '../../src';

const ACTIONS = ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'];

/** All actions of the mirror's roles, each with its resources. */
function allowed(stack: Stack): [string, unknown][] {
  const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
  const statements: { Action: string | string[]; Resource: unknown }[] = roles.flatMap(({ Properties: { Policies = [] } }) => Policies
    .flatMap(({ PolicyDocument }: { PolicyDocument: { Statement: object[] } }) => PolicyDocument.Statement));
  return statements.flatMap(({ Action, Resource }) => [Action].flat().map((action): [string, unknown] => [action, Resource]));
}

function mirrorIn(stack: Stack, props: ImageMirrorProps = {}): ImageMirror {
  return new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], ...props });
}

const galleryActions = (stack: Stack) => allowed(stack).filter(([action]) => ACTIONS.includes(action));
const EVERYWHERE = ACTIONS.map((action) => [action, '*']);

test('builds may sign in to the public gallery when an image comes from there', () => {
  const stack = new Stack();
  mirrorIn(stack, { images: ['nginx:stable', 'public.ecr.aws/docker/library/redis:7'] });
  expect(galleryActions(stack)).toEqual(EVERYWHERE);
});

test.each(['nginx:stable', 'quay.io/public.ecr.aws/app:1', 'public.ecr.aws.example.com/app:1', 'ecr.aws/app:1'])('builds may not when all there is is %s', (image) => {
  const stack = new Stack();
  mirrorIn(stack, { images: [image] });
  expect(galleryActions(stack)).toEqual([]);
});

test('it is said once, however many images come from there', () => {
  const stack = new Stack();
  const mirror = mirrorIn(stack, { images: ['public.ecr.aws/docker/library/redis:7'] });
  mirror.addImage('public.ecr.aws/docker/library/busybox:1.36');
  mirror.addImage('public.ecr.aws/docker/library/redis:6');
  expect(galleryActions(stack)).toEqual(EVERYWHERE);
});

test('an image whose tags a filter selects counts', () => {
  const stack = new Stack();
  mirrorIn(stack).addImage('public.ecr.aws/docker/library/redis', { tags: TagFilter.semver('7.x') });
  expect(galleryActions(stack)).toEqual(EVERYWHERE);
});

test('an image that another stack defines counts', () => {
  const app = new App();
  const stack = new Stack(app, 'Platform');
  new MirroredImage(new Stack(app, 'Team'), 'Redis', { mirror: mirrorIn(stack), image: 'public.ecr.aws/docker/library/redis:7' });
  expect(galleryActions(stack)).toEqual(EVERYWHERE);
});

test.each([['eu-west-1', EVERYWHERE], ['cn-north-1', []], ['us-gov-west-1', []], ['us-iso-east-1', []]])('in %s it is %j', (region, expected) => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '123456789012', region } });
  mirrorIn(stack, { images: ['public.ecr.aws/docker/library/redis:7'] });
  expect(galleryActions(stack)).toEqual(expected);
});

test('it is one statement among others where the CDK merges them', () => {
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } });
  const stack = new Stack(app, 'Stack', { env: { account: '123456789012', region: 'eu-west-1' } });
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-1'] });
  mirrorIn(stack, { images: ['public.ecr.aws/docker/library/redis:7'], compute: MirrorCompute.ec2({ vpc }) });
  expect(galleryActions(stack)).toEqual(EVERYWHERE);
  expect(allowed(stack)).toContainEqual(['ecr:GetAuthorizationToken', '*']);
});
