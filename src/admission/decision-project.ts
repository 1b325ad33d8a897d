import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { PROJECT_ENVIRONMENT } from '../image/contract/environment';
import { buildStatements, grantToImported, REPOSITORY_ACTIONS } from '../project/build-role';
import { ComputeConfiguration } from '../project/mirror-compute';
import { buildSpec, deadlineSeconds, MirrorBuilds, withGrants } from '../project/mirror-project';
import { warnAboutNetwork } from '../project/network-warning';
import { DECIDE_COMMAND, defineDecideAsset } from '../project/program-assets';
import { renderedLength } from '../repositories/repository-arns';
import { registryHost } from '../synthesis/environments';
import { suppressKeys } from '../synthesis/nag-suppressions';

/** The properties of the CodeBuild project that records the decisions of people. */
export interface DecisionProjectProps {
  readonly builds: MirrorBuilds;
  /** The compute of the mirror. */
  readonly compute: ComputeConfiguration;
  readonly logGroup: logs.ILogGroup;
  /** The repository that markers of held images are in. */
  readonly quarantine: ecr.IRepository;
  /** The repository that the project writes decisions to. */
  readonly decisions: ecr.IRepository;
}

/** A decision is a few requests. */
const TIMEOUT = Duration.minutes(10);

/**
 * Defines the CodeBuild project that records the decisions of people about images in quarantine.
 *
 * Only this project can write to the repository of decisions. No schedule, function, rule, or other build can start it, and it has no repository
 * prefix, because the command-line interface identifies the project of a mirror by its prefix.
 */
export function defineDecisionProject(scope: Construct, props: DecisionProjectProps): codebuild.Project {
  const { builds, decisions, logGroup, quarantine } = props;
  const compute = smallCompute(props.compute);
  const program = defineDecideAsset(scope, 'Program');
  const role = defineDecisionRole(scope, { ...props, compute, program });
  const project = new codebuild.Project(scope, 'Project', {
    description: 'Records who released or refused an image in quarantine, and why',
    role: role.withoutPolicyUpdates(),
    grantReportGroupPermissions: false,
    source: codebuild.Source.s3({ bucket: program.bucket, path: program.s3ObjectKey }),
    buildSpec: codebuild.BuildSpec.fromObject(buildSpec(compute, DECIDE_COMMAND)),
    environment: { buildImage: compute.buildImage, computeType: compute.computeType, privileged: false },
    environmentVariables: {
      [PROJECT_ENVIRONMENT.REGISTRY]: { value: registryHost(Stack.of(scope)) },
      [PROJECT_ENVIRONMENT.EVENT_BUS]: { value: builds.eventBus.eventBusArn },
      [PROJECT_ENVIRONMENT.DEADLINE_SECONDS]: { value: deadlineSeconds(compute) },
      [PROJECT_ENVIRONMENT.QUARANTINE]: { value: quarantine.repositoryName },
      [PROJECT_ENVIRONMENT.DECISIONS]: { value: decisions.repositoryName },
      ...builds.sharedVariables,
    },
    logging: { cloudWatch: { logGroup } },
    timeout: compute.timeout,
    vpc: compute.vpc,
    subnetSelection: compute.subnetSelection,
    securityGroups: compute.securityGroups,
  });
  warnAboutNetwork(project, { compute, role, sources: () => [] });
  return withGrants(project, role);
}

/** The compute of the mirror, with its smallest machine and a short timeout. */
function smallCompute(compute: ComputeConfiguration): ComputeConfiguration {
  if (compute.timeout === undefined) return compute;
  return { ...compute, computeType: codebuild.ComputeType.SMALL, timeout: TIMEOUT, longestBuild: TIMEOUT };
}

interface DecisionRoleProps extends DecisionProjectProps {
  readonly program: s3_assets.Asset;
}

/** The role can read the images of the mirror, because the message of a refusal names the tags that serve the image. It can't change them. */
function defineDecisionRole(scope: Construct, props: DecisionRoleProps): iam.Role {
  const { builds, compute, decisions, logGroup, program, quarantine } = props;
  const stack = Stack.of(scope);
  const build = { engine: program, eventBus: builds.eventBus, logGroup, credentials: [], compute };
  const others = [
    new iam.PolicyStatement({ actions: [...REPOSITORY_ACTIONS, 'ecr:DescribeImages'].sort(), resources: [decisions.repositoryArn] }),
    new iam.PolicyStatement({ actions: ['ecr:DescribeImages'], resources: [quarantine.repositoryArn] }),
    ...buildStatements(stack, build),
  ];
  const length = () => renderedLength(stack.resolve(new iam.PolicyDocument({ statements: others })));
  const images = new iam.PolicyStatement({
    actions: ['ecr:BatchGetImage', 'ecr:DescribeImages'],
    resources: Lazy.list({ produce: () => builds.role.repositories.render(length()) }),
  });
  const role = new iam.Role(scope, 'BuildRole', {
    description: 'Builds that record decisions about images in quarantine',
    assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    inlinePolicies: { Decide: new iam.PolicyDocument({ statements: [...others, images] }) },
  });
  grantToImported(role, build);
  suppressKeys(role);
  return role;
}
