/** Warnings about limits of Regions. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { ImageMirror, ImageMirrorProps, MirrorCompute } from '../../src';

function warnings(region: string | undefined, props: ImageMirrorProps = {}): string[] {
  const stack = new Stack(new App(), 'Platform', { env: { region } });
  new ImageMirror(stack, 'Mirror', { images: ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/app:1'], ...props });
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('ImageMirror\\.(region|[a-zA-Z]+InChina)'))
    .map(({ entry }) => /ImageMirror\.(\w+)/.exec(String(entry.data))![1]);
}

test.each(['ap-east-2', 'ca-west-1', 'mx-central-1'])('CloudFormation has no CodeBuild projects in %s, which is a warning', (region) => {
  expect(warnings(region)).toEqual(['region']);
});

test.each(['eu-west-1', 'us-east-1', 'ca-central-1', 'ap-east-1', 'us-gov-west-1', undefined])('there is no warning in %s', (region) => {
  expect(warnings(region, { images: ['nginx:stable', 'public.ecr.aws/nginx/nginx:1'], compute: MirrorCompute.ec2({ timeout: Duration.hours(36) }) })).toEqual([]);
});

describe.each(['cn-north-1', 'cn-northwest-1'])('in %s', (region) => {
  test('a timeout above 480 minutes is a warning', () => {
    const images = ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1'];
    expect(warnings(region, { images, compute: MirrorCompute.ec2({ timeout: Duration.minutes(481) }) })).toEqual(['timeoutInChina']);
    expect(warnings(region, { images, compute: MirrorCompute.ec2({ timeout: Duration.minutes(480) }) })).toEqual([]);
  });

  test.each(['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0', 'registry.k8s.io/pause:3.9', 'gcr.io/a/b:1', 'ghcr.io/a/b:1'])('%s is often not reachable', (image) => {
    expect(warnings(region, { images: [image] })).toEqual(['upstreamsInChina']);
  });

  test('a proxy reaches all registries', () => {
    expect(warnings(region, { images: ['nginx:stable'], proxy: { url: 'http://proxy.example.com:3128' } })).toEqual([]);
  });

  test('the public gallery has no credentials', () => {
    expect(warnings(region, { images: ['public.ecr.aws/nginx/nginx:1'] })).toEqual(['publicGalleryInChina']);
  });

  test('other registries are no warning', () => {
    expect(warnings(region, { images: ['registry.cn-hangzhou.aliyuncs.com/a/b:1'] })).toEqual([]);
  });
});
