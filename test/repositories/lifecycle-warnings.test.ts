/** The warnings about lifecycle rules. */
import { Aspects, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { TagFilter } from '../../src';
import { mirrorStack } from '../support/mirror-stack';

const PULL_REQUESTS: ecr.LifecycleRule = { description: 'Pull requests', tagPatternList: ['pr-*'], maxImageAge: Duration.days(14) };

describe('warnings', () => {
  /** The IDs of the warnings, and where they are. */
  function warnings(stack: Stack): string[] {
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('lifecycle')).map(({ id, entry }) => `${id.split('/').pop()} ${String(entry.data).match(/cdk-ecr-mirror:[A-Za-z.]+/)}`);
  }

  test('there are none without lifecycle rules', () => {
    const { stack, mirror } = mirrorStack();
    mirror.addImage('nginx:stable');
    mirror.addImage('redis', { tags: TagFilter.semver('7.x'), keepVersions: 10 });
    expect(warnings(stack)).toEqual([]);
  });

  test('a rule can remove an image that a workload still runs; a rule of several repositories has one warning', () => {
    const { stack, mirror } = mirrorStack({ lifecycleRules: [PULL_REQUESTS] });
    mirror.addImage('nginx:stable');
    mirror.addImage('redis:7.2.5');
    expect(warnings(stack)).toEqual(['mirror:nginx cdk-ecr-mirror:ImageMirror.lifecycleRuleRemovesImages']);
  });

  test('a rule can remove what a filter selects, which the next run copies again; keepVersions is the remedy', () => {
    const { stack, mirror } = mirrorStack();
    mirror.addImage('redis', { tags: TagFilter.semver('7.x', { latest: 5 }), lifecycleRules: [{ tagPatternList: ['7.*'], maxImageAge: Duration.days(90) }] });
    expect(warnings(stack)).toEqual(['mirror:redis cdk-ecr-mirror:ImageMirror.lifecycleRuleOfFilter']);
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('Use keepVersions instead of the rule'));
  });

  test.each([
    ['a rule that archives images by their last pull', { selection: { tagStatus: 'any', countType: 'sinceImagePulled', countNumber: 30, countUnit: 'days' }, action: { type: 'transition', targetStorageClass: 'archive' } }],
    ['a rule that archives images by their push', { selection: { tagStatus: 'any', countType: 'sinceImagePushed', countNumber: 30, countUnit: 'days' }, action: { type: 'transition', targetStorageClass: 'archive' } }],
  ])('%s, also if an aspect or an override adds it', (_, rule) => {
    const { stack, mirror } = mirrorStack();
    const { repository } = mirror.addImage('redis:7.2.5');
    const text = JSON.stringify({ rules: [{ rulePriority: 1, ...rule }] });
    Aspects.of(stack).add({
      visit: (node) => {
        if (node instanceof ecr.CfnRepository) node.addPropertyOverride('LifecyclePolicy.LifecyclePolicyText', text);
      },
    });
    expect(repository.node.defaultChild).toBeInstanceOf(ecr.CfnRepository);
    expect(warnings(stack)).toEqual(['mirror:redis cdk-ecr-mirror:ImageMirror.archivedImages']);
  });

  test('a description that only mentions the archive is no warning about it', () => {
    const { stack, mirror } = mirrorStack();
    (mirror.addImage('redis:7.2.5').repository as ecr.Repository).addLifecycleRule({ description: 'transition to the archive', tagPatternList: ['pr-*'], maxImageCount: 1 });
    expect(warnings(stack)).toEqual([]);
  });

  test.each<[string, ecr.LifecycleRule, string[]]>([
    ['a rule of an existing repository for all images can remove an image of the mirror', { maxImageCount: 10 }, ['Nginx cdk-ecr-mirror:ImageMirror.lifecycleRuleRemovesImages']],
    ['a rule of an existing repository for other tags is no warning', { tagPatternList: ['pr-*'], maxImageCount: 10 }, []],
    ['a rule of an existing repository for untagged images is no warning', { tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: Duration.days(30) }, []],
  ])('%s', (_, rule, expected) => {
    const { stack, mirror } = mirrorStack();
    const repository = new ecr.Repository(stack, 'Nginx', { repositoryName: 'platform/nginx', lifecycleRules: [rule] });
    mirror.addImage('nginx:stable', { repository });
    expect(warnings(stack)).toEqual(expected);
  });
});
