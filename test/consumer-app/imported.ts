/** The app of another team, which imports the mirror that the first app defines. */
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ImageMirror, IImageMirror } from 'cdk-ecr-mirror';

const env = { account: '444455556666', region: 'eu-west-1' };
const owner = { account: '111122223333', region: 'eu-west-1' };

function defineTask(stack: Stack, mirror: IImageMirror): void {
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('web', { image: mirror.image('nginx:stable').toContainerImage() });
}

const app = new App({ outdir: path.join(process.argv[2], 'imported'), analyticsReporting: false });
const byAttributes = new Stack(app, 'ByAttributes', { env });
defineTask(byAttributes, ImageMirror.fromImageMirrorAttributes(byAttributes, 'Mirror', { ...owner, repositoryPrefix: 'mirror', images: ['nginx:stable'] }));
// The list is not there yet in the first pass, which must not fail.
const byLookup = new Stack(app, 'ByLookup', { env: owner });
defineTask(byLookup, ImageMirror.fromLookup(byLookup, 'Mirror'));
app.synth();
