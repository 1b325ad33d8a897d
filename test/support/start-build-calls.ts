import { TemplateResolver } from './template-resolver';

/**
 * What a request to start a build says, as the condition keys of IAM have it.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
 */
export type StartBuildContext = Record<string, string | string[]>;

/** A request, and what it asks for. */
export type StartBuildCall = [what: string, context: StartBuildContext];

/** The project that a role may start, as it is deployed. */
export interface StartedProject {
  readonly source: string;
  readonly image: string;
  readonly type: string;
  readonly role: string;
  readonly privileged: boolean;
  /** The variables that a build may be given. */
  readonly variables: readonly string[];
  /** The environment of builds on the other processor. */
  readonly other?: { readonly image: string; readonly type: string };
  /** The locations of the secondary sources. */
  readonly secondarySources?: readonly string[];
  /** The secret with the credentials for the build image. */
  readonly registryCredential?: string;
}

/** A project of a template. */
export function startedProject(template: TemplateResolver, projectId: string, variables: readonly string[]): StartedProject {
  const { Source, Environment, SecondarySources, ServiceRole } = template.properties(projectId);
  return {
    source: Source.Location,
    image: Environment.Image,
    type: Environment.Type,
    role: ServiceRole,
    privileged: Environment.PrivilegedMode,
    variables,
    secondarySources: SecondarySources?.map(({ Location }: { Location: string }) => Location),
    registryCredential: Environment.RegistryCredential?.Credential,
  };
}

const NAMES = 'codebuild:environment.environmentVariables.name';
const LOCATION = 'codebuild:source.location';
const IMAGE = 'codebuild:environment.image';
const TYPE = 'codebuild:environment.type';
const ROLE = 'codebuild:serviceRole';
const PRIVILEGED = 'codebuild:environment.privilegedMode';
const SOURCES = 'codebuild:secondarySources';
const SOURCE_LOCATIONS = 'codebuild:secondarySources.location';
const CREDENTIAL = 'codebuild:environment.registryCredential';
const CREDENTIAL_SECRET = 'codebuild:environment.registryCredential.credential';

/** What a request without overrides would say, if AWS described it with the values of the project. */
function ownValues({ source, image, type, role, privileged, secondarySources, registryCredential }: StartedProject): StartBuildContext {
  return {
    [LOCATION]: source,
    [IMAGE]: image,
    [TYPE]: type,
    [ROLE]: role,
    [PRIVILEGED]: String(privileged),
    'codebuild:source': 'true',
    'codebuild:source.insecureSsl': 'false',
    'codebuild:cache': 'true',
    'codebuild:cache.type': 'NO_CACHE',
    'codebuild:logsConfig': 'true',
    ...secondarySources === undefined ? {} : { [SOURCES]: 'true', [SOURCE_LOCATIONS]: [...secondarySources] },
    ...registryCredential === undefined ? {} : { [CREDENTIAL]: 'true', [CREDENTIAL_SECRET]: registryCredential },
  };
}

/** Requests that start a build as its project is: with nothing, with variables of a run, and with what the project has anyway. */
export function ownStarts(started: StartedProject): StartBuildCall[] {
  const { variables, other } = started;
  const own = ownValues(started);
  return [
    ['nothing', {}],
    ['the variables of a run', { [NAMES]: [...variables] }],
    ['the first of them', { [NAMES]: [variables[0]] }],
    ...Object.entries(own).filter(([key]) => !PRESENCE.includes(key)).map(([key, value]): StartBuildCall => {
      return [`the project's own ${key}`, { [key]: value, [NAMES]: [...variables] }];
    }),
    ['all values of the project', { ...own, [NAMES]: [...variables] }],
    ...other === undefined ? [] : [
      ['the environment of the other processor', { [IMAGE]: other.image, [TYPE]: other.type, [NAMES]: [...variables] }] satisfies StartBuildCall,
    ],
  ];
}

/** The keys that only say that a request has a field. Without the fields in it, such a request is another than that of the project. */
const PRESENCE = ['codebuild:cache', 'codebuild:logsConfig', SOURCES, CREDENTIAL];

/** Requests that would run other commands than the project's own, or have it believe what the app has not declared. */
export function foreignStarts(started: StartedProject): StartBuildCall[] {
  const { source, variables, role, privileged } = started;
  const names = ['NODE_OPTIONS', 'BASH_ENV', 'ENV', 'LD_PRELOAD', 'PATH', 'HTTPS_PROXY', 'AWS_ENDPOINT_URL', 'MIRROR_RECIPES', 'MIRROR_RECIPES_2', 'MIRROR_CUSTOM_BUILDS', 'images'];
  const foreign: StartBuildCall[] = [
    ['a buildspec', { 'codebuild:source.buildspec': 'true' }],
    ...names.map((name): StartBuildCall => [`the variable ${name}`, { [NAMES]: [name] }]),
    ['a variable of its own among those of a run', { [NAMES]: [...variables, 'NODE_OPTIONS'] }],
    ['another source', { [LOCATION]: 'somebody-elses-bucket/source.zip' }],
    ['another source whose name begins like the project\'s own', { [LOCATION]: `${source}.zip` }],
    ['another image', { [IMAGE]: 'docker.io/somebody/else:latest' }],
    ['a newer image of CodeBuild', { [IMAGE]: 'aws/codebuild/standard:7.0' }],
    ['another environment type', { [TYPE]: 'WINDOWS_SERVER_2022_CONTAINER' }],
    ['another role', { [ROLE]: 'arn:aws:iam::111122223333:role/Admin' }],
    ['another role whose name begins like the project\'s own', { [ROLE]: `${role}2` }],
    ['a secondary source', { [SOURCES]: 'true', [SOURCE_LOCATIONS]: ['somebody-elses-bucket/certificates.zip'] }],
    ['a secondary source beside the project\'s own',
      { [SOURCES]: 'true', [SOURCE_LOCATIONS]: [...started.secondarySources ?? [], 'somebody-elses-bucket/certificates.zip'] }],
    ['secondary sources without a location', { [SOURCES]: 'true' }],
    ['other log settings', { 'codebuild:logsConfig': 'true' }],
    ['a log in a bucket', { 'codebuild:logsConfig': 'true', 'codebuild:logsConfig.s3Logs': 'true', 'codebuild:logsConfig.s3Logs.status': 'ENABLED' }],
    ['a log in a bucket, and the role of the project', { 'codebuild:logsConfig': 'true', 'codebuild:logsConfig.s3Logs.status': 'ENABLED', [ROLE]: role }],
    ['a cache', { 'codebuild:cache': 'true' }],
    ['a cache in a bucket', { 'codebuild:cache': 'true', 'codebuild:cache.type': 'S3', 'codebuild:cache.location': 'somebody-elses-bucket/cache' }],
    ['a local cache', { 'codebuild:cache': 'true', 'codebuild:cache.type': 'LOCAL', 'codebuild:cache.modes': ['LOCAL_CUSTOM_CACHE'] }],
    ['a fleet', { 'codebuild:environment.fleet.fleetArn': 'arn:aws:codebuild:eu-west-1:111122223333:fleet/another:1234' }],
    ['a certificate', { 'codebuild:environment.certificate': 'arn:aws:s3:::somebody-elses-bucket/certificate.pem' }],
    ['no check of certificates', { 'codebuild:source.insecureSsl': 'true' }],
    ['credentials of a registry', { [CREDENTIAL]: 'true' }],
    ['other credentials of a registry', { [CREDENTIAL]: 'true', [CREDENTIAL_SECRET]: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:another-AbCdEf' }],
    ...privileged ? [] : [['privileges', { [PRIVILEGED]: 'true' }] satisfies StartBuildCall],
  ];
  // Whatever else such a request repeats of its project, it is denied.
  const own = ownValues(started);
  return foreign.flatMap(([what, context]): StartBuildCall[] => [
    [what, context],
    ...CHANGED_WITH_OWN_ROLE.includes(what) ? [] : [[`${what}, and all else as in the project`, { ...own, ...context }] satisfies StartBuildCall],
  ]);
}

/** Without a field beside them, these cannot be told from the project's own; only a principal that may pass the role could ask for them. */
const CHANGED_WITH_OWN_ROLE = ['other log settings', 'a cache', 'credentials of a registry', 'secondary sources without a location'];
