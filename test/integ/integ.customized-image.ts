/** An image with lines of a Dockerfile: a second project builds it for two platforms. */
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror } from '../../src';

scenario('CustomizedImage', (stack) => {
  const mirror = new ImageMirror(stack, 'Mirror', TEMPORARY);
  const busybox = mirror.addImage('public.ecr.aws/docker/library/busybox:1.37.0', {
    dockerfileLines: ['RUN mkdir /etc/app', 'VOLUME ["/etc/app"]'],
    customPlatforms: [ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64],
  });
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('App', { image: busybox.toContainerImage() });
});
