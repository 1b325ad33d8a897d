import { Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct, IDependable } from 'constructs';
import { CustomRepositories } from './custom-repositories';
import { BuildEnvironmentOverride, CustomBuilds, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../image/contract/environment';
import { fingerprintVariables } from '../image/custom-image';
import { ProcessorName } from '../image/platform';
import { BuildProps, buildStatements, grantToImported, REPOSITORY_ACTIONS } from '../project/build-role';
import { ComputeArchitecture, ComputeConfiguration, MirrorCompute } from '../project/mirror-compute';
import { buildSpec, deadlineSeconds, registryHost } from '../project/mirror-project';
import { CUSTOMIZE_COMMAND, defineCustomizeAsset } from '../project/program-assets';
import { startBuildStatements } from '../project/start-build-statements';
import { PULL_ACTIONS } from '../repositories/pull-grants';
import { suppressPrivilegedMode } from '../synthesis/nag-suppressions';

/** What the project is made of. */
export interface CustomProjectProps {
  readonly compute: ComputeConfiguration;
  readonly program: s3_assets.Asset;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly role: iam.Role;
  /** The fingerprints of the allowed builds. They are read when all images are added. */
  readonly fingerprints: () => string[];
}

/**
 * Defines the project that builds customized images with Docker, which takes the privileged mode: the only one in this library that has it.
 *
 * The mirror's builds start it, with one image each. What it lacks is on purpose: it has no credentials for upstream registries, and no prefix,
 * by which the command line knows a mirror's project.
 */
export function defineCustomProject(scope: Construct, id: string, props: CustomProjectProps): codebuild.Project {
  const { compute, program, eventBus, logGroup, fingerprints, role } = props;
  const project = new codebuild.Project(scope, id, {
    description: 'Builds customized images from the copies in the mirror, with Docker',
    role: role.withoutPolicyUpdates(),
    grantReportGroupPermissions: false,
    source: codebuild.Source.s3({ bucket: program.bucket, path: program.s3ObjectKey }),
    buildSpec: codebuild.BuildSpec.fromObject(buildSpec(compute, CUSTOMIZE_COMMAND)),
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
  addVariables(project, () => fingerprintVariables(fingerprints()));
  suppressPrivilegedMode(project);
  return project;
}

/** The settings of the builds of customized images. */
export interface CustomImageBuildsProps {
  readonly compute: CustomCompute;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly repositories: CustomRepositories;
  /** The fingerprints of the allowed builds. They are read when all images are added. */
  readonly fingerprints: () => string[];
}

/** The builds of customized images: their project, and the permissions that the mirror's builds need to start it. */
export class CustomImageBuilds {
  public readonly project: codebuild.Project;
  /** The resources that must exist before a build starts. */
  public readonly needs: readonly IDependable[];
  /** The permissions of the mirror's builds: they check whether a customized image is up to date, and start its build if it is not. */
  public readonly statements: readonly iam.PolicyStatement[];
  private readonly location: CustomBuilds;

  constructor(scope: Construct, { compute, eventBus, logGroup, fingerprints, repositories }: CustomImageBuildsProps) {
    const { configuration, otherEnvironment, processor } = compute;
    const program = defineCustomizeAsset(scope, 'Program');
    const shared = { compute: configuration, eventBus, logGroup };
    const customArns = () => repositories.customArns();
    const role = defineCustomRole(scope, 'BuildRole', { ...shared, engine: program, credentials: [], customArns, baseArns: () => repositories.baseArns() });
    this.project = defineCustomProject(scope, 'Project', { ...shared, program, role, fingerprints });
    this.needs = [role, this.project, ...configuration.vpc === undefined ? [] : [configuration.vpc]];
    this.location = { project: this.project.projectName, processor, otherEnvironment };
    this.statements = [
      new iam.PolicyStatement({ actions: ['ecr:BatchGetImage'], resources: Lazy.list({ produce: customArns }) }),
      // The mirror's builds may be allowed to push to all repositories under its prefix. They must not replace a customized image.
      new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['ecr:PutImage'], resources: [repositories.anyCustomArn] }),
      ...startBuildStatements({
        project: this.project,
        variables: [RUN_ENVIRONMENT.IMAGES],
        otherImages: otherEnvironment === undefined ? [] : [otherEnvironment.image],
      }),
    ];
  }

  /** Adds the variable to a project that tells its builds where customized images are built. */
  public announceTo(project: codebuild.IProject): void {
    addVariables(project, () => [[PROJECT_ENVIRONMENT.CUSTOM_BUILDS, Stack.of(project).toJsonString(this.location)]]);
  }
}

/** Adds variables to a project after its definition. The `Project` construct accepts variables only in its constructor. */
function addVariables(project: codebuild.IProject, variables: () => [name: string, value: string][]): void {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  const environment = resource.environment as codebuild.CfnProject.EnvironmentProperty;
  const present = environment.environmentVariables as codebuild.CfnProject.EnvironmentVariableProperty[];
  const { PLAINTEXT: type } = codebuild.BuildEnvironmentVariableType;
  const produce = () => [...present, ...variables().map(([name, value]) => ({ name, type, value }))];
  resource.environment = { ...environment, environmentVariables: Lazy.any({ produce }) };
}

/** What builds of customized images need access to. */
export interface CustomRoleProps extends BuildProps {
  /** The repositories that they build from, asked when all images were added. */
  readonly baseArns: () => string[];
  /** The repositories that they push to, likewise. */
  readonly customArns: () => string[];
}

/** Defines the role of builds of customized images. It reads what they are built from, and can change nothing of that. */
export function defineCustomRole(scope: Construct, id: string, props: CustomRoleProps): iam.Role {
  const stack = Stack.of(scope);
  const role = new iam.Role(scope, id, {
    description: 'Builds of customized images',
    assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    inlinePolicies: {
      Customize: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({ actions: PULL_ACTIONS, resources: Lazy.list({ produce: props.baseArns }) }),
          new iam.PolicyStatement({ actions: REPOSITORY_ACTIONS, resources: Lazy.list({ produce: props.customArns }) }),
          ...buildStatements(stack, props),
        ],
      }),
    },
  });
  grantToImported(role, props);
  return role;
}

/** Where customized images are built. */
export interface CustomCompute {
  readonly configuration: ComputeConfiguration;
  /** The processor of its builds. */
  readonly processor: ProcessorName;
  /** What a build on another processor takes in its place; undefined where builds run in an image of the user's own, of which there is no other. */
  readonly otherEnvironment?: BuildEnvironmentOverride;
}

/**
 * Where customized images are built: where the mirror's builds run, unless its owner chose otherwise or that is Lambda compute, which has no Docker.
 *
 * @throws Error when the owner chose Lambda compute
 */
export function customCompute(chosen: MirrorCompute | undefined, mirror: ComputeConfiguration): CustomCompute {
  const configuration = chosen?._bind() ?? (isLambda(mirror) ? onEc2(mirror) : mirror);
  if (isLambda(configuration)) throw new Error('customImageCompute is Lambda compute, where Docker does not run; use MirrorCompute.ec2(), or leave it out');
  const { buildImage, computeType } = configuration;
  const processor = processorOf(configuration);
  const isCurated = buildImage.imageId.startsWith('aws/codebuild/');
  const other = MirrorCompute.ec2({ architecture: processor === 'arm64' ? ComputeArchitecture.X86_64 : ComputeArchitecture.ARM_64 })._bind().buildImage;
  return { configuration, processor, otherEnvironment: isCurated ? { type: other.type, image: other.imageId, computeType } : undefined };
}

/** The same processor, and no longer than a build of the mirror, for a deployment waits for both. */
function onEc2(mirror: ComputeConfiguration): ComputeConfiguration {
  const architecture = processorOf(mirror) === 'arm64' ? ComputeArchitecture.ARM_64 : ComputeArchitecture.X86_64;
  return MirrorCompute.ec2({ architecture, timeout: mirror.longestBuild })._bind();
}

function isLambda({ buildImage }: ComputeConfiguration): boolean {
  return /LAMBDA/.test(buildImage.type);
}

function processorOf({ buildImage }: ComputeConfiguration): ProcessorName {
  return /ARM/.test(buildImage.type) ? 'arm64' : 'x86_64';
}
