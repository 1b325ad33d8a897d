/**
 * The Lambda functions of the custom resource that mirrors images during a deployment. The CDK's provider framework calls them.
 *
 * An event is never logged: it has a presigned URL, with which anyone can respond to CloudFormation for the resource.
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

/** A short timeout for each request leaves time for retries within the timeout of the function. */
const configuration = { requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000 } };

const codeBuild = new CodeBuildClient(configuration);
const logs = new CloudWatchLogsClient(configuration);
const cloudFormation = new CloudFormationClient(configuration);

/** The framework calls this function once for each change of the resource. */
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

/** The framework calls this function repeatedly until it returns `IsComplete: true`. */
export async function isComplete(event: CustomResourceEvent): Promise<{ readonly IsComplete: boolean }> {
  return completion.handleIsComplete(event, { codeBuild, logs, waitMinutes: minutes(HANDLER_ENVIRONMENT.WAIT_MINUTES), log, clock: SYSTEM_CLOCK });
}

function minutes(name: string): number {
  return Number(process.env[name]);
}
