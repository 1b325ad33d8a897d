import { CfnResource, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as signer from 'aws-cdk-lib/aws-signer';
import { Construct } from 'constructs';
import { MirrorBuildOptions } from './build-options';
import { proxyVariables, warnAboutProxy } from './build-proxy';
import { BuildRole, defineBuildRole } from './build-role';
import { CERTIFICATES_PATH, CERTIFICATES_SOURCE, defineCertificatesAsset } from './certificates-asset';
import { EcrUpstreams } from './ecr-upstreams';
import { ComputeConfiguration } from './mirror-compute';
import { warnAboutNetwork } from './network-warning';
import { defineEngineAsset, ENGINE_COMMAND } from './program-assets';
import { warnAboutBuildRegion } from './region-warning';
import { RegistryCredentials } from './registry-credentials';
import { registryRules, registryVariables } from './registry-settings';
import { defineTrustRootAsset, TRUST_ROOT_PATH, TRUST_ROOT_SOURCE } from './trust-root-asset';
import { IImageMirror, MirrorParts } from '../declarations/mirror-interfaces';
import { credentialVariables, FIPS_VARIABLE, PROJECT_ENVIRONMENT, pulledFrom, RegistryRule } from '../image/contract/environment';
import { RepositoryArns } from '../repositories/repository-arns';
import { RepositorySet } from '../repositories/repository-set';
import { registryHost } from '../synthesis/environments';

/** The properties of the CodeBuild project. */
export interface MirrorProjectProps {
  readonly compute: ComputeConfiguration;
  readonly credentials: RegistryCredentials[];
  readonly engine: s3_assets.Asset;
  /** The custom CA certificates; `undefined` when there are none. */
  readonly certificates?: s3_assets.Asset;
  /** The trust roots for signatures; `undefined` for the trust root of the engine. */
  readonly trustRoots?: s3_assets.Asset;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly repositoryPrefix: string;
  readonly role: iam.Role;
  /** The variables that the projects of all builds have. */
  readonly sharedVariables: BuildVariables;
  readonly rules: readonly RegistryRule[];
}

/** A run fails with a message this number of seconds before CodeBuild would stop the build without a message. */
const SECONDS_BEFORE_TIMEOUT = 60;

/**
 * Defines the CodeBuild project that runs the engine, for one image or several.
 *
 * The project has no limit of concurrent builds, because builds above the limit would fail instead of waiting.
 */
function defineMirrorProject(scope: Construct, id: string, props: MirrorProjectProps): codebuild.Project {
  const { compute, certificates, role, trustRoots } = props;
  const sources = [
    ...certificates === undefined ? [] : [source(certificates, CERTIFICATES_SOURCE)],
    ...trustRoots === undefined ? [] : [source(trustRoots, TRUST_ROOT_SOURCE)],
  ];
  const project = new codebuild.Project(scope, id, {
    description: 'Mirrors the container images that the variables IMAGE or IMAGES name into Amazon ECR',
    role: role.withoutPolicyUpdates(),
    grantReportGroupPermissions: false,
    source: source(props.engine),
    secondarySources: sources.length === 0 ? undefined : sources,
    buildSpec: codebuild.BuildSpec.fromObject(buildSpec(compute, engineCommand(props))),
    environment: { buildImage: compute.buildImage, computeType: compute.computeType, privileged: false },
    environmentVariables: {
      ...projectVariables(Stack.of(scope), props),
      ...props.sharedVariables,
      ...registryVariables(props.rules),
      ...secretVariables(props.credentials),
    },
    logging: { cloudWatch: { logGroup: props.logGroup } },
    timeout: compute.timeout,
    vpc: compute.vpc,
    subnetSelection: compute.subnetSelection,
    securityGroups: compute.securityGroups,
  });
  return withGrants(project, role);
}

/**
 * Lets grants to a project reach its role. The project is defined with a view of the role that ignores all statements, because the `Project`
 * construct would add more permissions than builds need. Grants of the app would vanish in that view too, without an error.
 */
export function withGrants(project: codebuild.Project, role: iam.Role): codebuild.Project {
  const reachable = { value: role, enumerable: true, configurable: true };
  return Object.defineProperties(project, { role: reachable, grantPrincipal: reachable });
}

function source({ bucket, s3ObjectKey }: s3_assets.Asset, identifier?: string): codebuild.ISource {
  return codebuild.Source.s3({ identifier, bucket, path: s3ObjectKey });
}

/**
 * The command with the variables that name files of other sources. A variable of the project cannot name them, because CodeBuild chooses the folders.
 * So the paths need quotes. Node reads the variable for certificates when it starts.
 */
function engineCommand({ certificates, trustRoots }: Pick<MirrorProjectProps, 'certificates' | 'trustRoots'>): string {
  const variables = [
    ...trustRoots === undefined ? [] : [`${PROJECT_ENVIRONMENT.TRUST_ROOT}="${TRUST_ROOT_PATH}"`],
    ...certificates === undefined ? [] : [`NODE_EXTRA_CA_CERTS="${CERTIFICATES_PATH}"`],
  ];
  return [...variables, ENGINE_COMMAND].join(' ');
}

/** The buildspec: a single command, with a Node version that the programs support. */
export function buildSpec(compute: ComputeConfiguration, command: string) {
  const install = { 'runtime-versions': { nodejs: compute.nodeVersion } };
  return {
    version: '0.2',
    phases: { ...(compute.nodeVersion === undefined ? {} : { install }), build: { commands: [command] } },
  };
}

/** The number of seconds after which a run fails with a message. */
export function deadlineSeconds({ longestBuild }: ComputeConfiguration): string {
  return String(longestBuild.toSeconds() - SECONDS_BEFORE_TIMEOUT);
}

/** Environment variables of a project. */
export type BuildVariables = { [name: string]: codebuild.BuildEnvironmentVariable };

function projectVariables(stack: Stack, props: MirrorProjectProps): BuildVariables {
  return {
    [PROJECT_ENVIRONMENT.REGISTRY]: { value: registryHost(stack) },
    [PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]: { value: props.repositoryPrefix },
    [PROJECT_ENVIRONMENT.EVENT_BUS]: { value: props.eventBus.eventBusArn },
    [PROJECT_ENVIRONMENT.DEADLINE_SECONDS]: { value: deadlineSeconds(props.compute) },
    [PROJECT_ENVIRONMENT.LATE_REFERRERS]: { value: 'true' },
  };
}

/** The variable with the number of previous images. Builds keep none without it. */
function keptImagesVariables(keepPrevious: number): BuildVariables {
  return keepPrevious === 0 ? {} : { [PROJECT_ENVIRONMENT.KEEP_PREVIOUS]: { value: String(keepPrevious) } };
}

/** The variables with credentials. The template has references to Secrets Manager, and CodeBuild masks the values in the log. */
function secretVariables(credentials: RegistryCredentials[]): BuildVariables {
  if (credentials.length === 0) return {};
  const named = credentials.map((credential, index) => {
    return { credential, names: credentialVariables(credential, index) };
  });
  const field = ({ secret }: RegistryCredentials, name: string) => ({
    type: codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER,
    value: `${secret.secretArn}:${name}`,
  });
  return {
    [PROJECT_ENVIRONMENT.CREDENTIALS]: { value: JSON.stringify(named.map(({ names }) => names)) },
    ...Object.fromEntries(named.flatMap(({ credential, names }) => [
      [names.username, field(credential, credential.usernameField)],
      [names.password, field(credential, credential.passwordField)],
    ])),
  };
}

/** The settings of the builds of a mirror. */
export interface MirrorBuildsProps extends Pick<MirrorProjectProps, 'compute' | 'credentials' | 'logGroup'> {
  readonly repositories: RepositorySet;
  /** The options of the mirror. */
  readonly options: MirrorBuildOptions;
}

/** Keeps pulls of a role out of the last pull times of images. The lowest supported version of the CDK has no class for the resource. */
function definePullTimeExclusion(mirror: Construct, role: iam.Role): void {
  new CfnResource(mirror, 'PullTimeExclusion', { type: 'AWS::ECR::PullTimeUpdateExclusion', properties: { PrincipalArn: role.roleArn } });
}

/** Adds statements to the policy of a role. */
type PolicyWriter = (statements: readonly iam.PolicyStatement[]) => void;

const PARTS = new MirrorParts<MirrorBuilds>('builds');

/** The builds of one mirror: the project, the role of the builds, and the event bus for their events. */
export class MirrorBuilds {
  /**
   * The builds of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public static of(mirror: IImageMirror): MirrorBuilds {
    return PARTS.of(mirror);
  }

  public readonly project: codebuild.Project;
  public readonly role: BuildRole;
  public readonly eventBus: events.IEventBus;
  /** The variables that the projects of all builds have. */
  public readonly sharedVariables: BuildVariables;
  private readonly sourcesOfCatalogs: string[] = [];
  private readonly pushers: PolicyWriter[];
  private readonly statementsOfPushers: iam.PolicyStatement[] = [];

  constructor(mirror: IImageMirror & Construct, props: MirrorBuildsProps) {
    const { repositories, options, ...settings } = props;
    const { certificateAuthorityPath, eventBus, excludePullTimes, fips = false, proxy, registries = [], trustRootPaths } = options;
    const rules = registryRules(registries, settings.credentials);
    this.eventBus = eventBus ?? events.EventBus.fromEventBusName(mirror, 'DefaultEventBus', 'default');
    this.sharedVariables = {
      ...proxyVariables(mirror, proxy),
      ...keptImagesVariables(repositories.settings.keepPrevious),
      ...fips ? { [FIPS_VARIABLE]: { value: 'true' } } : {},
    };
    const build = {
      ...settings,
      rules,
      sharedVariables: this.sharedVariables,
      certificates: certificateAuthorityPath === undefined ? undefined : defineCertificatesAsset(mirror, 'Certificates', certificateAuthorityPath),
      trustRoots: trustRootPaths && defineTrustRootAsset(mirror, 'TrustRoots', trustRootPaths),
      engine: defineEngineAsset(mirror, 'Engine'),
      eventBus: this.eventBus,
    };
    this.role = defineBuildRole(mirror, 'BuildRole', { ...build, repositories: new RepositoryArns(Stack.of(mirror), repositories) });
    this.project = defineMirrorProject(mirror, 'Project', { ...build, repositoryPrefix: repositories.prefix, role: this.role.role });
    if (excludePullTimes) definePullTimeExclusion(mirror, this.role.role);
    this.pushers = [this.role.allow];
    const sources = () => [...mirror.images.map((image) => image.source), ...this.sourcesOfCatalogs].map((image) => pulledFrom(rules, image));
    warnAboutNetwork(this.project, { compute: settings.compute, role: this.role.role, sources });
    warnAboutProxy(this.project, proxy, settings.compute);
    warnAboutBuildRegion(this.project, { compute: settings.compute, fips, sources });
    new EcrUpstreams(this.project, {
      sources,
      endpoints: rules.flatMap(({ endpoint }) => endpoint ?? []),
      credentials: settings.credentials,
      allow: this.role.allow,
    });
    PARTS.set(mirror, this);
  }
  /** Includes the upstream images of a catalog. */
  public addSources(sources: readonly string[]): void {
    this.sourcesOfCatalogs.push(...sources);
  }

  /** Includes other builds that push images. They get the statements for all builds that push. */
  public addPusher(allow: PolicyWriter): void {
    this.pushers.push(allow);
    if (this.statementsOfPushers.length > 0) allow(this.statementsOfPushers.map((statement) => statement.copy()));
  }

  /** Allows all builds that push images to sign them. The property `signingProfileArn` of an imported profile has one slash too many. */
  public allowSigning({ env, signingProfileName, stack }: signer.ISigningProfile): void {
    const resource = stack.formatArn({ service: 'signer', ...env, resource: '/signing-profiles', resourceName: signingProfileName });
    const statement = new iam.PolicyStatement({ actions: ['signer:SignPayload'], resources: [resource] });
    this.statementsOfPushers.push(statement);
    for (const allow of this.pushers) allow([statement.copy()]);
  }
}
