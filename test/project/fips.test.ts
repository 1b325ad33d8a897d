/** The FIPS endpoints of AWS. */
import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { ImageMirrorProps } from '../../src';
import { mirrorStack } from '../support/mirror-stack';

const NAME = 'AWS_USE_FIPS_ENDPOINT';

function define(props: ImageMirrorProps) {
  const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'], ...props });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['ENV A=1'] });
  return { mirror, template: deploy() };
}

/** The values of the variable in all projects and functions; undefined for those without it. */
function values(props: ImageMirrorProps): Record<'projects' | 'functions', (string | undefined)[]> {
  const { template } = define(props);
  const variables = (id: string): { Name: string; Value: string }[] => template.properties(id).Environment.EnvironmentVariables;
  return {
    projects: template.ids('AWS::CodeBuild::Project').map((id) => variables(id).find(({ Name }) => Name === NAME)?.Value),
    functions: template.ids('AWS::Lambda::Function').filter((id) => /OnDeploy(OnEvent|IsComplete)/.test(id))
      .map((id) => template.properties(id).Environment.Variables[NAME]),
  };
}

test('all builds and the functions of deployments use them', () => {
  expect(values({ fips: true })).toEqual({ projects: ['true', 'true'], functions: ['true', 'true'] });
});

test.each([{}, { fips: false }])('with %j nothing uses them', (props) => {
  expect(values(props)).toEqual({ projects: [undefined, undefined], functions: [undefined, undefined] });
});

test('image URIs, permissions, and the registry of builds are the same as without them', () => {
  const parts = (props: ImageMirrorProps) => {
    const { mirror, template } = define(props);
    const [project] = template.ids('AWS::CodeBuild::Project');
    const variables: { Name: string; Value: string }[] = template.properties(project).Environment.EnvironmentVariables;
    const uri = template.resolve(Stack.of(mirror).resolve(mirror.image('nginx:stable').imageUri));
    return [uri, variables.find(({ Name }) => Name === 'MIRROR_REGISTRY'), template.ids('AWS::IAM::Role').map((id) => template.properties(id))];
  };
  expect(parts({ fips: true })).toEqual(parts({}));
});

function warnings(region: string | undefined, fips: boolean): number {
  const { stack } = mirrorStack({ images: ['nginx:stable'], fips }, { env: { region } });
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('ImageMirror.fips')).length;
}

test.each(['eu-west-1', 'ca-central-1', 'cn-north-1', 'us-iso-east-1'])('there is a warning in %s, which has none', (region) => {
  expect([warnings(region, true), warnings(region, false)]).toEqual([1, 0]);
});

test.each(['us-east-1', 'us-west-2', 'us-gov-west-1', undefined])('there is no warning in %s', (region) => {
  expect(warnings(region, true)).toBe(0);
});
