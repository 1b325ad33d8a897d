import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as sns from 'aws-cdk-lib/aws-sns';
import { fleetImages } from '../../bench/synth/fleet-images';
import { defineFleetApart } from '../../bench/synth/mirrored-fleet';
import { ImageMirror, MirroredImage, OnDeploy } from '../../src';
import { synthesize } from '../support/fleet-app';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'fleets.md'), 'utf8');

type Define = (app: App, images: string[]) => void;

const inOneStack = (onDeploy?: OnDeploy): Define => (app, images) => {
  new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { images, onDeploy });
};

const withAlarms: Define = (app, images) => {
  const platform = new Stack(app, 'Platform');
  const mirror = new ImageMirror(platform, 'Mirror');
  const team = new Stack(app, 'Team');
  mirror.notify(new sns.Topic(platform, 'Trouble'), { images: images.map((image, index) => new MirroredImage(team, `Image${index}`, { mirror, image })) });
};

/** With the resource that the CDK adds to each stack, as `cdk synth` has it do. */
function synthesizeWithMetadata(define: Define, images: number): void {
  synthesize((app) => define(app, fleetImages(images)), { analyticsReporting: true });
}

describe.each<[string, number, string, Define]>([
  ['the stack of a mirror', 236, 'the stack of the mirror', inOneStack()],
  ['the stack of a mirror that does nothing when it is deployed', 244, 'the stack of the mirror, with `onDeploy: OnDeploy.OFF`', inOneStack(OnDeploy.OFF)],
  ['a further stack', 249, 'each further stack', (app, images) => void defineFleetApart(app, images, 1)],
  ['a further stack whose images have alarms of their own', 124, 'each further stack, with two alarms of `notify()` for each image', withAlarms],
])('%s', (_, most, words, define) => {
  test(`takes ${most} images, each in a repository of its own`, () => {
    expect(() => synthesizeWithMetadata(define, most)).not.toThrow();
  });

  test('refuses one more, and says how to split', () => {
    expect(() => synthesizeWithMetadata(define, most + 1)).toThrow('define some of them in another stack with new MirroredImage(otherStack, id, { mirror, image })');
  });

  test('takes as many as docs/fleets.md says', () => {
    expect(PAGE).toContain(`| ${words} | ${most} |`);
  });
});
