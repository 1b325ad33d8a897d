import { App, Stack } from 'aws-cdk-lib';
import { shares } from './fleet-images';
import { ImageMirror, ImageMirrorProps, MirroredImage } from 'cdk-ecr-mirror';

/**
 * A mirror in the first stack, and its images in this stack and others: one project mirrors them all.
 *
 * @returns the stacks, that of the mirror first
 */
export function defineMirroredFleet(app: App, images: readonly string[], stacks: number, props: ImageMirrorProps = {}): Stack[] {
  const [first, ...others] = shares(images, stacks);
  const platform = new Stack(app, 'Fleet1');
  const mirror = new ImageMirror(platform, 'Mirror', { ...props, images: first });
  return [platform, ...others.map((share, index) => defineImages(app, `Fleet${index + 2}`, mirror, share))];
}

/** The same with the mirror in a stack of its own, so that each stack of images takes as many as it can. */
export function defineFleetApart(app: App, images: readonly string[], stacks: number, props: ImageMirrorProps = {}): Stack[] {
  const platform = new Stack(app, 'Platform');
  const mirror = new ImageMirror(platform, 'Mirror', props);
  return [platform, ...shares(images, stacks).map((share, index) => defineImages(app, `Fleet${index + 1}`, mirror, share))];
}

function defineImages(app: App, id: string, mirror: ImageMirror, images: readonly string[]): Stack {
  const stack = new Stack(app, id);
  for (const image of images) new MirroredImage(stack, image.replace(/\//g, ':'), { mirror, image });
  return stack;
}
