import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { ATTEMPT_VARIABLE } from './names';

/** How long a build takes. It must be longer than the interval of the schedule. */
const BUILD_SECONDS = 150;

/** A project that runs one build at a time, and a schedule that starts builds more often than they end. */
export class LimitedProject extends Construct {
  readonly project: codebuild.Project;

  constructor(scope: Construct, id: string, projectName: string) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_DAY, removalPolicy: RemovalPolicy.DESTROY });
    this.project = new codebuild.Project(this, 'Project', {
      projectName,
      description: 'Runs one build at a time',
      buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: [`sleep ${BUILD_SECONDS}`] } } }),
      environment: { buildImage: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0, computeType: codebuild.ComputeType.SMALL },
      concurrentBuildLimit: 1,
      grantReportGroupPermissions: false,
      logging: { cloudWatch: { logGroup } },
      timeout: Duration.minutes(5),
    });
    const variable = { name: ATTEMPT_VARIABLE, type: 'PLAINTEXT', value: scheduler.ContextAttribute.attemptNumber };
    new scheduler.Schedule(this, 'Schedule', {
      schedule: scheduler.ScheduleExpression.rate(Duration.minutes(1)),
      target: new targets.CodeBuildStartBuild(this.project, {
        input: scheduler.ScheduleTargetInput.fromObject({ environmentVariablesOverride: [variable] }),
        maxEventAge: Duration.minutes(15),
      }),
    });
  }
}
