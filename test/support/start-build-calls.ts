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
  /** The variables that a build may be given. */
  readonly variables: readonly string[];
  /** The image for builds on the other processor. */
  readonly otherImage?: string;
}

const NAMES = 'codebuild:environment.environmentVariables.name';
const LOCATION = 'codebuild:source.location';
const IMAGE = 'codebuild:environment.image';

/** Requests that start a build as its project is: with nothing, with variables of a run, and with what the project has anyway. */
export function ownStarts({ source, image, variables, otherImage }: StartedProject): StartBuildCall[] {
  return [
    ['nothing', {}],
    ['the variables of a run', { [NAMES]: [...variables] }],
    ['the first of them', { [NAMES]: [variables[0]] }],
    ['the source and the image of the project', { [LOCATION]: source, [IMAGE]: image, [NAMES]: [...variables] }],
    ...otherImage === undefined ? [] : [['the image for the other processor', { [IMAGE]: otherImage, [NAMES]: [...variables] }] satisfies StartBuildCall],
  ];
}

/** Requests that would run other commands than the project's own, or have it believe what the app has not declared. */
export function foreignStarts({ source, variables }: StartedProject): StartBuildCall[] {
  const names = ['NODE_OPTIONS', 'BASH_ENV', 'ENV', 'LD_PRELOAD', 'PATH', 'HTTPS_PROXY', 'AWS_ENDPOINT_URL', 'MIRROR_RECIPES', 'MIRROR_RECIPES_2', 'MIRROR_CUSTOM_BUILDS', 'images'];
  return [
    ['a buildspec', { 'codebuild:source.buildspec': 'true' }],
    ...names.map((name): StartBuildCall => [`the variable ${name}`, { [NAMES]: [name] }]),
    ['a variable of its own among those of a run', { [NAMES]: [...variables, 'NODE_OPTIONS'] }],
    ['another source', { [LOCATION]: 'somebody-elses-bucket/source.zip' }],
    ['another source whose name begins like the project\'s own', { [LOCATION]: `${source}.zip` }],
    ['another image', { [IMAGE]: 'docker.io/somebody/else:latest' }],
    ['a newer image of CodeBuild', { [IMAGE]: 'aws/codebuild/standard:7.0' }],
  ];
}
