import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { changedImages, CustomResourceEvent, formatDeploymentError, waitsForBuilds } from './custom-resource-event';
import { Clock, formatAwsError } from '../codebuild/aws-errors';
import { startBuilds, StartedBuild } from '../codebuild/start-builds';

/** What the function knows and has. */
export interface OnEventTools {
  readonly codeBuild: CodeBuildClient;
  readonly cloudFormation: CloudFormationClient;
  readonly project: string;
  readonly longestBuildMinutes: number;
  /** How long to try to start builds, in minutes. */
  readonly startMinutes: number;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

/** What the framework passes on to `isComplete`, over the fields of the event. */
export interface OnEventResponse {
  readonly PhysicalResourceId?: string;
  /** The builds to wait for. */
  readonly Builds: readonly StartedBuild[];
  /**
   * Empty: nothing needs them any more, and each poll sends the whole event through Step Functions,
   * which keeps no more than 32,768 characters of what a function answers that is not done.
   */
  readonly ResourceProperties: object;
  readonly OldResourceProperties: object;
}

/**
 * Starts the builds that a change of the custom resource asks for.
 *
 * The answer depends on the event alone, and on builds that CodeBuild starts once for each request:
 * Lambda may deliver an event twice, and the framework refuses a second answer that is another.
 *
 * @throws DeploymentError when a build cannot be started
 */
export async function handleOnEvent(event: CustomResourceEvent, tools: OnEventTools): Promise<OnEventResponse> {
  const started = await formatDeploymentError(() => start(event, tools));
  return {
    // One for ever: another one would make CloudFormation delete the resource that had the first.
    PhysicalResourceId: event.PhysicalResourceId ?? `ImageMirror-${event.LogicalResourceId ?? 'Images'}`,
    Builds: waitsForBuilds(event) ? started : [],
    ResourceProperties: {},
    OldResourceProperties: {},
  };
}

async function start(event: CustomResourceEvent, tools: OnEventTools): Promise<StartedBuild[]> {
  const { project, longestBuildMinutes, log, clock } = tools;
  const deadline = clock.now() + tools.startMinutes * 60_000;
  if (event.RequestType === 'Delete') return [];
  if (event.RequestType === 'Update' && await isRollingBack(tools.cloudFormation, event.StackId, log)) {
    log('the stack is rolling back; nothing is mirrored');
    return [];
  }
  const images = changedImages(event);
  if (images.length === 0) return [];
  return startBuilds({ project, images, longestBuildMinutes, requestId: event.RequestId ?? '', deadline }, { client: tools.codeBuild, log, clock });
}

/**
 * Whether a stack is on its way back to what it was. Nothing is mirrored then: the images of the old declaration are there,
 * and an error would leave the stack in `UPDATE_ROLLBACK_FAILED`, which a person must get it out of.
 *
 * @returns false too when CloudFormation does not say
 */
export async function isRollingBack(client: CloudFormationClient, stackId: string | undefined, log: (line: string) => void): Promise<boolean> {
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackId }));
    return /ROLLBACK_IN_PROGRESS$/.test(stack?.StackStatus ?? '');
  } catch (error) {
    log(`the status of the stack could not be read: ${formatAwsError(error)}`);
    return false;
  }
}
