import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';

/** The builds that a role can start. */
export interface StartBuildProps {
  readonly project: codebuild.IProject;
  /** The environment variables that a build can override. */
  readonly variables: readonly string[];
  /** The build images that a build can use instead of the project's own. @default - none */
  readonly otherImages?: readonly string[];
}

const BUILDSPEC = 'codebuild:source.buildspec';
const VARIABLE_NAMES = 'codebuild:environment.environmentVariables.name';
const SOURCE_LOCATION = 'codebuild:source.location';
const IMAGE = 'codebuild:environment.image';

/**
 * The statements that allow a role to start builds of a project, without overrides of the buildspec, the source, the image or other variables.
 * So a principal who can edit a schedule's input, or use the role, cannot run other commands with the permissions of the build.
 * A variable is sufficient to run commands: `NODE_OPTIONS`, `BASH_ENV`, `LD_PRELOAD`, `PATH`.
 *
 * Documented: the condition keys describe the request, the key of the buildspec supports only the operator `Null`, and denying the name of a
 * variable denies overriding it. Not documented, and not tested on AWS: whether a request without location and image has the project's values.
 * So the statements deny these two keys only when they are present and differ from the project's values, which handles both cases.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
 */
export function startBuildStatements({ project, variables, otherImages = [] }: StartBuildProps): iam.PolicyStatement[] {
  const startBuild = { actions: ['codebuild:StartBuild'], resources: [project.projectArn] };
  const denied = (conditions: iam.Conditions) => new iam.PolicyStatement({ ...startBuild, effect: iam.Effect.DENY, conditions });
  const deniedUnless = (key: string, values: readonly string[]) => denied({ StringNotEquals: { [key]: values }, Null: { [key]: 'false' } });
  const { source, environment } = project.node.defaultChild as codebuild.CfnProject;
  const { location } = source as codebuild.CfnProject.SourceProperty;
  const { image } = environment as codebuild.CfnProject.EnvironmentProperty;
  return [
    new iam.PolicyStatement(startBuild),
    denied({ Null: { [BUILDSPEC]: 'false' } }),
    denied({ 'ForAnyValue:StringNotEquals': { [VARIABLE_NAMES]: [...variables].sort() } }),
    deniedUnless(SOURCE_LOCATION, [location!]),
    deniedUnless(IMAGE, [image, ...otherImages]),
  ];
}
