import { App, Stack } from 'aws-cdk-lib';
import { fleetImages } from '../../bench/synth/fleet-images';
import { defineMirroredFleet } from '../../bench/synth/mirrored-fleet';
import { Measure, measuresOf } from '../../bench/synth/template-limits';
import { ImageMirror, MirroredImage } from '../../src';
import { resourcesOf, synthesize, SynthesizedStack } from '../support/fleet-app';

const IMAGES = 1_000;
const STACKS = 5;

function exceeded(stacks: readonly SynthesizedStack[]): (Measure & { stack: string })[] {
  return stacks.flatMap(({ name, template, bytes }) => measuresOf(template, bytes).map((one) => ({ ...one, stack: name })))
    .filter(({ most, value }) => value > most);
}

function measure(stacks: readonly SynthesizedStack[], limit: string): number {
  return Math.max(...stacks.map(({ template, bytes }) => measuresOf(template, bytes).find((one) => one.limit === limit)!.value));
}

describe('1,000 images in 5 stacks of one app', () => {
  let stacks: SynthesizedStack[];
  let first: SynthesizedStack;
  let others: SynthesizedStack[];

  beforeAll(() => {
    stacks = synthesize((app) => defineMirroredFleet(app, fleetImages(IMAGES), STACKS));
    [first, ...others] = [...stacks].sort((a, b) => a.name < b.name ? -1 : 1);
  });

  test('every limit of AWS is kept in every stack', () => {
    expect(exceeded(stacks)).toEqual([]);
  });

  test('every image has a repository and a schedule', () => {
    const count = (type: string) => stacks.reduce((sum, stack) => sum + Object.keys(resourcesOf(stack, type)).length, 0);
    expect([count('AWS::ECR::Repository'), count('AWS::Scheduler::Schedule')]).toEqual([IMAGES, IMAGES]);
  });

  test('all other stacks are deployed after the mirror\'s, which needs none of them', () => {
    expect(first.dependencies).toEqual([]);
    expect(others.map(({ dependencies }) => dependencies)).toEqual(others.map(() => [first.name]));
  });

  test('the other stacks define nothing but repositories, schedules and what mirrors them when they are deployed', () => {
    for (const { template } of others) {
      const types = new Set(Object.values(template.Resources!).map(({ Type }) => Type));
      expect([...types].sort()).toEqual(['AWS::ECR::Repository', 'AWS::Scheduler::Schedule', 'Custom::ImageMirror']);
    }
  });

  test('one project mirrors them all', () => {
    expect(stacks.flatMap((stack) => Object.keys(resourcesOf(stack, 'AWS::CodeBuild::Project')))).toHaveLength(1);
  });

  test('what the other stacks import does not grow with the images', () => {
    const few = synthesize((app) => defineMirroredFleet(app, fleetImages(STACKS), STACKS));
    const outputs = (all: readonly SynthesizedStack[]) => Object.keys(all.find(({ name }) => name === first.name)!.template.Outputs ?? {}).sort();
    expect(outputs(few).length).toBeGreaterThan(0);
    expect(outputs(stacks)).toEqual(outputs(few));
  });

  test('the policies of roles and queues do not grow with the images', () => {
    const hundred = synthesize((app) => defineMirroredFleet(app, fleetImages(100), STACKS));
    for (const limit of [
      'characters of a role\'s inline policies', 'characters of a role\'s trust policy', 'characters of a queue\'s policy', 'statements of a queue\'s policy',
    ]) {
      expect([limit, measure(stacks, limit)]).toEqual([limit, measure(hundred, limit)]);
    }
  });
});

describe('the logical id of a repository in a fleet', () => {
  const IMAGE = 'quay.io/prometheus/prometheus:v2.53.0';
  const OTHERS = fleetImages(12);

  /** The id of the image's repository, which the stack named `Team` defines. */
  function repositoryId(define: (mirror: ImageMirror, app: App) => void): string {
    const stacks = synthesize((app) => {
      const mirror = new ImageMirror(new Stack(app, 'Platform'), 'Mirror');
      define(mirror, app);
    });
    const team = stacks.find(({ name }) => name === 'Team')!;
    const [id] = Object.entries(resourcesOf(team, 'AWS::ECR::Repository')).find(([, { RepositoryName }]) => RepositoryName === 'mirror/quay.io/prometheus/prometheus')!;
    return id;
  }

  const alone = repositoryId((mirror, app) => new MirroredImage(new Stack(app, 'Team'), 'Image', { mirror, image: IMAGE }));

  test('does not depend on the number of stacks', () => {
    expect(repositoryId((mirror, app) => {
      OTHERS.forEach((image, index) => new MirroredImage(new Stack(app, `Other${index}`), 'Image', { mirror, image }));
      new MirroredImage(new Stack(app, 'Team'), 'Image', { mirror, image: IMAGE });
    })).toBe(alone);
  });

  test('does not depend on the order of stacks and images', () => {
    expect(repositoryId((mirror, app) => {
      const team = new Stack(app, 'Team');
      new MirroredImage(team, 'Last', { mirror, image: OTHERS[0] });
      new MirroredImage(team, 'Prometheus', { mirror, image: IMAGE });
      OTHERS.slice(1).forEach((image, index) => new MirroredImage(new Stack(app, `Other${index}`), 'Image', { mirror, image }));
    })).toBe(alone);
  });
});

describe('other shapes of fleets', () => {
  test('100 stacks with two images each keep every limit', () => {
    expect(exceeded(synthesize((app) => defineMirroredFleet(app, fleetImages(200), 100)))).toEqual([]);
  });

  test('100 stacks with the longest names there are keep every limit', () => {
    expect(exceeded(synthesize((app) => {
      const mirror = new ImageMirror(new Stack(app, 'Platform'), 'Mirror');
      fleetImages(100).forEach((image, index) => {
        new MirroredImage(new Stack(app, `Team${index}`, { stackName: `${'x'.repeat(120)}-${String(index).padStart(3, '0')}` }), 'Image', { mirror, image });
      });
    }))).toEqual([]);
  });

  test('a stack that is full of tags of one repository with a long name keeps every limit', () => {
    const repository = `registry.example.com/${'platform-engineering/'.repeat(6)}service`;
    const images = Array.from({ length: 470 }, (_, index) => `${repository}:1.0.${index}-bookworm-slim-20261122`);
    expect(exceeded(synthesize((app) => defineMirroredFleet(app, images, 1)))).toEqual([]);
  });

  test('an image that the mirror\'s own stack uses from another stack is a circle that the CDK refuses', () => {
    expect(() => synthesize((app) => {
      const platform = new Stack(app, 'Platform');
      const mirror = new ImageMirror(platform, 'Mirror', { images: ['nginx:stable'] });
      const image = new MirroredImage(new Stack(app, 'Team'), 'Redis', { mirror, image: 'redis:7' });
      mirror.image('nginx:stable').repository.node.addDependency(image);
    })).toThrow(/cyclic/);
  });
});
