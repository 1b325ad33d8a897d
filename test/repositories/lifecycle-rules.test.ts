/** The lifecycle rules of a mirror's repositories: what its templates say, and which rules of an app it rejects. */
import { Duration, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirror, ImageMirrorProps, MirroredImageOptions, TagFilter, TagKind } from '../../src';
import { mirrorStack } from '../support/mirror-stack';

/** The policy of a repository in which builds mark no images. Templates of released versions have this text. */
const UNTAGGED_ONLY = '{"rules":[{"rulePriority":1,"description":"Expire untagged images",'
  + '"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countNumber":30,"countUnit":"days"},"action":{"type":"expire"}}]}';

interface Rule {
  readonly rulePriority: number;
  readonly description: string;
  readonly selection: Record<string, unknown>;
}

/** The selections of a mirror's only repository, or of the one with a name, in the order of their priorities. */
function policies(define: (mirror: ImageMirror) => void, props: ImageMirrorProps = {}): Record<string, string> {
  const { mirror, deploy } = mirrorStack(props);
  define(mirror);
  const template = deploy();
  const repositories = template.ids('AWS::ECR::Repository').map((id) => template.properties(id));
  return Object.fromEntries(repositories.map(({ RepositoryName, LifecyclePolicy }) => [RepositoryName, LifecyclePolicy.LifecyclePolicyText]));
}

const rulesOf = (policy: string): Rule[] => JSON.parse(policy).rules;

function rules(image: string, options: MirroredImageOptions = {}, props: ImageMirrorProps = {}): Rule[] {
  const [policy] = Object.values(policies((mirror) => mirror.addImage(image, options), props));
  return rulesOf(policy);
}

const patternsOf = (list: readonly Rule[]) => list.map(({ selection }) => selection.tagPatternList ?? selection.tagStatus);

const RETENTION = [['mirror.kept.*'], ['mirror.expired.*']];

describe('the rules for images that builds mark', () => {
  test('protect kept images with the first priority, expire marked images with the second, and expire untagged images last', () => {
    expect(rules('nginx:stable')).toEqual([
      {
        rulePriority: 1,
        description: expect.any(String),
        action: { type: 'expire' },
        selection: { tagStatus: 'tagged', tagPatternList: ['mirror.kept.*'], countType: 'imageCountMoreThan', countNumber: 100_000 },
      },
      {
        rulePriority: 2,
        description: expect.any(String),
        action: { type: 'expire' },
        selection: { tagStatus: 'tagged', tagPatternList: ['mirror.expired.*'], countType: 'sinceImagePushed', countNumber: 1, countUnit: 'days' },
      },
      {
        rulePriority: 3,
        description: expect.any(String),
        action: { type: 'expire' },
        selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: 30, countUnit: 'days' },
      },
    ]);
  });

  test.each<[string, string, MirroredImageOptions, ImageMirrorProps]>([
    ['a fixed tag', 'redis:7.2.5', {}, {}],
    ['a digest', `redis@sha256:${'a'.repeat(64)}`, {}, {}],
    ['a floating tag without previous images', 'nginx:stable', { keepPrevious: 0 }, {}],
    ['a floating tag in a mirror without previous images', 'nginx:stable', {}, { keepPrevious: 0 }],
    ['versions that all stay', 'redis', { tags: TagFilter.semver('7.x', { latest: 5 }) }, {}],
    ['fixed tags that a pattern selects', 'redis', { tags: TagFilter.pattern('7.*'), tagKind: TagKind.FIXED }, { keepVersions: 10 }],
  ])('are not in a repository with %s: its policy is exactly that of older versions', (_, image, options, props) => {
    expect(Object.values(policies((mirror) => mirror.addImage(image, options), props))).toEqual([UNTAGGED_ONLY]);
  });

  test.each<[string, string, MirroredImageOptions, ImageMirrorProps]>([
    ['a pattern that can select floating tags', 'redis', { tags: TagFilter.pattern('7*') }, {}],
    ['versions that upstream rebuilds', 'redis', { tags: TagFilter.semver('7.x'), tagKind: TagKind.FLOATING }, {}],
    ['a number of versions', 'redis', { tags: TagFilter.semver('7.x'), keepVersions: 10 }, {}],
    ['a number of versions of the mirror', 'redis', { tags: TagFilter.semver('7.x') }, { keepVersions: 10, keepPrevious: 0 }],
    ['a floating tag that keeps images of its own', 'nginx:stable', { keepPrevious: 3 }, { keepPrevious: 0 }],
  ])('are in a repository with %s', (_, image, options, props) => {
    expect(patternsOf(rules(image, options, props))).toEqual([...RETENTION, 'untagged']);
  });

  test('are in the repository if one of its images needs them, in any order of the images', () => {
    const [policy] = Object.values(policies((mirror) => ['nginx:1.27.0', 'nginx:stable', 'nginx:1.27.1'].forEach((image) => mirror.addImage(image))));
    expect(patternsOf(rulesOf(policy))).toEqual([...RETENTION, 'untagged']);
  });

  test('are also in the repository of a customized image, because its tags move with the tag of the unchanged image', () => {
    const all = policies((mirror) => {
      mirror.addImage('nginx:stable', { dockerfileLines: ['RUN true'] });
      mirror.addImage('redis:7.2.5', { dockerfileLines: ['RUN true'] });
    });
    expect(patternsOf(rulesOf(all['mirror/custom/nginx']))).toEqual([...RETENTION, 'untagged']);
    expect(all['mirror/custom/redis']).toBe(UNTAGGED_ONLY);
  });

  test('come before rules that the app adds to the repository itself', () => {
    const [policy] = Object.values(policies((mirror) => {
      const { repository } = mirror.addImage('nginx:stable');
      (repository as ecr.Repository).addLifecycleRule({ rulePriority: 1, tagPatternList: ['pr-*'], maxImageCount: 3 });
    }));
    expect(patternsOf(rulesOf(policy))).toEqual([...RETENTION, ['pr-*'], 'untagged']);
    expect(rulesOf(policy).map(({ rulePriority }) => rulePriority)).toEqual([1, 2, 3, 4]);
  });

  test('are not added to an existing repository', () => {
    const { stack, mirror, deploy } = mirrorStack();
    mirror.addImage('nginx:stable', { repository: new ecr.Repository(stack, 'Own', { repositoryName: 'team/nginx' }) });
    const template = deploy();
    expect(template.ids('AWS::ECR::Repository').map((id) => template.properties(id).LifecyclePolicy)).toEqual([undefined]);
  });
});

const PULL_REQUESTS: ecr.LifecycleRule = { description: 'Pull requests', tagPatternList: ['pr-*'], maxImageAge: Duration.days(14) };

describe('the lifecycle rules of an app', () => {
  test('come after the rules of the mirror in the order of their priorities, and a rule for all images comes last', () => {
    const lifecycleRules = [
      { maxImageCount: 500 }, { tagPrefixList: ['late'], maxImageCount: 1 }, { ...PULL_REQUESTS, rulePriority: 9 }, { tagPatternList: ['x*'], maxImageCount: 2, rulePriority: 4 },
    ];
    const list = rules('redis', { tags: TagFilter.semver('7.x', { latest: 5 }), keepVersions: 10, lifecycleRules });
    expect(list.map(({ selection }) => selection.tagPatternList ?? selection.tagPrefixList ?? selection.tagStatus))
      .toEqual([...RETENTION, ['x*'], ['pr-*'], ['late'], 'untagged', 'any']);
    expect(list.map(({ rulePriority }) => rulePriority)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(list[3]).toMatchObject({ description: 'Pull requests', selection: { tagStatus: 'tagged', countType: 'sinceImagePushed', countNumber: 14, countUnit: 'days' } });
  });

  test('of a mirror are in all its repositories, unless an image has its own or none', () => {
    const all = policies((mirror) => {
      mirror.addImage('nginx:1.27.0');
      mirror.addImage('redis:7.2.5', { lifecycleRules: [] });
      mirror.addImage('vault:1.14.0', { lifecycleRules: [{ tagPatternList: ['old-*'], maxImageCount: 3 }] });
    }, { lifecycleRules: [PULL_REQUESTS] });
    expect(Object.values(all).map((policy) => patternsOf(rulesOf(policy)))).toEqual([[['pr-*'], 'untagged'], ['untagged'], [['old-*'], 'untagged']]);
  });

  test('must be the same for all images of a repository that set them', () => {
    const { mirror } = mirrorStack();
    mirror.addImage('nginx:1.27.0', { lifecycleRules: [PULL_REQUESTS] });
    mirror.addImage('nginx:1.27.1', { lifecycleRules: [PULL_REQUESTS] });
    mirror.addImage('nginx:1.27.2');
    expect(() => mirror.addImage('nginx:1.27.3', { lifecycleRules: [] })).toThrow('sets other lifecycleRules than another image in the repository "mirror/nginx"; set the same');
  });

  test('are not possible for an existing repository', () => {
    const { stack, mirror } = mirrorStack();
    const repository = ecr.Repository.fromRepositoryName(stack, 'Own', 'team/nginx');
    expect(() => mirror.addImage('nginx:1.27.0', { repository, lifecycleRules: [PULL_REQUESTS] })).toThrow('add the rules to the repository where it is defined');
  });

  test.each<[problem: string, rule: object]>([
    ['it selects untagged images, but Amazon ECR allows one such rule, and the mirror defines it; set untaggedImageExpiry instead', { tagStatus: ecr.TagStatus.UNTAGGED, maxImageCount: 1 }],
    ['tagStatus is TAGGED, which needs tagPatternList or tagPrefixList', { tagStatus: ecr.TagStatus.TAGGED, maxImageCount: 1 }],
    ['tagStatus is ANY, but tagPatternList selects tagged images', { tagStatus: ecr.TagStatus.ANY, tagPatternList: ['a'], maxImageCount: 1 }],
    ['it has both tagPatternList and tagPrefixList', { tagPrefixList: ['a'], tagPatternList: ['a'], maxImageCount: 1 }],
    ['tagPatternList is empty', { tagPatternList: [], maxImageCount: 1 }],
    ['tagPrefixList is empty', { tagPrefixList: [], maxImageCount: 1 }],
    ['"a*b*c*d*e*" in tagPatternList has 5 wildcards, but Amazon ECR allows 4', { tagPatternList: ['a*b*c*d*e*'], maxImageCount: 1 }],
    ['"a b" in tagPatternList has a character that is not valid in a tag', { tagPatternList: ['a b'], maxImageCount: 1 }],
    ['"a*" in tagPrefixList has a character that is not valid in a tag; only tagPatternList supports "*"', { tagPrefixList: ['a*'], maxImageCount: 1 }],
    ['each item of tagPatternList must be a string of 1 to 128 characters', { tagPatternList: [''], maxImageCount: 1 }],
    ['each item of tagPatternList must be a string of 1 to 128 characters', { tagPatternList: [Token.asString({ Ref: 'Tag' })], maxImageCount: 1 }],
    ['tagPatternList must be a list of strings that is known at synthesis', { tagPatternList: 'pr-*', maxImageCount: 1 }],
    ['tagPatternList must be a list of strings that is known at synthesis', { tagPatternList: Token.asList({ Ref: 'Tags' }), maxImageCount: 1 }],
    ['set either maxImageCount or maxImageAge', { tagPatternList: ['a'] }],
    ['set either maxImageCount or maxImageAge', { tagPatternList: ['a'], maxImageCount: 1, maxImageAge: Duration.days(1) }],
    ['maxImageCount must be a whole number of at least 1, but it is the number 0', { tagPatternList: ['a'], maxImageCount: 0 }],
    ['maxImageCount must be a whole number of at least 1, but it is a token', { tagPatternList: ['a'], maxImageCount: Token.asNumber({ Ref: 'N' }) }],
    ['maxImageAge must be a whole number of days, at least 1', { tagPatternList: ['a'], maxImageAge: Duration.hours(12) }],
    ['maxImageAge must be a whole number of days, at least 1', { tagPatternList: ['a'], maxImageAge: 14 }],
    ['rulePriority must be a whole number of at least 1, but it is the number 0', { tagPatternList: ['a'], maxImageCount: 1, rulePriority: 0 }],
    ['description must be a string of at most 256 characters', { tagPatternList: ['a'], maxImageCount: 1, description: 'x'.repeat(257) }],
    ['"maxDaysSincePulled" is not supported', { tagPatternList: ['a'], maxImageCount: 1, maxDaysSincePulled: 3 }],
    ['it must be an object, but it is the string "pr-*"', 'pr-*' as unknown as object],
  ])('are rejected if a rule has a mistake: %s', (problem, rule) => {
    const lifecycleRules = [rule] as ecr.LifecycleRule[];
    expect(() => mirrorStack({ lifecycleRules })).toThrow(`lifecycleRules[0]: ${problem}`);
    expect(() => mirrorStack().mirror.addImage('nginx:1.27.0', { lifecycleRules })).toThrow(`lifecycleRules[0]: ${problem}`);
  });

  test('are rejected with all mistakes of all rules at once', () => {
    const lifecycleRules = [{ tagPatternList: [] }, PULL_REQUESTS, { tagStatus: ecr.TagStatus.UNTAGGED, maxImageCount: 0 }];
    expect(() => mirrorStack({ lifecycleRules })).toThrow(/^lifecycleRules has 4 mistakes:\n {2}- lifecycleRules\[0\]: tagPatternList(.|\n)*lifecycleRules\[2\]: maxImageCount/);
  });

  test.each<[problem: string, lifecycleRules: ecr.LifecycleRule[]]>([
    ['has the rulePriority 3 twice', [{ ...PULL_REQUESTS, rulePriority: 3 }, { tagPatternList: ['a'], maxImageCount: 1, rulePriority: 3 }]],
    ['has several rules for all images', [{ maxImageCount: 1 }, { maxImageAge: Duration.days(1) }]],
    ['has a rule for all images before other rules', [{ maxImageCount: 1, rulePriority: 1 }, { ...PULL_REQUESTS, rulePriority: 2 }]],
    ['twice with the same tags', [{ tagPatternList: ['a*', 'b'], maxImageCount: 1 }, { tagPatternList: ['b', 'a*'], maxImageCount: 2 }]],
  ])('are rejected if they contradict each other: %s', (problem, lifecycleRules) => {
    expect(() => mirrorStack({ lifecycleRules })).toThrow(problem);
  });
});

/** The problem that synthesis reports for a rule. */
function synthesisProblem(define: (mirror: ImageMirror) => void, props: ImageMirrorProps = {}): string {
  const { app, mirror } = mirrorStack(props);
  define(mirror);
  try {
    app.synth();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a rule that can select an image that is needed is an error', () => {
  const rule = (...tagPatternList: string[]): ecr.LifecycleRule => ({ tagPatternList, maxImageCount: 100 });

  test.each<[what: string, rule: ecr.LifecycleRule, image: string, options: MirroredImageOptions]>([
    ['a floating tag', rule('sta*'), 'nginx:stable', {}],
    ['a floating tag by its prefix', { tagPrefixList: ['st'], maxImageCount: 100 }, 'nginx:stable', {}],
    ['a fixed tag that the app names', rule('1.*'), 'nginx:1.27.0', {}],
    ['the tag of a digest', rule('digest-*'), `nginx@sha256:${'a'.repeat(64)}`, {}],
    ['all images', { maxImageCount: 100 }, 'nginx:1.27.0', {}],
    ['previous images of a floating tag', rule('mirror.*'), 'nginx:stable', {}],
    ['previous images by the end of their tags', rule('*.7'), 'nginx:stable', {}],
    ['floating tags of a pattern', rule('*-alpine'), 'redis', { tags: TagFilter.pattern('7*') }],
    ['an image with two tags that match one pattern each', rule('1.27.0', 'stable'), 'nginx:stable', {}],
    ['the tag of a single platform', rule('*-linux-arm64'), 'nginx:1.27.0', { singlePlatformTags: [{ platform: 'linux/arm64' }] as MirroredImageOptions['singlePlatformTags'] }],
  ])('%s', (_, lifecycleRule, image, options) => {
    const problem = synthesisProblem((mirror) => {
      mirror.addImage(image, { ...options, lifecycleRules: [lifecycleRule] });
      if (image === 'nginx:stable') mirror.addImage('nginx:1.27.0');
    });
    expect(problem).toMatch(/can select an image that is needed, by the tags? "/);
  });

  test('for the repository of a customized image too', () => {
    const lifecycleRules = [rule('stable-*')];
    expect(synthesisProblem((mirror) => mirror.addImage('nginx:stable', { lifecycleRules, dockerfileLines: ['RUN true'] }))).toContain('"mirror/custom/nginx"');
  });

  test('and all of them are reported together, with the repository and the tags', () => {
    const problem = synthesisProblem((mirror) => ['nginx:stable', 'redis:7.2.5', 'redis:7.2.6', 'redis:7.2.7', 'redis:7.2.8'].forEach((image) => mirror.addImage(image)), {
      lifecycleRules: [rule('s*'), { ...rule('7*'), description: 'Sevens' }],
    });
    expect(problem).toContain('the lifecycle rule for "s*" in the repository "mirror/nginx" can select an image that is needed, by the tag "stable"');
    expect(problem).toContain('the lifecycle rule "Sevens" in the repository "mirror/redis" can select an image that is needed, by the tags "7.2.5", "7.2.6", "7.2.7" and 1 more');
  });

  test.each<[what: string, rule: ecr.LifecycleRule, image: string, options: MirroredImageOptions]>([
    ['other tags', rule('pr-*'), 'nginx:stable', {}],
    ['a pattern that matches a needed tag only together with a tag that the mirror does not have', rule('1.27.0', 'pr-*'), 'nginx:stable', {}],
    ['previous images that a floating tag no longer keeps', rule('mirror.previous.*'), 'nginx:stable', { keepPrevious: 0 }],
  ])('but not a rule for %s', (_, lifecycleRule, image, options) => {
    expect(synthesisProblem((mirror) => {
      mirror.addImage(image, { ...options, lifecycleRules: [lifecycleRule] });
      mirror.addImage('nginx:1.27.0');
    })).toBe('');
  });

  test.each([[4, true], [5, false]])('a rule that keeps %d images where a filter selects the latest 5: %p', (maxImageCount, isError) => {
    const lifecycleRules = [{ tagPatternList: ['7.*'], maxImageCount }];
    const problem = synthesisProblem((mirror) => mirror.addImage('redis', { tags: TagFilter.semver('7.x', { latest: 5 }), lifecycleRules }));
    const text = 'keeps 4 images, but the tag filter of "docker.io/library/redis" selects 5, so each run would copy the others again';
    expect(problem.includes(text)).toBe(isError);
  });

  test('more rules than Amazon ECR allows, with the rules of the mirror', () => {
    const some = (count: number) => Array.from({ length: count }, (_, index) => rule(`pr-${index}`));
    expect(synthesisProblem((mirror) => mirror.addImage('nginx:stable'), { lifecycleRules: some(47) })).toBe('');
    expect(synthesisProblem((mirror) => mirror.addImage('nginx:stable'), { lifecycleRules: some(48) })).toContain('"mirror/nginx" has 51 rules, but Amazon ECR allows 50');
  });

  test('a policy that is longer than Amazon ECR allows', () => {
    const long = Array.from({ length: 40 }, (_, index) => rule(...Array.from({ length: 7 }, (__, other) => `pr-${index}-${other}-`.padEnd(128, 'x'))));
    expect(synthesisProblem((mirror) => mirror.addImage('nginx:1.27.0'), { lifecycleRules: long })).toMatch(/has \d{5} characters, but Amazon ECR allows 30720/);
  });

  test('a second rule for all images, which the app adds to the repository itself', () => {
    const problem = synthesisProblem((mirror) => {
      const { repository } = mirror.addImage('redis', { tags: TagFilter.semver('7.x'), lifecycleRules: [{ maxImageCount: 500 }] });
      (repository as ecr.Repository).addLifecycleRule({ maxImageCount: 600 });
    });
    expect(problem).toContain('has several rules for all images, but Amazon ECR allows one');
  });
});
