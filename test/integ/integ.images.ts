/** Three images of two registries: repositories, schedules, and builds with the default settings. */
import { CfnOutput } from 'aws-cdk-lib';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror } from '../../src';

scenario('Images', (stack) => {
  const mirror = new ImageMirror(stack, 'Mirror', {
    ...TEMPORARY,
    images: ['public.ecr.aws/nginx/nginx:stable', 'public.ecr.aws/docker/library/busybox:1.37.0', 'quay.io/prometheus/busybox:latest'],
  });
  new CfnOutput(stack, 'Nginx', { value: mirror.image('public.ecr.aws/nginx/nginx:stable').imageUri });
});
