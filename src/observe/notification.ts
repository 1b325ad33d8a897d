import { ArnFormat, CfnResource, IResource, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { MirrorAlarm, MirrorNotifyOptions } from './alarm-options';
import { MirrorMonitoring } from './mirror-monitoring';
import { MonitoredConstruct } from './monitored-construct';
import { Monitoring } from './monitoring';
import { IImageMirror, IMirroredImage } from '../declarations/mirror-interfaces';
import { quote } from '../image/sanitize';
import { MirrorBuilds } from '../project/mirror-project';
import { onSynthesis } from '../synthesis/aspects';
import { isDifferent, outermostStack } from '../synthesis/environments';
import { listOf, objectWith, requireShapes, valueOf } from '../synthesis/shapes';

/** The alarms of single images. The other alarms are rare and cover the mirror as a whole. */
const IMAGE_ALARMS: readonly MirrorAlarm[] = [MirrorAlarm.FAILED, MirrorAlarm.STALE];

const SHAPES = {
  alarms: listOf(valueOf('MirrorAlarm', MirrorAlarm), 'MirrorAlarm.FAILED'),
  images: listOf(objectWith('imageUriForTag', 'mirror.image("nginx:stable")'), 'mirror.image("nginx:stable")'),
};

/** Sends the notifications of alarms to a topic. Alarms of an earlier call notify both topics. */
export function notify(mirror: IImageMirror, topic: sns.ITopic, options: MirrorNotifyOptions): cloudwatch.Alarm[] {
  const monitoring = MirrorMonitoring.of(mirror);
  const { alarms: kinds = defaultAlarms(monitoring), images = [] } = options;
  requireTopicInRegion(mirror, topic);
  requireShapes('the options of notify()', options, SHAPES);
  requireImagesOfMirror(mirror, images);
  const remedy = 'define the topic in the mirror\'s stack, or in a stack without images of the mirror';
  if (kinds.length > 0) requireNoCircularReference(mirror, { dependent: monitoring.construct, resource: topic, noun: 'topic', remedy });
  const imageKinds = kinds.filter((kind) => IMAGE_ALARMS.includes(kind));
  const alarms = [
    ...kinds.map((kind) => findOrDefineAlarm(mirror, monitoring, kind, options)),
    ...images.flatMap((image) => imageKinds.map((kind) => findOrDefineAlarm(mirror, monitoringOf(image), kind, options))),
  ];
  for (const alarm of alarms) alarm.addAlarmAction(new actions.SnsAction(topic));
  grantPublish(topic, Stack.of(mirror));
  return alarms;
}

/** Without checks, no image is ever held. Checks of images and catalogs do not count, because they can be added after the call of `notify()`. */
function defaultAlarms({ hasChecks }: MirrorMonitoring): MirrorAlarm[] {
  return Object.values(MirrorAlarm).filter((kind) => hasChecks || kind !== MirrorAlarm.HELD);
}

/**
 * Lets CloudWatch publish to the topic. The default policy of a topic allows it, but the target of an EventBridge rule replaces the default policy.
 * The policy of an imported topic does not change.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
function grantPublish(topic: sns.ITopic, stack: Stack): void {
  const { account } = stack;
  const sourceArn = stack.formatArn({ service: 'cloudwatch', resource: 'alarm', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  topic.addToResourcePolicy(new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
    conditions: { ArnLike: { 'aws:SourceArn': sourceArn }, StringEquals: { 'aws:SourceAccount': account } },
  }));
}

function findOrDefineAlarm(mirror: IImageMirror, monitoring: Monitoring, kind: MirrorAlarm, options: MirrorNotifyOptions): cloudwatch.Alarm {
  const { construct } = monitoring;
  const scope = (construct.node.tryFindChild('Alarms') as Construct | undefined) ?? new Construct(construct, 'Alarms');
  const existing = scope.node.tryFindChild(kind) as cloudwatch.Alarm | undefined;
  if (existing === undefined) return defineAlarm(mirror, monitoring, kind, scope, options);
  const option = TIME_OPTIONS.get(kind);
  if (option !== undefined && options[option] !== undefined) {
    const name = kind.toLowerCase();
    throw new Error(`an earlier call of notify() has defined the ${name} alarm ${quote(existing.node.path)}; set ${option} in the first call only`);
  }
  return existing;
}

/** The options of single alarms. */
const TIME_OPTIONS: ReadonlyMap<MirrorAlarm, 'heldAfter' | 'staleAfter'> = new Map([
  [MirrorAlarm.HELD, 'heldAfter'], [MirrorAlarm.STALE, 'staleAfter'],
]);

function defineAlarm(
  mirror: IImageMirror, monitoring: Monitoring, kind: MirrorAlarm, scope: Construct, { heldAfter, staleAfter }: MirrorNotifyOptions,
): cloudwatch.Alarm {
  switch (kind) {
    case MirrorAlarm.FAILED: return monitoring.alarmFailed(scope, kind, {});
    case MirrorAlarm.STALE: return monitoring.alarmStale(scope, kind, { staleAfter });
    case MirrorAlarm.TAG_MOVED: return monitoring.alarmTagMoved(scope, kind, {});
    case MirrorAlarm.RATE_LIMITED: return monitoring.alarmRateLimited(scope, kind, {});
    case MirrorAlarm.NOT_STARTED: return MirrorMonitoring.of(mirror).alarmNotStarted(scope, kind, {});
    case MirrorAlarm.HELD: return monitoring.alarmHeld(scope, kind, { heldAfter });
  }
}

/** @throws Error when the app does not define the image */
function monitoringOf(image: IMirroredImage): Monitoring {
  if (image instanceof MonitoredConstruct) return image._monitoring();
  throw new Error(`this app does not define the image ${quote(image.source)}, so it cannot define alarms for it; `
    + 'call notify() in the app that defines it');
}

/** An alarm can notify topics only in its own Region, in any account. */
function requireTopicInRegion(mirror: IImageMirror, topic: sns.ITopic): void {
  const { region } = Stack.of(mirror);
  if (!isDifferent(region, topic.env.region)) return;
  throw new Error(`the topic ${quote(topic.node.path)} is in the Region ${quote(topic.env.region)}, `
    + `but the mirror and its alarms are in ${quote(region)}; pass a topic in ${quote(region)}`);
}

function requireImagesOfMirror(mirror: IImageMirror, images: readonly IMirroredImage[]): void {
  const known = new Set(mirror.images);
  const foreign = images.find((image) => !known.has(image));
  if (foreign === undefined) return;
  throw new Error(`${quote(foreign.source)} (${quote(foreign.node.path)}) is not an image of the mirror ${quote(mirror.node.path)}; `
    + 'call notify() of its own mirror');
}

/** A resource that a construct of a mirror refers to. */
export interface ResourceDependency {
  /** The construct that refers to the resource. */
  readonly dependent: Construct;
  readonly resource: IResource;
  /** The kind of the resource in the error. */
  readonly noun: string;
  readonly remedy: string;
}

/**
 * Requires that the mirror's stack does not depend on a stack with images of the mirror, which depends on the mirror's stack. The CDK's own error for
 * cyclic references names the stacks only. Resources that were imported by ARN cause no dependency.
 *
 * @throws Error at synthesis with the resource and the stacks
 */
export function requireNoCircularReference(mirror: IImageMirror, { dependent, resource, noun, remedy }: ResourceDependency): void {
  const other = outermostStack(resource.stack);
  const mirrorStack = outermostStack(Stack.of(mirror));
  const isReference = outermostStack(Stack.of(dependent)) === mirrorStack && other !== mirrorStack;
  if (!isReference || !CfnResource.isCfnResource(resource.node.defaultChild)) return;
  onSynthesis(MirrorBuilds.of(mirror).project, () => {
    if (!mirror.images.some((image) => outermostStack(Stack.of(image)) === other)) return;
    throw new Error(`the mirror's stack ${quote(mirrorStack.node.path)} would depend on the ${noun} ${quote(resource.node.path)} `
      + `in the stack ${quote(other.node.path)}, which has images of the mirror and depends on the mirror's stack: a cyclic reference; ${remedy}`);
  });
}
