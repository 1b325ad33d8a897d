import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { PlatformImages } from '../examples/sample-app/platform-images';
import { ImageMirror, MirrorCompute, MirroredImage, OnTagMoved, RegistryCredentials, TagFilter, TagKind } from '../src';
import { blankAssetHashes } from './support/asset-hashes';
import { createCertificates } from './support/certificate';

// A change of a snapshot is a change of what users deploy: judge it before updating with `npx jest --ci=false -u test/template-snapshot.test.ts`.

function snapshot(stack: Stack) {
  return blankAssetHashes(Template.fromStack(stack).toJSON());
}

test('the sample app', () => {
  expect(snapshot(new PlatformImages(new App(), 'PlatformImages'))).toMatchSnapshot();
});

test('a mirror with every property set', async () => {
  const certificates = await createCertificates(['registry.example.com']);
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-1'] });
  const mirror = new ImageMirror(stack, 'Mirror', {
    images: ['nginx:stable'],
    repositoryPrefix: 'upstream',
    schedule: scheduler.ScheduleExpression.rate(Duration.hours(6)),
    timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(15)),
    onTagMoved: OnTagMoved.SUFFIX,
    credentials: [RegistryCredentials.dockerHub(secretsmanager.Secret.fromSecretNameV2(stack, 'DockerHub', 'docker-hub'))],
    compute: MirrorCompute.ec2({ vpc, timeout: Duration.minutes(30) }),
    certificateAuthorityPath: certificates.authorityFile,
    encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234'),
    repositoryRemovalPolicy: RemovalPolicy.DESTROY,
    untaggedImageExpiry: Duration.days(7),
    imageScanOnPush: false,
    eventBus: events.EventBus.fromEventBusName(stack, 'Bus', 'platform'),
    logRetention: logs.RetentionDays.ONE_WEEK,
  });
  mirror.addImage('hashicorp/vault:1.14', { repositoryName: 'security/vault', tagKind: TagKind.FIXED, onTagMoved: OnTagMoved.KEEP });
  mirror.addImage('redis', {
    tags: TagFilter.pattern('7*', { exclude: ['*-rc*'] }),
    platforms: [ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64],
    referrers: false,
  });
  await certificates.dispose();
  expect(snapshot(stack)).toMatchSnapshot();
});

test('an image of another stack', () => {
  const app = new App();
  const mirror = new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { compute: MirrorCompute.awsLambda() });
  const team = new Stack(app, 'Team');
  new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  expect(snapshot(team)).toMatchSnapshot();
});
