import { Lazy } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';

/** Variables by name. */
type NamedVariables = () => readonly (readonly [name: string, value: string])[];

/** The variables that were added to each project. */
const ADDED = new WeakMap<codebuild.CfnProject, NamedVariables[]>();

/**
 * Adds variables to a project after its definition. The `Project` construct accepts variables only in its constructor.
 *
 * Their order in the template does not depend on the order of the calls.
 *
 * @param variables called when the template is rendered
 */
export function addVariables(project: codebuild.IProject, variables: NamedVariables): void {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  const added = ADDED.get(resource);
  if (added !== undefined) {
    added.push(variables);
    return;
  }
  const all = [variables];
  ADDED.set(resource, all);
  const environment = resource.environment as codebuild.CfnProject.EnvironmentProperty;
  const present = environment.environmentVariables as codebuild.CfnProject.EnvironmentVariableProperty[];
  const { PLAINTEXT: type } = codebuild.BuildEnvironmentVariableType;
  const produce = () => {
    const lists = all.map((list) => list()).filter((list) => list.length > 0).sort(([[one]], [[other]]) => one < other ? -1 : 1);
    return [...present, ...lists.flat().map(([name, value]) => ({ name, type, value }))];
  };
  resource.environment = { ...environment, environmentVariables: Lazy.any({ produce }) };
}
