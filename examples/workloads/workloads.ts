import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { addLogRouter } from './log-router';
import { ImageMirror } from 'cdk-ecr-mirror';

/**
 * Properties of `Workloads`.
 */
export interface WorkloadsProps extends StackProps {
  readonly mirror: ImageMirror;
}

/**
 * A service, a job, builds and a function, none of which pulls from a public registry.
 */
export class Workloads extends Stack {
  constructor(scope: Construct, id: string, { mirror, ...props }: WorkloadsProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 1, flowLogs: { All: {} } });
    this.defineService(mirror, vpc);
    this.defineJob(mirror, vpc);
    this.defineBuilds(mirror);
    this.defineFunction(mirror);
  }

  /** Its tasks start when the first copy of nginx is there, and their execution role may pull nothing else. */
  private defineService(mirror: ImageMirror, vpc: ec2.IVpc): void {
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED });
    const taskDefinition = new ecs.FargateTaskDefinition(this, 'Web', { cpu: 256, memoryLimitMiB: 512 });
    taskDefinition.addContainer('nginx', {
      image: mirror.image('nginx:stable').toContainerImage(),
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'web', logRetention: logs.RetentionDays.ONE_MONTH }),
      portMappings: [{ containerPort: 80 }],
    });
    addLogRouter(taskDefinition);
    new ecs.FargateService(this, 'Service', { cluster, taskDefinition, minHealthyPercent: 100 });
  }

  private defineJob(mirror: ImageMirror, vpc: ec2.IVpc): void {
    const environment = new batch.FargateComputeEnvironment(this, 'Compute', { vpc });
    new batch.JobQueue(this, 'Jobs', { computeEnvironments: [{ computeEnvironment: environment, order: 1 }] });
    new batch.EcsJobDefinition(this, 'Report', {
      container: new batch.EcsFargateContainerDefinition(this, 'ReportContainer', {
        image: mirror.image('python:3.13-slim').toContainerImage(),
        cpu: 0.25,
        memory: Size.mebibytes(512),
        command: ['python', '-c', 'print("report")'],
      }),
    });
  }

  private defineBuilds(mirror: ImageMirror): void {
    new codebuild.Project(this, 'Tests', {
      buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['go version'] } } }),
      environment: { buildImage: mirror.image('public.ecr.aws/docker/library/golang:1.23').toBuildImage() },
    });
  }

  /** AWS Lambda takes images of one platform only, so the mirror keeps a tag for the function's. */
  private defineFunction(mirror: ImageMirror): void {
    new lambda.DockerImageFunction(this, 'Handler', {
      architecture: lambda.Architecture.ARM_64,
      code: mirror.image('public.ecr.aws/lambda/nodejs:22').toLambdaCode({ cmd: ['index.handler'] }),
    });
  }
}
