/** The lifecycle policies of a mirror, evaluated as Amazon ECR documents it: which images they expire, and which they never do. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as fc from 'fast-check';
import { ImageMirrorProps, MirroredImageOptions, TagFilter } from '../../src';
import { LifecycleOfImage, RepositoryLifecycle } from '../../src/repositories/lifecycle-rules';
import type { EcrImage } from '../support/ecr-images';
import { evaluateLifecyclePolicy, parseLifecyclePolicy } from '../support/lifecycle-policy';
import { mirrorStack } from '../support/mirror-stack';

const DAY = 24 * 60 * 60 * 1000;
const NOW = 1_000 * DAY;

/** An image that is some days old; its digest is the list of its tags. */
function aged(days: number, ...tags: string[]): EcrImage {
  return { digest: tags.join(' '), tags, pushedAt: NOW - days * DAY, status: 'ACTIVE', children: [] };
}

/** The images that the policy of the only repository expires. */
function expired(images: EcrImage[], image: string, options: MirroredImageOptions = {}, props: ImageMirrorProps = {}): readonly string[] {
  const { mirror, deploy } = mirrorStack(props);
  mirror.addImage(image, options);
  const template = deploy();
  const [policy] = template.ids('AWS::ECR::Repository').map((id) => template.properties(id).LifecyclePolicy.LifecyclePolicyText);
  return evaluateLifecyclePolicy(parseLifecyclePolicy(policy), images, NOW).expired;
}

test('previous images stay at any age, marked images expire, and an image that a tag names again does not', () => {
  const images = [
    aged(400, 'stable'), aged(400, 'mirror.previous.stable.1'), aged(3, 'mirror.previous.stable.2', 'mirror.expired.aaaaaaaaaaaa'),
    aged(400, 'stable', 'mirror.expired.bbbbbbbbbbbb', 'mirror.kept.bbbbbbbbbbbb'), { ...aged(31), digest: 'untagged' }, { ...aged(29), digest: 'young' },
  ];
  expect(expired(images, 'nginx:stable')).toEqual(['mirror.previous.stable.2 mirror.expired.aaaaaaaaaaaa', 'untagged']);
});

test('without previous images, an image expires that has lost its tag', () => {
  expect(expired([aged(45, 'stable'), { ...aged(45), digest: 'running' }], 'nginx:stable', { keepPrevious: 0 })).toEqual(['running']);
});

test('a rule of the app expires what it selects, but no image that is protected', () => {
  const lifecycleRules = [{ tagPatternList: ['pr-*'], maxImageAge: Duration.days(14) }];
  const images = [aged(20, 'pr-1'), aged(10, 'pr-2'), aged(20, 'pr-3', 'mirror.kept.aaaaaaaaaaaa'), aged(20, '7.2.5')];
  expect(expired(images, 'redis', { tags: TagFilter.semver('7.x'), keepVersions: 5, lifecycleRules })).toEqual(['pr-1']);
});

describe('random rules of an app', () => {
  const TAGS = ['stable', 'stab', '1.27.0', '1.27', 'pr-1', 'pr-2-alpine', 'mirror.previous.stable.3', '7'];
  const piece = fc.constantFrom('*', 's', 'stab', '1.', '7', 'pr-', '.0', 'mirror.', '-alpine', 'le');
  const pattern = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(''));
  const count = fc.record({ maxImageCount: fc.integer({ min: 1, max: 2 }) });
  const rule = fc.oneof(
    fc.tuple(fc.array(pattern, { minLength: 1, maxLength: 2 }), count).map(([tagPatternList, rest]) => ({ tagPatternList, ...rest })),
    fc.tuple(fc.constantFrom('s', '1', 'pr', 'm', '7.'), count).map(([prefix, rest]) => ({ tagPrefixList: [prefix], ...rest })),
    count,
  );
  const images = fc.array(fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 3 }), { minLength: 1, maxLength: 8 });

  /** The tags that the mirror itself puts on images of the repository. The app names the first two. */
  const KNOWN = ['stable', '1.27.0', 'mirror.previous.stable.3'];
  const image = (tag: string, kind: Partial<LifecycleOfImage>): LifecycleOfImage => {
    return { source: `docker.io/library/nginx:${tag}`, tags: { tag }, mutableTags: [], fixedTags: [], keepPrevious: 150, ...kind };
  };

  test('are rejected, or expire no image that only has tags of the mirror', () => {
    let accepted = 0;
    let rejected = 0;
    fc.assert(fc.property(rule, images, (one, lists) => {
      const repository = new ecr.Repository(new Stack(), 'Repository', { lifecycleRules: [] });
      const lifecycle = new RepositoryLifecycle('mirror/nginx', { untaggedImageExpiry: Duration.days(30), lifecycleRules: [one as ecr.LifecycleRule] });
      lifecycle.add(image('stable', { mutableTags: ['stable'] }));
      lifecycle.add(image('1.27.0', { fixedTags: ['1.27.0'] }));
      lifecycle.render(repository);
      if (lifecycle.validate(repository).length > 0) {
        rejected++;
        return;
      }
      accepted++;
      const { lifecyclePolicyText } = Stack.of(repository).resolve((repository.node.defaultChild as ecr.CfnRepository).lifecyclePolicy);
      const all = lists.map((tags, index) => ({ ...aged(400 - index, ...tags), digest: `${index}` }));
      const gone = new Set(evaluateLifecyclePolicy(parseLifecyclePolicy(lifecyclePolicyText), all, NOW).expired);
      const needed = all.filter(({ tags }) => tags.length > 0 && tags.every((tag) => KNOWN.includes(tag)));
      expect(needed.filter(({ digest }) => gone.has(digest))).toEqual([]);
    }), { numRuns: 300 });
    // Both kinds must occur, or the property says nothing.
    expect(Math.min(accepted, rejected)).toBeGreaterThan(20);
  });
});
