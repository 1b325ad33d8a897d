/** Builds in a VPC, behind a proxy, with FIPS endpoints. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { scenario, TEMPORARY } from './scenario';
import { ComputeArchitecture, ImageMirror, MirrorCompute, OnDeploy } from '../../src';

scenario('Network', (stack) => {
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  new ImageMirror(stack, 'Mirror', {
    ...TEMPORARY,
    onDeploy: OnDeploy.OFF, // the proxy does not exist
    images: ['public.ecr.aws/nginx/nginx:stable'],
    compute: MirrorCompute.ec2({ architecture: ComputeArchitecture.ARM_64, vpc }),
    proxy: { url: 'http://proxy.example.com:3128', noProxy: ['.amazonaws.com'] },
    fips: true,
  });
});
