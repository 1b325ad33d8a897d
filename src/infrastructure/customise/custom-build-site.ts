import { Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, IDependable } from 'constructs';
import { CustomCompute } from './custom-compute';
import { defineCustomProject } from './custom-project';
import { CustomRepositories } from './custom-repositories';
import { defineCustomRole } from './custom-role';
import { defineCustomiseAsset } from './customise-asset';
import { CustomBuilds, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/environment';
import { startBuildStatements } from '../start-build-statements';

/** What customised images are built with. */
export interface CustomBuildSiteProps {
  readonly compute: CustomCompute;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly repositories: CustomRepositories;
  /** What may be built, asked when all images were added. */
  readonly marks: () => string[];
}

/** The project that builds customised images, and what it takes. */
export interface CustomBuildSite {
  readonly project: codebuild.Project;
  /** What must be there before a build starts. */
  readonly needs: readonly IDependable[];
  /** What the mirror's own builds must be allowed, which look whether a customised image is up to date, and start its build if not. */
  readonly statements: readonly iam.PolicyStatement[];
  /** What they must be told. */
  readonly builds: CustomBuilds;
}

/** Defines where customised images are built. */
export function defineCustomBuildSite(scope: Construct, props: CustomBuildSiteProps): CustomBuildSite {
  const { compute, eventBus, logGroup, marks, repositories } = props;
  const { configuration, otherEnvironment, processor } = compute;
  const program = defineCustomiseAsset(scope, 'Program');
  const shared = { compute: configuration, eventBus, logGroup };
  const customArns = () => repositories.customArns();
  const role = defineCustomRole(scope, 'BuildRole', { ...shared, engine: program, credentials: [], customArns, baseArns: () => repositories.baseArns() });
  const project = defineCustomProject(scope, 'Project', { ...shared, program, role, marks });
  const otherImages = otherEnvironment === undefined ? [] : [otherEnvironment.image];
  const { vpc } = configuration;
  return {
    project,
    needs: [role, project, ...vpc === undefined ? [] : [vpc]],
    statements: [
      new iam.PolicyStatement({ actions: ['ecr:BatchGetImage'], resources: Lazy.list({ produce: customArns }) }),
      // Where the mirror's builds may push to all under its prefix, nobody shall pass off an image as a customised one through them.
      new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['ecr:PutImage'], resources: [repositories.anyCustomArn] }),
      ...startBuildStatements({ project, variables: [RUN_ENVIRONMENT.IMAGES], otherImages }),
    ],
    builds: { project: project.projectName, processor, otherEnvironment },
  };
}

/** Tells the builds of a project where customised images are built. The CDK's project takes variables when it is made only. */
export function tellBuilds(project: codebuild.IProject, builds: CustomBuilds): void {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  const environment = resource.environment as codebuild.CfnProject.EnvironmentProperty;
  const variables = environment.environmentVariables as codebuild.CfnProject.EnvironmentVariableProperty[];
  const { PLAINTEXT } = codebuild.BuildEnvironmentVariableType;
  const told = { name: PROJECT_ENVIRONMENT.CUSTOM_BUILDS, type: PLAINTEXT, value: Stack.of(project).toJsonString(builds) };
  resource.environment = { ...environment, environmentVariables: [...variables, told] };
}
