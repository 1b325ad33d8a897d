/** Builds on Lambda compute, which are billed by the second. */
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror, MirrorCompute } from '../../src';

scenario('LambdaCompute', (stack) => {
  new ImageMirror(stack, 'Mirror', { ...TEMPORARY, images: ['public.ecr.aws/nginx/nginx:stable'], compute: MirrorCompute.awsLambda() });
});
