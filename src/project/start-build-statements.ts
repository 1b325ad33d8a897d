import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';

/** What a role of this library may start, and with what. */
export interface StartBuildProps {
  readonly project: codebuild.IProject;
  /** The variables that a build may be given. */
  readonly variables: readonly string[];
  /** The images that a build may run in beside the project's own. @default - none */
  readonly otherImages?: readonly string[];
}

const BUILDSPEC = 'codebuild:source.buildspec';
const VARIABLE_NAMES = 'codebuild:environment.environmentVariables.name';
const SOURCE_LOCATION = 'codebuild:source.location';
const IMAGE = 'codebuild:environment.image';

/**
 * Lets a role start builds of a project as that is, and of nothing else: who may write a schedule's input, or else have the role start a build,
 * shall not run commands of their own with the role of the build. A variable is enough for that: `NODE_OPTIONS`, `BASH_ENV`, `LD_PRELOAD`, `PATH`.
 *
 * Documented: the keys describe the request, that of the buildspec knows no operator but `Null`, and to deny the name of a variable is to deny that
 * it is overridden. Not documented, and not tried against AWS: whether the location and the image are those of the project where a request has none.
 * So these two are denied where they are there and not the project's own, which is right either way.
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
