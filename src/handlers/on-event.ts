import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { changedImages, CustomResourceEvent, withDeploymentErrors, waitsForBuilds } from './custom-resource-event';
import { Clock, formatAwsError } from '../codebuild/aws-errors';
import { startBuilds, StartedBuild } from '../codebuild/start-builds';

/** The clients and the settings of the function. */
export interface OnEventTools {
  readonly codeBuild: CodeBuildClient;
  readonly cloudFormation: CloudFormationClient;
  /** The name of the CodeBuild project. */
  readonly project: string;
  /** The maximum duration of a build, in minutes. */
  readonly longestBuildMinutes: number;
  /** How long to retry the start of builds, in minutes. */
  readonly startMinutes: number;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

/** The response of `onEvent`. The framework adds its fields to the event of `isComplete`, where they override other fields. */
export interface OnEventResponse {
  readonly PhysicalResourceId?: string;
  /** The builds to wait for. */
  readonly Builds: readonly StartedBuild[];
  /**
   * Empty, to keep the event small: each poll passes the whole event through Step Functions,
   * which keeps at most 32,768 characters of the response of a function that is not done.
   */
  readonly ResourceProperties: object;
  readonly OldResourceProperties: object;
}

/**
 * Starts the builds for a change of the custom resource.
 *
 * Lambda can deliver an event twice, and the framework rejects a second response that differs from the first.
 * Therefore the response depends only on the event, and on builds that CodeBuild starts once for each request id.
 *
 * @throws DeploymentError when a build cannot be started
 */
export async function handleOnEvent(event: CustomResourceEvent, tools: OnEventTools): Promise<OnEventResponse> {
  const started = await withDeploymentErrors(() => start(event, tools));
  return {
    // The id never changes: after a change, CloudFormation would delete the resource with the old id.
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
    log('the stack is rolling back; no image is mirrored');
    return [];
  }
  const images = changedImages(event);
  if (images.length === 0) return [];
  return startBuilds({ project, images, longestBuildMinutes, requestId: event.RequestId ?? '', deadline }, { client: tools.codeBuild, log, clock });
}

/**
 * Whether a stack is rolling back. No image is mirrored then: the mirror already has the images of the old declaration,
 * and an error would leave the stack in `UPDATE_ROLLBACK_FAILED`, which requires manual recovery.
 *
 * @returns false also when the status of the stack cannot be read
 */
async function isRollingBack(client: CloudFormationClient, stackId: string | undefined, log: (line: string) => void): Promise<boolean> {
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackId }));
    return /ROLLBACK_IN_PROGRESS$/.test(stack?.StackStatus ?? '');
  } catch (error) {
    log(`cannot read the status of the stack: ${formatAwsError(error)}`);
    return false;
  }
}
