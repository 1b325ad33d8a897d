/** Another stack, as of another app, imports a mirror and uses one of its images. */
import { Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror } from '../../src';

const NGINX = 'public.ecr.aws/nginx/nginx:stable';

scenario('SharedMirror', (stack) => {
  new ImageMirror(stack, 'Mirror', { ...TEMPORARY, images: [NGINX], published: true });

  const team = new Stack(stack.node.scope!, 'IntegSharedMirrorTeam');
  team.addDependency(stack);
  const mirror = ImageMirror.fromImageMirrorAttributes(team, 'Mirror', { images: [NGINX] });
  new ecs.FargateTaskDefinition(team, 'Task').addContainer('Web', { image: mirror.image(NGINX).toContainerImage() });
  return [team];
});
