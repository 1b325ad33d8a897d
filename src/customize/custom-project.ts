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
import { addVariables } from '../project/added-variables';
import { BuildProps, buildStatements, grantToImported, REPOSITORY_ACTIONS } from '../project/build-role';
import { ComputeArchitecture, ComputeConfiguration, MirrorCompute } from '../project/mirror-compute';
import { BuildVariables, buildSpec, deadlineSeconds, withGrants } from '../project/mirror-project';
import { warnAboutNetwork } from '../project/network-warning';
import { CUSTOMIZE_COMMAND, defineCustomizeAsset } from '../project/program-assets';
import { startBuildStatements } from '../project/start-build-statements';
import { PULL_ACTIONS } from '../repositories/pull-grants';
import { registryHost } from '../synthesis/environments';
import { suppressKeys, suppressPrivilegedMode } from '../synthesis/nag-suppressions';

/** The properties of the CodeBuild project that builds customized images. */
export interface CustomProjectProps {
  readonly compute: ComputeConfiguration;
  readonly program: s3_assets.Asset;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly role: iam.Role;
  /** The variables that the projects of all builds have. */
  readonly sharedVariables: BuildVariables;
  /** The fingerprints of the allowed builds. They are read when all images are added. */
  readonly fingerprints: () => string[];
}

/**
 * Defines the CodeBuild project that builds customized images with Docker. Docker needs privileged mode, which no other project of this library has.
 *
 * The builds of the mirror start it, with one image for each build. The project has no credentials for upstream registries. It also has no
 * repository prefix, because the command-line interface identifies the project of a mirror by its prefix.
 */
function defineCustomProject(scope: Construct, id: string, props: CustomProjectProps): codebuild.Project {
  const { compute, program, eventBus, logGroup, fingerprints, role, sharedVariables } = props;
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
      ...sharedVariables,
    },
    logging: { cloudWatch: { logGroup } },
    timeout: compute.timeout,
    vpc: compute.vpc,
    subnetSelection: compute.subnetSelection,
    securityGroups: compute.securityGroups,
  });
  addVariables(project, () => fingerprintVariables(fingerprints()));
  suppressPrivilegedMode(project);
  return withGrants(project, role);
}

/** The settings of the builds of customized images. */
export interface CustomImageBuildsProps {
  readonly compute: CustomCompute;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly repositories: CustomRepositories;
  /** The variables that the projects of all builds have. */
  readonly sharedVariables: BuildVariables;
  /** The fingerprints of the allowed builds. They are read when all images are added. */
  readonly fingerprints: () => string[];
}

/** The builds of customized images: their project, and the permissions that the builds of the mirror need to start them. */
export class CustomImageBuilds {
  public readonly project: codebuild.Project;
  /** The resources that must exist before a build starts. */
  public readonly needs: readonly IDependable[];
  /** The permissions of the builds of the mirror: they check whether a customized image is up to date, and start its build if it is not. */
  public readonly statements: readonly iam.PolicyStatement[];
  /** The role of the builds. */
  public readonly role: iam.Role;
  private readonly location: CustomBuilds;

  constructor(scope: Construct, props: CustomImageBuildsProps) {
    const { compute, eventBus, logGroup, fingerprints, repositories, sharedVariables } = props;
    const { configuration, otherEnvironment, processor } = compute;
    const program = defineCustomizeAsset(scope, 'Program');
    const shared = { compute: configuration, eventBus, logGroup };
    const customArns = () => repositories.customArns();
    const baseArns = () => repositories.baseArns();
    const role = this.role = defineCustomRole(scope, 'BuildRole', { ...shared, engine: program, credentials: [], customArns, baseArns });
    this.project = defineCustomProject(scope, 'Project', { ...shared, program, role, sharedVariables, fingerprints });
    // These builds pull from the mirror only. The needs of their commands are not known.
    warnAboutNetwork(this.project, { compute: configuration, role, sources: () => [] });
    this.needs = [role, this.project, ...configuration.vpc === undefined ? [] : [configuration.vpc]];
    this.location = { project: this.project.projectName, processor, otherEnvironment };
    this.statements = [
      new iam.PolicyStatement({ actions: ['ecr:BatchGetImage'], resources: Lazy.list({ produce: customArns }) }),
      // The builds of the mirror may have permission to push to all repositories under its prefix. They must not replace a customized image.
      new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['ecr:PutImage'], resources: [repositories.customArnPattern] }),
      ...startBuildStatements({
        project: this.project,
        variables: [RUN_ENVIRONMENT.IMAGES],
        otherEnvironment,
      }),
    ];
  }

  /** Adds the variable with the project of customized images to the project of the mirror. */
  public addLocationTo(project: codebuild.IProject): void {
    addVariables(project, () => [[PROJECT_ENVIRONMENT.CUSTOM_BUILDS, Stack.of(project).toJsonString(this.location)]]);
  }
}

/** The repositories that builds of customized images need access to. */
export interface CustomRoleProps extends BuildProps {
  /** The ARNs of the repositories of the unchanged images. They are read when all images are added. */
  readonly baseArns: () => string[];
  /** The ARNs of the repositories that builds push to. They are read when all images are added. */
  readonly customArns: () => string[];
}

/** The actions on the repositories that builds push to. They describe images to find out which of them nothing needs. */
const PUSH_ACTIONS = [...REPOSITORY_ACTIONS, 'ecr:DescribeImages'].sort();

/** Defines the role of builds of customized images. It can pull the unchanged images, but cannot change them. */
function defineCustomRole(scope: Construct, id: string, props: CustomRoleProps): iam.Role {
  const stack = Stack.of(scope);
  const role = new iam.Role(scope, id, {
    description: 'Builds of customized images',
    assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    inlinePolicies: {
      Customize: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({ actions: PULL_ACTIONS, resources: Lazy.list({ produce: props.baseArns }) }),
          new iam.PolicyStatement({ actions: PUSH_ACTIONS, resources: Lazy.list({ produce: props.customArns }) }),
          ...buildStatements(stack, props),
        ],
      }),
    },
  });
  grantToImported(role, props);
  suppressKeys(role);
  return role;
}

/** The compute that builds customized images. */
export interface CustomCompute {
  readonly configuration: ComputeConfiguration;
  /** The processor of the builds. */
  readonly processor: ProcessorName;
  /** The overrides for a build on the other processor; `undefined` for a custom build image, because it exists for one processor only. */
  readonly otherEnvironment?: BuildEnvironmentOverride;
}

/**
 * Returns the compute that builds customized images: by default, the compute of the mirror. If that is Lambda compute, which cannot run Docker, it
 * is EC2 compute.
 *
 * @param override the property `customImageCompute` of the mirror
 * @throws Error when the override is Lambda compute
 */
export function customCompute(override: MirrorCompute | undefined, mirror: ComputeConfiguration): CustomCompute {
  const configuration = override?._bind() ?? (isLambda(mirror) ? ec2Compute(mirror) : mirror);
  if (isLambda(configuration)) {
    throw new Error('customImageCompute is Lambda compute, which cannot run Docker; set MirrorCompute.ec2(), or omit customImageCompute');
  }
  const { buildImage, computeType } = configuration;
  const processor = processorOf(configuration);
  const isCurated = buildImage.imageId.startsWith('aws/codebuild/');
  const otherArchitecture = processor === 'arm64' ? ComputeArchitecture.X86_64 : ComputeArchitecture.ARM_64;
  const other = MirrorCompute.ec2({ architecture: otherArchitecture })._bind().buildImage;
  return { configuration, processor, otherEnvironment: isCurated ? { type: other.type, image: other.imageId, computeType } : undefined };
}

/** EC2 compute with the processor and timeout of the mirror. The timeout is the same because a deployment waits for both builds. */
function ec2Compute(mirror: ComputeConfiguration): ComputeConfiguration {
  const architecture = processorOf(mirror) === 'arm64' ? ComputeArchitecture.ARM_64 : ComputeArchitecture.X86_64;
  return MirrorCompute.ec2({ architecture, timeout: mirror.longestBuild })._bind();
}

function isLambda({ buildImage }: ComputeConfiguration): boolean {
  return /LAMBDA/.test(buildImage.type);
}

function processorOf({ buildImage }: ComputeConfiguration): ProcessorName {
  return /ARM/.test(buildImage.type) ? 'arm64' : 'x86_64';
}
