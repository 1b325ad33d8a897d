/** The fleet as a user of cdk-ecr-deployment defines it: a repository and a deployment for each image, in as many stacks. */
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import { timeApp } from './timed-app';
import { fleetImages, shares } from '../fleet-images';

/** What is used of cdk-ecr-deployment, which is no dependency and so has no types here. */
interface EcrDeploymentModule {
  readonly ECRDeployment: new (scope: Construct, id: string, props: { readonly src: object; readonly dest: object }) => Construct;
  readonly DockerImageName: new (name: string) => object;
}

const peer: EcrDeploymentModule = createRequire(path.join(process.env.PEERS_FOLDER!, 'package.json'))('cdk-ecr-deployment');

timeApp((app, { images, stacks }) => {
  for (const [index, share] of shares(fleetImages(images), stacks).entries()) {
    const stack = new Stack(app, `Fleet${index + 1}`);
    for (const image of share) defineDeployment(stack, image);
  }
});

function defineDeployment(stack: Stack, image: string): void {
  const [, repositoryName, tag] = /^[^/]+\/(.+):(.+)$/.exec(image)!;
  const id = repositoryName.replace(/\//g, ':');
  const repository = new ecr.Repository(stack, id, { repositoryName: `mirror/${repositoryName}`, imageScanOnPush: true });
  new peer.ECRDeployment(stack, `${id}-deployment`, {
    src: new peer.DockerImageName(image),
    dest: new peer.DockerImageName(repository.repositoryUriForTag(tag)),
  });
}
