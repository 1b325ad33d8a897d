import { AspectPriority, Aspects, CfnResource, IResource, Stack } from 'aws-cdk-lib';
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
import { StaleAlarmOptions } from '../declarations/monitored';
import { quote } from '../image/sanitize';
import { MirrorBuilds } from '../project/mirror-project';
import { isDifferent, outermostStack } from '../synthesis/environments';

/** What images have alarms of their own for; everything else is rare, and told of the mirror as a whole. */
const ALARMS_OF_IMAGES: readonly MirrorAlarm[] = [MirrorAlarm.FAILED, MirrorAlarm.STALE];

/** Lets alarms tell a topic. An alarm that another topic is told by already tells both. */
export function notify(mirror: IImageMirror, topic: sns.ITopic, options: MirrorNotifyOptions): cloudwatch.Alarm[] {
  const kinds = options.alarms ?? Object.values(MirrorAlarm);
  refuseForeignTopic(mirror, topic);
  refuseForeignImages(mirror, options.images ?? []);
  if (kinds.length > 0) requireNoCircularReference(mirror, { user: MirrorMonitoring.of(mirror).construct, resource: topic, noun: 'topic', remedy: 'define the topic in the stack of the mirror, or in one that needs nothing of it' });
  const ofImages = kinds.filter((kind) => ALARMS_OF_IMAGES.includes(kind));
  const alarms = [
    ...kinds.map((kind) => alarmOf(mirror, MirrorMonitoring.of(mirror), kind, options)),
    ...(options.images ?? []).flatMap((image) => ofImages.map((kind) => alarmOf(mirror, monitoringOf(image), kind, options))),
  ];
  for (const alarm of alarms) alarm.addAlarmAction(new actions.SnsAction(topic));
  letAlarmsTell(topic, Stack.of(mirror));
  return alarms;
}

/** A topic with a policy takes messages from nobody else, and a rule that tells it gives it one. What the app does not define keeps its policy. */
function letAlarmsTell(topic: sns.ITopic, { account }: Stack): void {
  topic.addToResourcePolicy(new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
    conditions: { StringEquals: { 'aws:SourceAccount': account } },
  }));
}

function alarmOf(mirror: IImageMirror, monitoring: Monitoring, kind: MirrorAlarm, { staleAfter }: MirrorNotifyOptions): cloudwatch.Alarm {
  const scope = (monitoring.construct.node.tryFindChild('Alarms') as Construct | undefined) ?? new Construct(monitoring.construct, 'Alarms');
  const present = scope.node.tryFindChild(kind) as cloudwatch.Alarm | undefined;
  if (present === undefined) return define(mirror, monitoring, kind, scope, { staleAfter });
  if (kind === MirrorAlarm.STALE && staleAfter !== undefined) throw new Error('notify() has defined the alarm for what is stale already; set staleAfter in its first call only');
  return present;
}

function define(mirror: IImageMirror, monitoring: Monitoring, kind: MirrorAlarm, scope: Construct, stale: StaleAlarmOptions): cloudwatch.Alarm {
  switch (kind) {
    case MirrorAlarm.FAILED: return monitoring.alarmFailed(scope, kind, {});
    case MirrorAlarm.STALE: return monitoring.alarmStale(scope, kind, stale);
    case MirrorAlarm.TAG_MOVED: return monitoring.alarmTagMoved(scope, kind, {});
    case MirrorAlarm.RATE_LIMITED: return monitoring.alarmRateLimited(scope, kind, {});
    case MirrorAlarm.NOT_STARTED: return MirrorMonitoring.of(mirror).alarmNotStarted(scope, kind, {});
  }
}

/** @throws Error when the app does not define the image */
function monitoringOf(image: IMirroredImage): Monitoring {
  if (image instanceof MonitoredConstruct) return image._monitoring();
  throw new Error(`this app does not define the image ${quote(image.source)}, so it cannot have alarms here; call notify() in the app that defines its mirror`);
}

/** An alarm tells topics of its own Region, in whichever account they are. */
function refuseForeignTopic(mirror: IImageMirror, topic: sns.ITopic): void {
  const { region } = Stack.of(mirror);
  if (!isDifferent(region, topic.env.region)) return;
  throw new Error(`the topic ${quote(topic.node.path)} is in the Region ${quote(topic.env.region)} and the alarms are in ${quote(region)}, where the mirror is, and an alarm tells topics of its own Region only; `
    + 'pass a topic of that Region');
}

function refuseForeignImages(mirror: IImageMirror, images: readonly IMirroredImage[]): void {
  const known = new Set(mirror.images);
  const foreign = images.find((image) => !known.has(image));
  if (foreign === undefined) return;
  throw new Error(`${quote(foreign.source)} (${quote(foreign.node.path)}) is not in the mirror ${quote(mirror.node.path)}; call notify() of its own mirror`);
}

/** What something of a mirror needs. */
export interface NeededResource {
  /** What needs it. */
  readonly user: Construct;
  readonly resource: IResource;
  /** What it is, for people. */
  readonly noun: string;
  readonly remedy: string;
}

/**
 * Refuses what something in the mirror's stack needs, where the stack of that has images of the mirror and so needs the mirror's: the CDK would say
 * only that the two depend on each other.
 *
 * It is judged when all images were added. What was imported by its ARN is needed of no stack.
 */
export function requireNoCircularReference(mirror: IImageMirror, { user, resource, noun, remedy }: NeededResource): void {
  const other = outermostStack(resource.stack);
  const own = outermostStack(Stack.of(mirror));
  if (outermostStack(Stack.of(user)) !== own || other === own || !CfnResource.isCfnResource(resource.node.defaultChild)) return;
  const { project } = MirrorBuilds.of(mirror);
  const visit = (node: unknown) => {
    if (node !== project || !mirror.images.some((image) => outermostStack(Stack.of(image)) === other)) return;
    throw new Error(`the ${noun} ${quote(resource.node.path)} is in the stack ${quote(other.node.path)}, which needs that of the mirror for its images, and the mirror's stack `
      + `${quote(own.node.path)} would need the ${noun}: a cyclic reference; ${remedy}`);
  };
  // Before the CDK resolves references, and so before anything is validated.
  Aspects.of(project).add({ visit }, { priority: AspectPriority.READONLY });
}
