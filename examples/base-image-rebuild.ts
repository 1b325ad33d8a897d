/**
 * A new base image starts the build of what is made from it.
 *
 * Synthesize it with `npx cdk synth --app 'npx tsx --tsconfig tsconfig.dev.json examples/base-image-rebuild.ts'`.
 */
import { App, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { ImageMirror } from 'cdk-ecr-mirror';

const app = new App();
export const stack = new Stack(app, 'BaseImageRebuild');
const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
const base = mirror.image('nginx:stable');
const website = new ecr.Repository(stack, 'Website');

// Its Dockerfile begins with "ARG BASE_IMAGE" and "FROM $BASE_IMAGE".
const build = new codebuild.Project(stack, 'Build', {
  source: codebuild.Source.gitHub({ owner: 'example', repo: 'website' }),
  environment: { buildImage: codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5, privileged: true },
  environmentVariables: { BASE_IMAGE: { value: base.imageUri }, WEBSITE: { value: website.repositoryUri } },
  buildSpec: codebuild.BuildSpec.fromObject({
    version: '0.2',
    phases: {
      build: {
        commands: [
          'aws ecr get-login-password | docker login --username AWS --password-stdin "${WEBSITE%%/*}"',
          'docker build --build-arg "BASE_IMAGE=$BASE_IMAGE" --tag "$WEBSITE:latest" .',
          'docker push "$WEBSITE:latest"',
        ],
      },
    },
  }),
});
base.grantPull(build);
website.grantPullPush(build);

// The tag floats, and may have moved on when the build runs: the digest says which image is meant.
const digest = events.EventField.fromPath('$.detail.targetDigest');
base.onImageMirrored('Rebuild', {
  target: new targets.CodeBuildProject(build, {
    event: events.RuleTargetInput.fromObject({
      environmentVariablesOverride: [{ name: 'BASE_IMAGE', type: 'PLAINTEXT', value: `${base.repository.repositoryUri}@${digest}` }],
    }),
  }),
});

app.synth();
