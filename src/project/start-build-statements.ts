import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';

/** The builds that a role can start. */
export interface StartBuildProps {
  readonly project: codebuild.IProject;
  /** The environment variables that a build can override. */
  readonly variables: readonly string[];
  /** The environment that a build can use instead of the project's own. @default - none */
  readonly otherEnvironment?: { readonly image: string; readonly type: string };
}

/**
 * The condition keys of `codebuild:StartBuild` that the statements use.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
 */
export const START_BUILD_KEYS = {
  BUILDSPEC: 'codebuild:source.buildspec',
  CACHE: 'codebuild:cache',
  CACHE_TYPE: 'codebuild:cache.type',
  CERTIFICATE: 'codebuild:environment.certificate',
  FLEET: 'codebuild:environment.fleet.fleetArn',
  IMAGE: 'codebuild:environment.image',
  INSECURE_SSL: 'codebuild:source.insecureSsl',
  LOGS: 'codebuild:logsConfig',
  PRIVILEGED: 'codebuild:environment.privilegedMode',
  REGISTRY_CREDENTIAL: 'codebuild:environment.registryCredential',
  REGISTRY_CREDENTIAL_SECRET: 'codebuild:environment.registryCredential.credential',
  S3_LOGS: 'codebuild:logsConfig.s3Logs.status',
  SECONDARY_LOCATIONS: 'codebuild:secondarySources.location',
  SECONDARY_SOURCES: 'codebuild:secondarySources',
  SERVICE_ROLE: 'codebuild:serviceRole',
  SOURCE_LOCATION: 'codebuild:source.location',
  TYPE: 'codebuild:environment.type',
  VARIABLE_NAMES: 'codebuild:environment.environmentVariables.name',
} as const;
const KEYS = START_BUILD_KEYS;

/**
 * The statements that allow a role to start builds of a project, without overrides that change what a build runs, reads, or may do.
 * So a principal who can edit a schedule's input, or use the role, cannot run other commands with the permissions of the build.
 * A variable is sufficient to run commands: `NODE_OPTIONS`, `BASH_ENV`, `LD_PRELOAD`, `PATH`.
 *
 * Documented: the condition keys describe the request, the key of the buildspec supports only the operator `Null`, and denying the name of a
 * variable denies overriding it. Not documented, and not tested on AWS: whether a request without an override has the project's value instead.
 * So a statement denies a value only when it is present and differs from the project's value, which handles both cases.
 * Only the buildspec and the variable names depend on the documented meaning. `docs/adr/0016-overrides-of-builds.md` has a table of all statements.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
 */
export function startBuildStatements(props: StartBuildProps): iam.PolicyStatement[] {
  const startBuild = { actions: ['codebuild:StartBuild'], resources: [props.project.projectArn] };
  return [
    new iam.PolicyStatement(startBuild),
    ...deniedOverrides(props).map((conditions) => new iam.PolicyStatement({ ...startBuild, effect: iam.Effect.DENY, conditions })),
  ];
}

/** The conditions of the denied requests. Each is a statement of its own, because IAM combines the conditions of a statement with AND. */
function deniedOverrides({ project, variables, otherEnvironment }: StartBuildProps): iam.Conditions[] {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  const { location } = resource.source as codebuild.CfnProject.SourceProperty;
  const { image, privilegedMode, registryCredential, type } = resource.environment as codebuild.CfnProject.EnvironmentProperty;
  const others = otherEnvironment === undefined ? undefined : [otherEnvironment];
  return [
    isPresent(KEYS.BUILDSPEC),
    { 'ForAnyValue:StringNotEquals': { [KEYS.VARIABLE_NAMES]: [...variables].sort() } },
    differsFrom(KEYS.SOURCE_LOCATION, [location!]),
    differsFrom(KEYS.IMAGE, [image, ...others?.map((other) => other.image) ?? []]),
    differsFrom(KEYS.TYPE, [type, ...others?.map((other) => other.type) ?? []]),
    differsFrom(KEYS.SERVICE_ROLE, [resource.serviceRole]),
    ...secondarySourceOverrides(resource),
    ...logOverrides(),
    // The project has no cache, which is the type NO_CACHE.
    { ...isPresent(KEYS.CACHE), StringNotEquals: { [KEYS.CACHE_TYPE]: 'NO_CACHE' } },
    // The project has no fleet and no certificate, and checks certificates.
    isPresent(KEYS.FLEET),
    { StringLike: { [KEYS.CERTIFICATE]: '?*' } },
    { Bool: { [KEYS.INSECURE_SSL]: 'true' } },
    // A request cannot take privileges away from a privileged project to an advantage.
    ...privilegedMode === true ? [] : [{ Bool: { [KEYS.PRIVILEGED]: 'true' } }],
    registryCredentialOverride(registryCredential as codebuild.CfnProject.RegistryCredentialProperty | undefined),
  ];
}

function isPresent(key: string): iam.Conditions {
  return { Null: { [key]: 'false' } };
}

/** Applies when the key is present and has none of the values. Without `Null`, it would also apply when the key is missing. */
function differsFrom(key: string, values: readonly string[]): iam.Conditions {
  return { ...isPresent(key), StringNotEquals: { [key]: values.length === 1 ? values[0] : values } };
}

/** The build trusts the certificates in a secondary source. A request with sources that name no location is denied too. */
function secondarySourceOverrides(resource: codebuild.CfnProject): iam.Conditions[] {
  const { SECONDARY_LOCATIONS, SECONDARY_SOURCES } = KEYS;
  const sources: codebuild.CfnProject.SourceProperty[] = Stack.of(resource).resolve(resource.secondarySources) ?? [];
  if (sources.length === 0) return [isPresent(SECONDARY_SOURCES)];
  return [
    { 'ForAnyValue:StringNotEquals': { [SECONDARY_LOCATIONS]: sources.map(({ location }) => location) } },
    { Null: { [SECONDARY_SOURCES]: 'false', [SECONDARY_LOCATIONS]: 'true' } },
  ];
}

/**
 * No key has the name of the log group. So a request with log settings is denied, unless it also names the service role of the project:
 * then it has the project's own values, because only a principal with `iam:PassRole` can name a role. No request can send the log to a bucket.
 */
function logOverrides(): iam.Conditions[] {
  return [
    { Null: { [KEYS.LOGS]: 'false', [KEYS.SERVICE_ROLE]: 'true' } },
    { StringEquals: { [KEYS.S3_LOGS]: 'ENABLED' } },
  ];
}

/** The credentials of the build image in a private registry. */
function registryCredentialOverride(own?: codebuild.CfnProject.RegistryCredentialProperty): iam.Conditions {
  if (own === undefined) return isPresent(KEYS.REGISTRY_CREDENTIAL);
  return { ...isPresent(KEYS.REGISTRY_CREDENTIAL), StringNotEquals: { [KEYS.REGISTRY_CREDENTIAL_SECRET]: own.credential } };
}
