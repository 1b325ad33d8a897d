import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { startBuildStatements } from './start-build-statements';
import { RUN_ENVIRONMENT } from '../image/environment';

/** What schedules start, and where they leave what could not be started. */
export interface SchedulerRoleProps {
  readonly project: codebuild.IProject;
  readonly scheduleGroup: scheduler.IScheduleGroup;
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Defines the one role of all the mirror's schedules. Its policy stays the same however many there are.
 */
export function defineSchedulerRole(scope: Construct, id: string, props: SchedulerRoleProps): iam.Role {
  return new iam.Role(scope, id, {
    description: 'Schedules that start the builds that mirror images',
    // @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account, 'aws:SourceArn': props.scheduleGroup.scheduleGroupArn } },
    }),
    inlinePolicies: {
      StartBuild: new iam.PolicyDocument({
        statements: [
          ...startBuildStatements({ project: props.project, variables: Object.values(RUN_ENVIRONMENT) }),
          new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [props.deadLetterQueue.queueArn] }),
        ],
      }),
    },
  });
}
