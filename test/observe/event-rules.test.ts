/** The rules of a mirror and of its images, against events that the engine's bundle put for two mirrors on one bus. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { ImageMirror, MirroredImage, TagFilter } from '../../src';
import { EVENT_DETAIL_TYPE } from '../../src/image/contract/events-and-metrics';
import { deliveredEvent } from '../support/delivered-event';
import { DeliveredEvent, matchesPattern } from '../support/event-pattern';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { COMMERCIAL, Deployment, TemplateResolver } from '../support/template-resolver';

const DEPLOYMENT: Deployment = { ...COMMERCIAL, account: '123456789012' };
const IMAGES = [`${UPSTREAM}/team/app:stable`, `${UPSTREAM}/team/app:1.0.0`];
const TOOLS = { image: `${UPSTREAM}/team/tool`, tags: TagFilter.pattern('v*') };

let stack: Stack;
let mirror: ImageMirror;
let other: ImageMirror;
beforeEach(() => {
  stack = new Stack(new App(), 'Platform');
  // The repositories of one are under the prefix of the other.
  mirror = new ImageMirror(stack, 'Mirror', { images: IMAGES });
  mirror.addImage(TOOLS.image, { tags: TOOLS.tags });
  other = new ImageMirror(stack, 'Other', { repositoryPrefix: 'mirror/other', images: IMAGES });
});

/** All that the two mirrors put in the runs below, with the mirror and the number of the run. */
let told: { readonly by: string; readonly event: DeliveredEvent }[];
beforeAll(async () => {
  const repositories = ['mirror', 'mirror/other'].flatMap((prefix) => [`${prefix}/${UPSTREAM}/team/app`, `${prefix}/${UPSTREAM}/team/tool`]);
  const account = await LocalAccount.open(repositories);
  account.upstream.repository('team/tool');
  told = [];
  const run = async (by: 'Mirror' | 'Other', variables: Record<string, string>) => {
    const prefix = by === 'Mirror' ? 'mirror' : 'mirror/other';
    await account.run({ MIRROR_EVENT_BUS: 'default', MIRROR_REPOSITORY_PREFIX: prefix, CODEBUILD_BUILD_ARN: `arn:aws:codebuild:eu-west-1:123456789012:build/${projectName(by)}:1`, ...variables });
    told.push(...account.events.events.splice(0).map((put) => ({ by, event: deliveredEvent(put) })));
  };
  try {
    for (const tag of ['stable', '1.0.0']) account.upstream.push('team/app', tag, singleImage({ seed: tag }));
    for (const tag of ['v1', 'v2', 'w1']) account.upstream.push('team/tool', tag, singleImage({ seed: tag }));
    await run('Mirror', { IMAGE: IMAGES[0] });
    await run('Mirror', { IMAGES: JSON.stringify([...IMAGES.map((IMAGE) => ({ IMAGE })), { IMAGE: TOOLS.image, TAGS: TOOLS.tags._render() }]) });
    await run('Other', { IMAGE: IMAGES[0] });
    account.upstream.push('team/app', '1.0.0', singleImage({ seed: 'moved' }));
    await run('Mirror', { IMAGE: IMAGES[1] });
    account.upstream.fail({ action: Fault.status(403), times: 1000 });
    await run('Mirror', { IMAGES: JSON.stringify([{ IMAGE: IMAGES[0] }, { IMAGE: TOOLS.image, TAGS: TOOLS.tags._render() }]) });
    await run('Other', { IMAGE: IMAGES[0] });
    told.push(...derivedEvents());
    expect(account.errors()).toEqual([]);
  } finally {
    await account.close();
  }
});

/** The events of images that checks hold, and that upstream no longer has, made from those of unchanged images. */
function derivedEvents(): typeof told {
  const [{ event }] = told.filter(({ event: { detail } }) => detail.outcome === 'unchanged');
  return [[EVENT_DETAIL_TYPE.HELD, { outcome: 'held', heldBy: ['unsigned', 'lock'] }], [EVENT_DETAIL_TYPE.UPSTREAM_GONE, { outcome: 'upstream-gone' }]].map(([type, fields]) => {
    return { by: 'Mirror', event: { ...event, 'detail-type': String(type), 'detail': { ...event.detail, ...Object(fields) } } };
  });
}

/** The physical name of a mirror's project, as the resolver gives it. */
function projectName(id: string): string {
  const resolver = new TemplateResolver(plainTemplate(), DEPLOYMENT);
  return String(resolver.resolve({ Ref: resolver.ids('AWS::CodeBuild::Project').find((logicalId) => logicalId.startsWith(id))! }));
}

function plainTemplate() {
  const plain = new Stack(new App(), 'Platform');
  for (const id of ['Mirror', 'Other']) new ImageMirror(plain, id, { repositoryPrefix: id.toLowerCase(), images: ['nginx'] });
  return Template.fromStack(plain).toJSON();
}

function rulesOf(of: Stack, ...exporters: Stack[]): Record<string, any>[] {
  const others = exporters.map((one) => new TemplateResolver(Template.fromStack(one).toJSON(), DEPLOYMENT));
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON(), DEPLOYMENT, others);
  return resolver.ids('AWS::Events::Rule').map((id) => resolver.properties(id));
}

/** What the only rule of a stack takes of all that was told. */
function taken(of: Stack = stack, ...exporters: Stack[]): string[] {
  const [rule, ...surplus] = rulesOf(of, ...exporters);
  expect(surplus).toEqual([]);
  return told.filter(({ event }) => matchesPattern(rule.EventPattern, event)).map(named).sort();
}

function named({ by, event: { detail } }: typeof told[number]): string {
  return `${by} ${detail.outcome} ${String(detail.source).replace(`${UPSTREAM}/team/`, '')}`;
}

test('the mirrors tell of everything that the rules below are about', () => {
  expect(told.map(named).sort()).toEqual([
    'Mirror copied app:1.0.0', 'Mirror copied app:stable', 'Mirror copied tool:v1', 'Mirror copied tool:v2', 'Mirror failed app:stable', 'Mirror failed tool',
    'Mirror held app:stable', 'Mirror tag-moved app:1.0.0', 'Mirror unchanged app:stable', 'Mirror upstream-gone app:stable', 'Other copied app:stable', 'Other failed app:stable',
  ]);
});

describe('a rule of a mirror takes the events of this mirror alone', () => {
  test('that are of new images', () => {
    mirror.onImageMirrored('Rule');
    expect(taken()).toEqual(['Mirror copied app:1.0.0', 'Mirror copied app:stable', 'Mirror copied tool:v1', 'Mirror copied tool:v2']);
  });

  test('that are of unchanged images', () => {
    mirror.onImageUnchanged('Rule');
    expect(taken()).toEqual(['Mirror unchanged app:stable']);
  });

  test('that are of tags that moved', () => {
    mirror.onTagMoved('Rule');
    expect(taken()).toEqual(['Mirror tag-moved app:1.0.0']);
  });

  test('that are of images that checks hold', () => {
    mirror.onImageHeld('Rule');
    expect(taken()).toEqual(['Mirror held app:stable']);
  });

  test.each([['unsigned', 1], ['minimum-age', 0]])('that are of images that the check %s holds: %d', (check, count) => {
    mirror.onImageHeld('Rule', { eventPattern: { detail: { heldBy: [check] } } });
    expect(taken()).toHaveLength(count);
  });

  test('that are of images that upstream no longer has', () => {
    mirror.onUpstreamImageGone('Rule');
    expect(taken()).toEqual(['Mirror upstream-gone app:stable']);
  });

  test('that are of failures, those included whose tag is not known', () => {
    mirror.onMirrorFailed('Rule');
    expect(taken()).toEqual(['Mirror failed app:stable', 'Mirror failed tool']);
  });

  test('whose repositories are under the prefix of another', () => {
    other.onImageMirrored('Rule');
    expect(taken()).toEqual(['Other copied app:stable']);
  });

  test('and only some of them, where its owner says so', () => {
    mirror.onMirrorFailed('Rule', { eventPattern: { detail: { tag: ['stable'] } } });
    expect(taken()).toEqual(['Mirror failed app:stable']);
  });
});

describe('a rule of an image takes the events of this image alone', () => {
  test('and not of another tag of its repository', () => {
    mirror.image(IMAGES[0]).onImageMirrored('Rule');
    expect(taken()).toEqual(['Mirror copied app:stable']);
  });

  test('in this mirror', () => {
    other.image(IMAGES[0]).onMirrorFailed('Rule');
    expect(taken()).toEqual(['Other failed app:stable']);
  });

  test('when its tag moved', () => {
    mirror.image(IMAGES[1]).onTagMoved('Rule');
    expect(taken()).toEqual(['Mirror tag-moved app:1.0.0']);
  });

  test('when a check holds it', () => {
    mirror.image(IMAGES[0]).onImageHeld('Rule');
    expect(taken()).toEqual(['Mirror held app:stable']);
  });

  test('when upstream no longer has it', () => {
    mirror.image(IMAGES[1]).onUpstreamImageGone('Rule');
    expect(taken()).toEqual([]);
  });

  test('when it is unchanged', () => {
    mirror.image(IMAGES[1]).onImageUnchanged('Rule');
    expect(taken()).toEqual([]);
  });

  test('with all tags that a filter selects', () => {
    mirror.image(TOOLS.image).onImageMirrored('Rule');
    expect(taken()).toEqual(['Mirror copied tool:v1', 'Mirror copied tool:v2']);
  });

  test('when its tags could not even be listed', () => {
    mirror.image(TOOLS.image).onMirrorFailed('Rule');
    expect(taken()).toEqual(['Mirror failed tool']);
  });

  test('in a repository whose name is not known at synthesis', () => {
    const repository = new ecr.Repository(stack, 'Repository');
    mirror.addImage('redis:7', { repository }).onImageMirrored('Rule');
    const [rule] = rulesOf(stack);
    const [event] = told.map((one) => one.event).filter(({ 'detail-type': type }) => type === 'Image Mirrored');
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON(), DEPLOYMENT);
    const name = resolver.resolve(stack.resolve(repository.repositoryName));
    expect(matchesPattern(rule.EventPattern, event)).toBe(false);
    expect(matchesPattern(rule.EventPattern, { ...event, detail: { ...event.detail, source: 'docker.io/library/redis:7', repository: name } })).toBe(true);
  });

  test('and of what it is customized to, which another project builds', () => {
    const image = mirror.addImage(`${UPSTREAM}/team/tool:v1`, { repositoryName: 'mirror/vault', dockerfileLines: ['RUN true'] });
    image.onImageMirrored('Rule');
    const [{ EventPattern }] = rulesOf(stack);
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON(), DEPLOYMENT);
    const [custom] = resolver.ids('AWS::CodeBuild::Project').filter((id) => !/^(MirrorProject|OtherProject)/.test(id));
    const { event } = told.find(({ event: { detail } }) => detail.source === image.source)!;
    const builtBy = (project: string, repository: string) => matchesPattern(EventPattern, {
      ...event, resources: [`${resolver.arn(project).replace(':project/', ':build/')}:1`], detail: { ...event.detail, repository, tag: 'v1' },
    });
    const [own, foreign] = ['MirrorProject', 'OtherProject'].map((start) => resolver.ids('AWS::CodeBuild::Project').find((id) => id.startsWith(start))!);
    expect([builtBy(own, 'mirror/vault'), builtBy(custom, String(image._repositoryName))]).toEqual([true, true]);
    expect(image._repositoryName).not.toBe('mirror/vault');
    expect([builtBy(foreign, 'mirror/vault'), builtBy(custom, 'mirror/other')]).toEqual([false, false]);
  });

  test('in another stack than its mirror', () => {
    const app = new App();
    const [platform, team] = [new Stack(app, 'Platform'), new Stack(app, 'Team')];
    const image = new MirroredImage(team, 'Image', { mirror: new ImageMirror(platform, 'Mirror', { images: IMAGES }), image: `${UPSTREAM}/team/tool:v1` });
    image.onImageMirrored('Rule');
    expect(rulesOf(platform)).toEqual([]);
    expect(taken(team, platform)).toEqual(['Mirror copied tool:v1']);
  });
});

describe('a rule', () => {
  test('is on the default bus unless the mirror has another', () => {
    mirror.onImageMirrored('Rule');
    expect(rulesOf(stack)).toEqual([expect.objectContaining({ EventBusName: 'default' })]);
  });

  test('is on the bus of the mirror, from its own stack as well', () => {
    const app = stack.node.root as App;
    const shared = new Stack(app, 'Shared');
    const eventBus = new events.EventBus(shared, 'Bus', { eventBusName: 'platform' });
    const images = new Stack(app, 'Images');
    const team = new Stack(app, 'Team');
    const third = new ImageMirror(images, 'Mirror', { eventBus, images: IMAGES, repositoryPrefix: 'third' });
    third.image(IMAGES[0]).onImageMirrored('Rule');
    new MirroredImage(team, 'Image', { mirror: third, image: 'redis:7' }).onImageMirrored('Rule');
    for (const of of [images, team]) expect(rulesOf(of, shared, images)).toEqual([expect.objectContaining({ EventBusName: 'platform' })]);
  });

  test('is on a bus that was imported by its name, or by its ARN', () => {
    const byName = events.EventBus.fromEventBusName(stack, 'ByName', 'platform');
    const byArn = events.EventBus.fromEventBusArn(stack, 'ByArn', 'arn:aws:events:eu-west-1:123456789012:event-bus/platform');
    for (const [id, eventBus] of Object.entries({ byName, byArn })) {
      new ImageMirror(stack, id, { eventBus, repositoryPrefix: id.toLowerCase(), images: ['nginx'] }).onImageMirrored('Rule');
    }
    expect(rulesOf(stack).map(({ EventBusName }) => EventBusName)).toEqual(['platform', 'platform']);
  });

  test('cannot be on a bus of another account, and says what to do', () => {
    const env = { account: '123456789012', region: 'eu-west-1' };
    const own = new Stack(new App(), 'Own', { env });
    const eventBus = events.EventBus.fromEventBusArn(own, 'Bus', 'arn:aws:events:eu-west-1:999999999999:event-bus/central');
    const third = new ImageMirror(own, 'Mirror', { eventBus, images: ['nginx'] });
    expect(() => third.onImageMirrored('Rule')).toThrow('event bus is in the account "999999999999" and the rule would be in "123456789012"; define a rule for the source "cdk-ecr-mirror" where the event bus is');
  });

  test.each<[events.EventPattern, string]>([
    [{ source: ['aws.ecr'] }, '"source"'],
    [{ detailType: ['Image Mirror Failed'] }, '"detailType"'],
    [{ resources: ['arn:aws:codebuild:eu-west-1:123456789012:build/Other:1'] }, '"resources"'],
    [{ detail: { source: [IMAGES[1]] } }, '"detail.source"'],
    [{ detail: { repository: events.Match.prefix('mirror/'), tag: ['stable'] } }, '"detail.repository"'],
    [{ source: ['aws.ecr'], detail: { source: [IMAGES[1]] } }, '"source", "detail.source"'],
  ])('of an image is not widened by the pattern %j: its owner is told', (eventPattern, fields) => {
    expect(() => mirror.image(IMAGES[0]).onImageMirrored('Rule', { eventPattern }))
      .toThrow(`eventPattern has ${fields}, which the rule sets itself; a second value would match more events; remove it, or define your own events.Rule`);
  });

  test('of a mirror takes the fields of images, which it does not set', () => {
    mirror.onImageMirrored('Rule', { eventPattern: { account: [DEPLOYMENT.account], detail: { source: [IMAGES[0]] } } });
    expect(taken()).toEqual(['Mirror copied app:stable']);
  });

  test('takes the name, the description and the target of its owner', () => {
    const downstream = new codebuild.Project(stack, 'Downstream', { buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }) });
    mirror.onImageMirrored('Rule', { ruleName: 'new-images', description: 'builds', target: new targets.CodeBuildProject(downstream) });
    expect(rulesOf(stack)).toEqual([expect.objectContaining({ Name: 'new-images', Description: 'builds', Targets: [expect.objectContaining({ Arn: expect.stringContaining('project/Downstream') })] })]);
  });

  test('is in the scope that its owner chose', () => {
    const team = new Stack(stack.node.root as App, 'Team');
    mirror.onImageMirrored('Rule', { crossStackScope: team });
    expect(taken(team, stack)).toEqual(['Mirror copied app:1.0.0', 'Mirror copied app:stable', 'Mirror copied tool:v1', 'Mirror copied tool:v2']);
  });

  test('is returned, so that more can be added', () => {
    const rule = mirror.onImageMirrored('Rule');
    new CfnOutput(stack, 'Rule', { value: rule.ruleArn });
    rule.addEventPattern({ detail: { tag: ['stable'] } });
    expect(taken()).toEqual(['Mirror copied app:stable']);
  });
});
