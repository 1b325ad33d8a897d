import { Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { CUSTOMISE_COMMAND } from './customise-asset';
import { markVariables } from '../../image/custom-declaration';
import { PROJECT_ENVIRONMENT } from '../../image/environment';
import { suppressPrivilegedMode } from '../check-suppressions';
import { ComputeConfiguration } from '../compute-configuration';
import { buildSpec, deadlineSeconds, registryHost } from '../mirror-project';

/** What the project is made of. */
export interface CustomProjectProps {
  readonly compute: ComputeConfiguration;
  readonly program: s3_assets.Asset;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly role: iam.Role;
  /** What it may build, asked when all images were added. */
  readonly marks: () => string[];
}

/**
 * Defines the project that builds customised images with Docker, which takes the privileged mode: the only one in this library that has it.
 *
 * The mirror's builds start it, with one image each. What it lacks is on purpose: it has no credentials for upstream registries, and no prefix,
 * by which the command line knows a mirror's project.
 */
export function defineCustomProject(scope: Construct, id: string, props: CustomProjectProps): codebuild.Project {
  const { compute, program, eventBus, logGroup, marks, role } = props;
  const project = new codebuild.Project(scope, id, {
    description: 'Builds customised images from the copies in the mirror, with Docker',
    role: role.withoutPolicyUpdates(),
    grantReportGroupPermissions: false,
    source: codebuild.Source.s3({ bucket: program.bucket, path: program.s3ObjectKey }),
    buildSpec: codebuild.BuildSpec.fromObject(buildSpec(compute, CUSTOMISE_COMMAND)),
    environment: { buildImage: compute.buildImage, computeType: compute.computeType, privileged: true },
    environmentVariables: {
      [PROJECT_ENVIRONMENT.REGISTRY]: { value: registryHost(Stack.of(scope)) },
      [PROJECT_ENVIRONMENT.EVENT_BUS]: { value: eventBus.eventBusArn },
      [PROJECT_ENVIRONMENT.DEADLINE_SECONDS]: { value: deadlineSeconds(compute) },
    },
    logging: { cloudWatch: { logGroup } },
    timeout: compute.timeout,
    vpc: compute.vpc,
    subnetSelection: compute.subnetSelection,
    securityGroups: compute.securityGroups,
  });
  tellDeclarations(project, marks);
  suppressPrivilegedMode(project);
  return project;
}

/** As many variables as it takes: the CDK's project wants to know them when it is made. */
function tellDeclarations(project: codebuild.Project, marks: () => string[]): void {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  const environment = resource.environment as codebuild.CfnProject.EnvironmentProperty;
  const variables = environment.environmentVariables as codebuild.CfnProject.EnvironmentVariableProperty[];
  const { PLAINTEXT: type } = codebuild.BuildEnvironmentVariableType;
  const produce = () => [...variables, ...markVariables(marks()).map(([name, value]) => ({ name, type, value }))];
  resource.environment = { ...environment, environmentVariables: Lazy.any({ produce }) };
}
