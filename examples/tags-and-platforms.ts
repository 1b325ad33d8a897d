/**
 * The newest versions of an image instead of a single tag, on the platforms that are in use.
 *
 * Synthesize it with `npx cdk synth --app 'npx tsx --tsconfig tsconfig.dev.json examples/tags-and-platforms.ts'`.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ImageMirror, TagFilter, TagKind } from 'cdk-ecr-mirror';

const app = new App();
const stack = new Stack(app, 'TagsAndPlatforms');
const mirror = new ImageMirror(stack, 'Mirror');

// A new release is in the mirror within a day, without a deployment. Versions are immutable.
const nginx = mirror.addImage('nginx', {
  tags: TagFilter.semver('>=1.25 <2', { latest: 5 }),
  platforms: [Platform.LINUX_AMD64, Platform.LINUX_ARM64],
});

// The official image is built again when its base image has a security fix, under the same tag: it floats.
mirror.addImage('python', {
  tags: TagFilter.semver('3.12.x || 3.13.x', { variant: 'slim', latest: 4 }),
  tagKind: TagKind.FLOATING,
});

// Tags that are no versions. The pattern is an exception from the repository's immutability.
mirror.addImage('public.ecr.aws/docker/library/redis', {
  tags: TagFilter.pattern('7*-alpine', { exclude: ['*-rc*'] }),
});

// Many small images, whose signatures nobody verifies here.
mirror.addImage('ghcr.io/stefanprodan/podinfo:6.7.0', { referrers: false });

new CfnOutput(stack, 'Nginx', { value: nginx.imageUriForTag('1.27.0') });
app.synth();
