import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import {
  AdmissionMode, AdmissionOptions, FindingSeverity, ImageLock, ImageMirror, ImageMirrorProps, ImageSignature, MirroredImage, MirroredImageOptions,
  OnDeploy, OnUpstreamGone, TagFilter,
} from '../../src';
import { Quarantine } from '../../src/admission/admission-repositories';
import { parseLifecyclePolicy } from '../support/lifecycle-policy';
import { mirrorStack } from '../support/mirror-stack';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const AGE = { minimumAge: Duration.days(7) };
const SCAN = { maximumSeverity: FindingSeverity.HIGH };
const DIGEST = `sha256:${'1'.repeat(64)}`;
const INTERNAL = ['mirror-decisions', 'mirror-held'];

const signature = (length = 10) => ({ _render: () => ({ kind: 'key', pem: 'k'.repeat(length) }) }) as unknown as ImageSignature;
const lock = (digests?: object) => ({ _digests: () => digests }) as unknown as ImageLock;

function deployed(props: ImageMirrorProps = {}, images: readonly (readonly [string, MirroredImageOptions?])[] = [['nginx:stable']]) {
  const { deploy, mirror } = mirrorStack({ onDeploy: OnDeploy.OFF, ...props });
  for (const [image, options] of images) mirror.addImage(image, options);
  return deploy();
}

function repositories(template: TemplateResolver): Map<string, Record<string, unknown>> {
  return new Map(template.ids('AWS::ECR::Repository').map((id) => [template.properties(id).RepositoryName, template.properties(id)]));
}

function projectVariables(template: TemplateResolver): Record<string, string> {
  const [{ Environment }] = template.ids('AWS::CodeBuild::Project').map((id) => template.properties(id));
  return Object.fromEntries(Environment.EnvironmentVariables.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]));
}

/** The variables of the runs that the schedules start, by the image. */
function runVariables(template: TemplateResolver): Record<string, Record<string, string>> {
  return Object.fromEntries(template.ids('AWS::Scheduler::Schedule').map((id) => {
    const list: { name: string; value: string }[] = JSON.parse(template.properties(id).Target.Input).environmentVariablesOverride;
    const variables = Object.fromEntries(list.map(({ name, value }) => [name, value]));
    return [variables.IMAGE.replace('docker.io/library/', ''), variables];
  }));
}

/** The age in days at which the quarantine expires everything. */
function expiry(template: TemplateResolver): number {
  const { LifecyclePolicy } = repositories(template).get('mirror-held') as { readonly LifecyclePolicy: { readonly LifecyclePolicyText: string } };
  return parseLifecyclePolicy(LifecyclePolicy.LifecyclePolicyText).find(({ selection }) => selection.tagStatus === 'any')!.selection.countNumber;
}

describe('a mirror without checks', () => {
  test('has no repository, no variable, and no permission for checks', () => {
    const template = deployed();
    expect([...repositories(template).keys()]).toEqual(['mirror/nginx']);
    expect(Object.keys(projectVariables(template)).filter((name) => /ADMISSION|QUARANTINE|DECISIONS/.test(name))).toEqual([]);
    expect(JSON.stringify(template.ids('AWS::IAM::Role').map((id) => template.properties(id)))).not.toMatch(/mirror-held|mirror-decisions|ImageScan/);
  });

  test('stays so with an image that turns off nothing and keeps what is gone upstream', () => {
    const template = deployed({}, [['nginx:stable', { admission: {}, onUpstreamGone: OnUpstreamGone.KEEP }]]);
    expect([...repositories(template).keys()]).toEqual(['mirror/nginx']);
    expect(Object.keys(runVariables(template)['nginx:stable'])).toEqual(['IMAGE']);
  });
});

describe('the repositories of checks', () => {
  test.each<[string, AdmissionOptions]>([
    ['a minimum age', AGE], ['signatures', { signatures: [signature()] }], ['findings', SCAN], ['a lock', { lockFile: lock({ stable: DIGEST }) }],
    ['a check in audit mode', { ...AGE, mode: AdmissionMode.AUDIT }],
  ])('exist for %s', (_, admission) => {
    expect([...repositories(deployed({}, [['nginx:stable', { admission }]])).keys()].sort()).toEqual([...INTERNAL, 'mirror/nginx']);
  });

  test('are immutable, and Amazon ECR scans the quarantine also if the mirror does not scan', () => {
    const all = repositories(deployed({ admission: AGE, imageScanOnPush: false }));
    expect(all.get('mirror-held')).toMatchObject({ ImageTagMutability: 'IMMUTABLE', ImageScanningConfiguration: { ScanOnPush: true } });
    expect(all.get('mirror-decisions')).toMatchObject({ ImageTagMutability: 'IMMUTABLE', ImageScanningConfiguration: { ScanOnPush: false } });
  });

  test('have the encryption, the tags, and the removal policy of the mirror', () => {
    const { deploy, stack, mirror } = mirrorStack({
      onDeploy: OnDeploy.OFF,
      admission: AGE,
      repositoryPrefix: 'odd__name',
      encryption: ecr.RepositoryEncryption.KMS_DSSE,
      repositoryTags: { team: 'platform' },
      repositoryRemovalPolicy: RemovalPolicy.DESTROY,
    });
    mirror.addImage('nginx:stable');
    for (const name of ['odd__name-held', 'odd__name-decisions']) {
      expect(repositories(deploy()).get(name)).toMatchObject({
        EncryptionConfiguration: { EncryptionType: 'KMS_DSSE' }, Tags: [{ Key: 'team', Value: 'platform' }], EmptyOnDelete: true,
      });
    }
    Template.fromStack(stack).allResources('AWS::ECR::Repository', { DeletionPolicy: 'Delete' });
  });

  test('get no pull grants', () => {
    const { deploy, mirror } = mirrorStack({ onDeploy: OnDeploy.OFF, images: ['nginx:stable'], admission: AGE });
    mirror.grantPullToOrganization('o-abcde12345');
    mirror.grantPullToAccounts(['444455556666']);
    const withPolicy = [...repositories(deploy())].filter(([, { RepositoryPolicyText }]) => RepositoryPolicyText !== undefined).map(([name]) => name);
    expect(withPolicy).toEqual(['mirror/nginx']);
  });

  test('have logical ids that depend on neither the images nor their order', () => {
    const ids = (...images: [string, MirroredImageOptions?][]) => deployed({}, images).ids('AWS::ECR::Repository').filter((id) => /Quarantine|Decisions/.test(id));
    const expected = ['MirrorQuarantine2400E917', 'MirrorDecisions0E2B2987'];
    expect(ids(['nginx:stable', { admission: AGE }], ['redis:7'])).toEqual(expected);
    expect(ids(['redis:7', { admission: SCAN }], ['nginx:stable', { admission: AGE }])).toEqual(expected);
  });

  test('are in the stack of the mirror, also if the first image with checks is in another stack', () => {
    const { app, stack, mirror } = mirrorStack({ images: ['nginx:stable'] });
    const team = new Stack(app, 'Team');
    new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0', admission: { ...AGE, ...SCAN } });
    const names = (of: Stack) => [...repositories(new TemplateResolver(Template.fromStack(of).toJSON(), COMMERCIAL)).keys()].sort();
    expect(names(stack)).toEqual([...INTERNAL, 'mirror/nginx']);
    expect(Object.values(Template.fromStack(team).findResources('AWS::ECR::Repository'))).toHaveLength(1);
  });

  test('keep markers longer than the longest age and the longest gap of all images', () => {
    const month: AdmissionOptions = { minimumAge: Duration.days(60) };
    expect(expiry(deployed({ admission: AGE }))).toBe(30);
    // 60 days, 37 hours, and a margin of 3 days.
    expect(expiry(deployed({ admission: AGE }, [['nginx:stable'], ['redis:7', { admission: month }]]))).toBe(65);
    const rare = { admission: month, schedule: scheduler.ScheduleExpression.rate(Duration.days(30)) };
    expect(expiry(deployed({}, [['redis:7', rare]]))).toBe(109);
  });

  test('expire what a failed push left, and keep decisions', () => {
    const all = repositories(deployed({ admission: AGE }));
    const rules = parseLifecyclePolicy((all.get('mirror-held') as { LifecyclePolicy: { LifecyclePolicyText: string } }).LifecyclePolicy.LifecyclePolicyText);
    expect(rules.map(({ selection }) => [selection.tagStatus, selection.countNumber])).toEqual([['untagged', 1], ['any', 30]]);
    expect(all.get('mirror-decisions')).not.toHaveProperty('LifecyclePolicy');
  });

  test.each(INTERNAL)('are not for an image with the repository %s', (repositoryName) => {
    const message = `"docker.io/library/redis:7" uses the repository "${repositoryName}", which the mirror needs for the checks of new images; set another repositoryName`;
    const { mirror } = mirrorStack({ admission: AGE });
    expect(() => mirror.addImage('redis:7', { repositoryName })).toThrow(message);
    const other = mirrorStack();
    other.mirror.addImage('redis:7', { repositoryName });
    expect(() => other.mirror.addImage('nginx:stable', { admission: AGE })).toThrow(message);
  });

  test('of two mirrors with the same prefix are an error that names both', () => {
    const stack = new Stack(new App(), 'Stack');
    const mirror = (id: string, image: string) => new ImageMirror(stack, id, { images: [image], admission: AGE, published: false });
    mirror('One', 'nginx:stable');
    mirror('Other', 'redis:7');
    expect(() => Template.fromStack(stack)).toThrow(/the repositories "mirror-decisions", "mirror-held" would have two owners.*"Stack\/One" and "Stack\/Other"/);
  });

  test('are those that other parts of the mirror find', () => {
    const { mirror } = mirrorStack({ images: ['nginx:stable'] });
    const quarantine = Quarantine.of(mirror);
    const found: string[] = [];
    quarantine.onceRequired(({ decisions }) => found.push(decisions.node.path));
    expect([quarantine.isRequired, quarantine.require({}), found]).toEqual([false, undefined, []]);
    mirror.addImage('redis:7', { admission: AGE });
    expect([quarantine.isRequired, found]).toEqual([true, ['Platform/Mirror/Decisions']]);
    expect(quarantine.quarantine).toBe(quarantine.require({ lock: { digests: {} } })!.quarantine);
  });
});

describe('the variables', () => {
  test('of the project have the checks of the mirror and both repositories, which the project waits for', () => {
    const { stack } = mirrorStack({ onDeploy: OnDeploy.OFF, images: ['nginx:stable'], admission: { ...AGE, ...SCAN } });
    const template = Template.fromStack(stack);
    expect(projectVariables(new TemplateResolver(template.toJSON()))).toMatchObject({
      MIRROR_ADMISSION: '{"minimumAge":{"hours":168,"maximumGapHours":37},"scan":{"maximumSeverity":"HIGH"}}',
      MIRROR_QUARANTINE: 'mirror-held',
      MIRROR_DECISIONS: 'mirror-decisions',
    });
    template.hasResourceProperties('AWS::CodeBuild::Project', {
      Environment: { EnvironmentVariables: Match.arrayWith([Match.objectLike({ Name: 'MIRROR_QUARANTINE', Value: { Ref: 'MirrorQuarantine2400E917' } })]) },
    });
  });

  test('of the project lack the checks of a single image', () => {
    const variables = projectVariables(deployed({}, [['nginx:stable'], ['redis:7', { admission: AGE }]]));
    expect(variables).toMatchObject({ MIRROR_QUARANTINE: 'mirror-held' });
    expect(variables).not.toHaveProperty('MIRROR_ADMISSION');
  });

  test('of the project are in one order, whatever was added first', () => {
    const checked = (mirror: ImageMirror) => mirror.addImage('redis:7', { admission: AGE });
    const customized = (mirror: ImageMirror) => mirror.addImage('nginx:1.27.0', { dockerfileLines: ['USER 101'] });
    const names = (...steps: ((mirror: ImageMirror) => void)[]) => {
      const { mirror, stack } = mirrorStack();
      for (const step of steps) step(mirror);
      const resource = Template.fromStack(stack).findResources('AWS::CodeBuild::Project', { Properties: { Environment: { PrivilegedMode: false } } });
      return Object.values(resource)[0].Properties.Environment.EnvironmentVariables.map(({ Name }: { Name: string }) => Name).slice(-4);
    };
    expect(names(checked, customized)).toEqual(['MIRROR_CUSTOM_BUILDS', 'MIRROR_DECISIONS', 'MIRROR_QUARANTINE', 'MIRROR_DECISION_PROJECT']);
    expect(names(customized, checked)).toEqual(names(checked, customized));
  });

  test('of a run have the checks of the image only if they differ from those of the mirror', () => {
    const variables = runVariables(deployed({ admission: AGE }, [
      ['nginx:stable'],
      ['redis:7', { admission: { minimumAge: Duration.days(7) } }],
      ['busybox:1', { admission: { mode: AdmissionMode.OFF } }],
      ['python:3', { schedule: scheduler.ScheduleExpression.rate(Duration.hours(12)) }],
    ]));
    expect([variables['nginx:stable'], variables['redis:7'], variables['busybox:1'], variables['python:3']].map(({ ADMISSION }) => ADMISSION)).toEqual([
      undefined, undefined, '{}', '{"minimumAge":{"hours":168,"maximumGapHours":19}}',
    ]);
  });

  test('of a run have the lock of the image, and only its own tags', () => {
    const file = lock({ stable: DIGEST, mainline: DIGEST });
    const variables = runVariables(deployed({ admission: { lockFile: file } }, [
      ['nginx:stable'], ['redis', { tags: TagFilter.patterns('stable', 'mainline') }], ['busybox:1', { admission: { lockMode: AdmissionMode.OFF } }],
    ]));
    expect(JSON.parse(variables['nginx:stable'].LOCK)).toEqual({ digests: { stable: DIGEST } });
    expect(JSON.parse(variables.redis.LOCK)).toEqual({ digests: { stable: DIGEST, mainline: DIGEST } });
    expect(variables['busybox:1']).not.toHaveProperty('LOCK');
    expect(variables['nginx:stable']).not.toHaveProperty('ADMISSION');
  });

  test('of a run say when an image that is gone upstream fails', () => {
    const variables = runVariables(deployed({ onUpstreamGone: OnUpstreamGone.FAIL }, [
      ['nginx:stable'], ['redis:7', { onUpstreamGone: OnUpstreamGone.KEEP }],
    ]));
    expect(variables['nginx:stable'].ON_UPSTREAM_GONE).toBe('FAIL');
    expect(variables['redis:7']).not.toHaveProperty('ON_UPSTREAM_GONE');
  });

  test('that are too long for CodeBuild are an error that names the image', () => {
    const long = { signatures: [signature(5_000)] };
    expect(() => deployed({}, [['nginx:stable', { admission: long }]])).toThrow(/the options of "docker.io\/library\/nginx:stable" have 5[0-9]{3} characters .*; use fewer signatures/);
    expect(() => mirrorStack({ admission: long })).toThrow(/the admission options of the mirror have 5[0-9]{3} characters/);
  });

  test('of a grouped run have the checks of each image', () => {
    const template = deployed({ groupRuns: true, admission: AGE }, [['nginx:stable'], ['redis:7', { admission: { mode: AdmissionMode.OFF } }]]);
    const [{ Target: { Input } }] = template.ids('AWS::Scheduler::Schedule').map((id) => template.properties(id));
    const [{ value }] = JSON.parse(Input).environmentVariablesOverride;
    expect(JSON.parse(value)).toEqual([{ IMAGE: 'docker.io/library/nginx:stable' }, { IMAGE: 'docker.io/library/redis:7', ADMISSION: '{}' }]);
  });
});

describe('a lock file without an image', () => {
  test('fails the synthesis with all such images', () => {
    const { mirror, deploy } = mirrorStack({ admission: { lockFile: lock() } });
    for (const image of ['nginx:stable', 'redis:7']) mirror.addImage(image);
    expect(deploy).toThrow(/the lock file has no digest for "docker.io\/library\/nginx:stable", .*lock --update docker.io\/library\/nginx:stable[^]*docker.io\/library\/redis:7/);
  });

  test('fails for an image with another tag in the file, and not for an image without the check', () => {
    const props = { admission: { lockFile: lock({ other: DIGEST }) } };
    const off = ['nginx:stable', { admission: { lockMode: AdmissionMode.OFF } }] as const;
    expect(() => deployed(props, [off])).not.toThrow();
    expect(() => deployed(props, [off, ['redis:7']])).toThrow('the lock file has no digest for "docker.io/library/redis:7"');
  });
});

describe('a warning', () => {
  const annotations = (options: MirroredImageOptions, existing = false) => {
    const { mirror, stack } = mirrorStack();
    mirror.addImage('nginx:1.27.0', { ...options, ...existing ? { repository: ecr.Repository.fromRepositoryName(stack, 'Existing', 'team/nginx') } : {} });
    return Annotations.fromStack(stack);
  };

  test('says that others may push to a repository that the mirror does not define', () => {
    annotations({ admission: AGE }, true).hasWarning('*', Match.stringLikeRegexp('other principals may push images that no check judged'));
    annotations({ admission: { ...AGE, mode: AdmissionMode.AUDIT } }, true).hasNoWarning('*', Match.stringLikeRegexp('other principals'));
    annotations({}, true).hasNoWarning('*', Match.stringLikeRegexp('other principals'));
  });

  test('says that nothing serves a held image without a schedule', () => {
    annotations({ admission: AGE, scheduled: false }).hasWarning('*', Match.stringLikeRegexp('no schedule starts one; start runs with cdk-ecr-mirror start'));
    annotations({ admission: SCAN, scheduled: false }).hasNoWarning('*', Match.stringLikeRegexp('no schedule starts one'));
    annotations({ admission: AGE, scheduled: false, enabled: false }).hasNoWarning('*', Match.stringLikeRegexp('no schedule starts one'));
  });
});

test('an image that is added twice with other checks is an error that shows both', () => {
  const { mirror } = mirrorStack({ images: ['nginx:stable'] });
  expect(() => mirror.addImage('nginx:stable', { admission: AGE })).toThrow('admission none and {"minimumAge":{"hours":168,"maximumGapHours":37}}');
  expect(() => mirror.addImage('nginx:stable', { onUpstreamGone: OnUpstreamGone.FAIL })).toThrow('onUpstreamGone KEEP and FAIL');
});
