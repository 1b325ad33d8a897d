/** Other accounts and Regions: pull permissions, replication, and the settings of replicas. */
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror, MirrorReplication } from '../../src';

scenario('Replication', (stack) => {
  const mirror = new ImageMirror(stack, 'Mirror', { ...TEMPORARY, images: ['public.ecr.aws/nginx/nginx:stable'] });
  mirror.grantPullToOrganization('o-abc1234567');
  new MirrorReplication(stack, 'Replication', { mirror, destinations: [{ region: 'eu-central-1' }] });
});
