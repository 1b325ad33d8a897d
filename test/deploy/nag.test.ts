/** What cdk-nag finds in what mirrors images when a stack is deployed. */
import { App, Aspects, CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ImageMirror, MirroredImage } from '../../src';

function deployMirror(teams: number): Stack {
  const app = new App();
  const stack = new Stack(app, 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  for (let index = 0; index < teams; index++) new MirroredImage(new Stack(app, `Team${index}`), 'Grafana', { mirror, image: `grafana/grafana:11.${index}.0`, repositoryName: `team${index}/grafana` });
  return stack;
}

/** The rules that what is defined for deployments breaks, each with the construct that breaks it. */
function findings(stack: Stack): string[] {
  Aspects.of(stack).add(new AwsSolutionsChecks());
  Template.fromStack(stack);
  const rule = Match.stringLikeRegexp('AwsSolutions-.*');
  const annotations = Annotations.fromStack(stack);
  const found = [...annotations.findError('*', rule), ...annotations.findWarning('*', rule)].filter(({ id }) => id.includes('/OnDeploy/'));
  return [...new Set(found.map(({ id, entry }) => `${/AwsSolutions-[A-Z0-9]+/.exec(String(entry.data))} ${id.replace('/Platform/Mirror/OnDeploy/', '')}`))].sort();
}

/** Takes from resources what tells cdk-nag that a finding is as it should be. */
function withoutSuppressions(stack: Stack): Stack {
  for (const resource of stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))) {
    (resource as CfnResource).addMetadata('cdk_nag', undefined);
  }
  return stack;
}

test.each([0, 2])('nothing, with images in %i other stacks', (teams) => {
  expect(findings(deployMirror(teams))).toEqual([]);
});

test('without suppressions, the CDK\'s own framework, and the runtime that it uses too', () => {
  expect(findings(withoutSuppressions(deployMirror(0)))).toEqual([
    'AwsSolutions-IAM5 FrameworkIsCompleteRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5 FrameworkOnEventRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5 Provider/waiter-state-machine/Role/DefaultPolicy/Resource',
    'AwsSolutions-L1 IsComplete/Resource',
    'AwsSolutions-L1 OnEvent/Resource',
    'AwsSolutions-L1 Provider/framework-isComplete/Resource',
    'AwsSolutions-L1 Provider/framework-onEvent/Resource',
    'AwsSolutions-L1 Provider/framework-onTimeout/Resource',
    'AwsSolutions-SF1 Provider/waiter-state-machine/Resource',
    'AwsSolutions-SF2 Provider/waiter-state-machine/Resource',
  ]);
});

test('the names of other stacks are found too, and nothing else', () => {
  const alone = findings(withoutSuppressions(deployMirror(0)));
  expect(findings(withoutSuppressions(deployMirror(1))).filter((finding) => !alone.includes(finding))).toEqual(['AwsSolutions-IAM5 OnEventRole/Resource']);
});

test('a template mentions cdk-nag only in the functions of deployments and in the role of builds', () => {
  const { Resources } = Template.fromStack(deployMirror(0)).toJSON();
  const noted = Object.keys(Resources).filter((id) => Resources[id].Metadata !== undefined);
  expect(noted.filter((id) => !/OnDeploy(Provider|Framework|OnEvent|IsComplete)/.test(id))).toEqual(['MirrorBuildRoleC67830AA']);
});
