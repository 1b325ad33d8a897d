/**
 * The functions behind the custom resource that mirrors images while a stack is deployed, for the CDK's provider framework to call.
 *
 * An event holds an address that answers CloudFormation in the name of the resource, so it is never logged.
 */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { CustomResourceEvent } from './custom-resource-event';
import * as completion from './is-complete';
import * as start from './on-event';
import { SYSTEM_CLOCK } from '../codebuild/aws-errors';
import { HANDLER_ENVIRONMENT } from '../image/contract/custom-resource';

const log = (line: string) => console.log(line);

/** A service that does not answer must not take the time that another try would have. */
const configuration = { requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000 } };

const codeBuild = new CodeBuildClient(configuration);
const logs = new CloudWatchLogsClient(configuration);
const cloudFormation = new CloudFormationClient(configuration);

/** Called once for each change of the resource. */
export async function onEvent(event: CustomResourceEvent): Promise<start.OnEventResponse> {
  return start.handleOnEvent(event, {
    codeBuild,
    cloudFormation,
    project: process.env[HANDLER_ENVIRONMENT.PROJECT] ?? '',
    longestBuildMinutes: minutes(HANDLER_ENVIRONMENT.LONGEST_BUILD_MINUTES),
    startMinutes: minutes(HANDLER_ENVIRONMENT.START_MINUTES),
    log,
    clock: SYSTEM_CLOCK,
  });
}

/** Called again and again until it says that all is done. */
export async function isComplete(event: CustomResourceEvent): Promise<{ readonly IsComplete: boolean }> {
  return completion.handleIsComplete(event, { codeBuild, logs, waitMinutes: minutes(HANDLER_ENVIRONMENT.WAIT_MINUTES), log, clock: SYSTEM_CLOCK });
}

function minutes(name: string): number {
  return Number(process.env[name]);
}
