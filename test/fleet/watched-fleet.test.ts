import { App, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { fleetImages } from '../../bench/synth/fleet-images';
import { ImageMirror, MirrorDashboard, MirroredImage } from '../../src';
import { resourcesOf, synthesize, SynthesizedStack } from '../support/fleet-app';

/** A mirror in a stack of its own, the topic of its alarms beside it, and images of two teams. */
interface Fleet {
  readonly app: App;
  readonly platform: Stack;
  readonly mirror: ImageMirror;
  readonly teams: readonly Stack[];
  readonly images: readonly MirroredImage[];
}

function synthesizeFleet(watch: (fleet: Fleet) => void, imagesOfTeam = 2): SynthesizedStack[] {
  return synthesize((app) => {
    const platform = new Stack(app, 'Platform');
    const mirror = new ImageMirror(platform, 'Mirror');
    const teams = ['Search', 'Shop'].map((name) => new Stack(app, name));
    const images = fleetImages(2 * imagesOfTeam).map((image, index) => new MirroredImage(teams[index % 2], `Image${index}`, { mirror, image }));
    watch({ app, platform, mirror, teams, images });
  });
}

function stackOf(stacks: readonly SynthesizedStack[], name: string): SynthesizedStack {
  return stacks.find((stack) => stack.name === name)!;
}

/** How many values other stacks import from the mirror's. */
function exported(stacks: readonly SynthesizedStack[]): number {
  return Object.keys(stackOf(stacks, 'Platform').template.Outputs ?? {}).length;
}

const tellTopic = ({ platform, mirror, images }: Fleet) => mirror.notify(new sns.Topic(platform, 'Trouble'), { images: [...images] });
const nothing = () => {};

describe('what the stacks of images import', () => {
  test('is four values when nobody watches the images', () => {
    expect(exported(synthesizeFleet(nothing))).toBe(4);
  });

  test('is the topic and the project\'s name besides when images have alarms, however many images there are', () => {
    expect(exported(synthesizeFleet(tellTopic))).toBe(6);
    expect(exported(synthesizeFleet(tellTopic, 10))).toBe(6);
  });

  test('is the project\'s name besides when images have rules', () => {
    expect(exported(synthesizeFleet(({ images, teams }) => {
      images[0].onImageMirrored('Rebuild', { target: new targets.SnsTopic(new sns.Topic(teams[0], 'Images')) });
    }))).toBe(5);
  });
});

test('alarms and rules of an image are resources of the stack that has the image', () => {
  const stacks = synthesizeFleet((fleet) => {
    tellTopic(fleet);
    fleet.images[0].onImageMirrored('Rebuild');
  });
  const search = stackOf(stacks, 'Search');
  expect([resourcesOf(search, 'AWS::CloudWatch::Alarm'), resourcesOf(search, 'AWS::Events::Rule')].map((resources) => Object.keys(resources).length)).toEqual([4, 1]);
  expect(Object.keys(resourcesOf(stackOf(stacks, 'Platform'), 'AWS::CloudWatch::Alarm'))).toHaveLength(5);
});

test('one rule takes the events of all images, in whichever stacks they are', () => {
  const stacks = synthesizeFleet(({ mirror }) => { mirror.onImageMirrored('Rebuild'); });
  expect(stacks.flatMap((stack) => Object.keys(resourcesOf(stack, 'AWS::Events::Rule')))).toHaveLength(1);
});

describe('circles that the CDK refuses', () => {
  test('a topic in a stack with images', () => {
    expect(() => synthesizeFleet(({ mirror, teams }) => { mirror.notify(new sns.Topic(teams[0], 'Trouble')); })).toThrow(/cyclic/);
  });

  test('a dashboard in the mirror\'s stack with alarms of images of other stacks', () => {
    expect(() => synthesizeFleet((fleet) => {
      new MirrorDashboard(fleet.platform, 'Dashboard', { mirror: fleet.mirror, alarms: tellTopic(fleet) });
    })).toThrow(/cyclic/);
  });

  test('a topic beside a dashboard in a stack of their own', () => {
    expect(() => synthesizeFleet(({ app, mirror }) => {
      const watch = new Stack(app, 'Watch');
      new MirrorDashboard(watch, 'Dashboard', { mirror, alarms: mirror.notify(new sns.Topic(watch, 'Trouble')) });
    })).toThrow(/cyclic/);
  });
});

describe('what works instead', () => {
  test('a topic in a stack that uses nothing of the mirror is deployed first', () => {
    const stacks = synthesizeFleet(({ app, mirror, images }) => {
      mirror.notify(new sns.Topic(new Stack(app, 'Topics'), 'Trouble'), { images: [...images] });
    });
    expect(['Topics', 'Platform', 'Search'].map((name) => stackOf(stacks, name).dependencies)).toEqual([[], ['Topics'], ['Platform', 'Topics']]);
  });

  test('a dashboard with the mirror\'s own alarms is in the mirror\'s stack', () => {
    const stacks = synthesizeFleet(({ platform, mirror }) => {
      new MirrorDashboard(platform, 'Dashboard', { mirror, alarms: mirror.notify(new sns.Topic(platform, 'Trouble')) });
    });
    expect(stackOf(stacks, 'Platform').dependencies).toEqual([]);
  });

  test('a dashboard with alarms of images is in a stack of its own, and deployed last', () => {
    const stacks = synthesizeFleet((fleet) => {
      new MirrorDashboard(new Stack(fleet.app, 'Watch'), 'Dashboard', { mirror: fleet.mirror, alarms: tellTopic(fleet) });
    });
    expect(stackOf(stacks, 'Watch').dependencies).toEqual(['Platform', 'Search', 'Shop']);
  });
});
