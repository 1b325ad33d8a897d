/** Amazon ECS, AWS CodeBuild, and AWS Lambda use mirrored images, and the aspect replaces a public image. */
import { Aspects } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror, MirroredImagesAspect } from '../../src';

const NGINX = 'public.ecr.aws/nginx/nginx:stable';
const GOLANG = 'public.ecr.aws/docker/library/golang:1.23';
const NODEJS = 'public.ecr.aws/lambda/nodejs:22';
const BUSYBOX = 'public.ecr.aws/docker/library/busybox:1.37.0';

scenario('Consumers', (stack) => {
  const mirror = new ImageMirror(stack, 'Mirror', { ...TEMPORARY, images: [NGINX, GOLANG, NODEJS, BUSYBOX] });

  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('Web', { image: mirror.image(NGINX).toContainerImage() });
  task.addContainer('Sidecar', { image: ecs.ContainerImage.fromRegistry(BUSYBOX), essential: false });

  new codebuild.Project(stack, 'Tests', {
    environment: { buildImage: mirror.image(GOLANG).toBuildImage() },
    buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['go version'] } } }),
  });

  new lambda.DockerImageFunction(stack, 'Function', {
    architecture: lambda.Architecture.ARM_64,
    code: mirror.image(NODEJS).toLambdaCode({ cmd: ['index.handler'] }),
  });

  Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
});
