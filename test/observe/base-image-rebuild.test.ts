/** The example of a downstream build, played: the mirror's own engine puts the event, and what the rule makes of it starts the build. */
import { Template } from 'aws-cdk-lib/assertions';
import { stack } from '../../examples/base-image-rebuild';
import { deliveredEvent } from '../support/delivered-event';
import { DeliveredEvent, matchesPattern } from '../support/event-pattern';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const IMAGE = singleImage();
const REPOSITORY = 'mirror/nginx';

const resolver = new TemplateResolver(Template.fromStack(stack).toJSON(), { ...COMMERCIAL, account: '123456789012' });
const [rule] = resolver.ids('AWS::Events::Rule').map((id) => resolver.properties(id));
const [mirrorProject, downstream] = ['Mirror', 'Build'].map((id) => resolver.ids('AWS::CodeBuild::Project').find((logicalId) => logicalId.startsWith(id))!);

let account: LocalAccount;
beforeEach(async () => {
  account = await LocalAccount.open([REPOSITORY]);
  account.upstream.push('team/app', 'stable', IMAGE);
});
afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

/** Runs the mirror's build once, and returns its event. The upstream registry stands in for Docker Hub, whose name is put in its place. */
async function mirrorOnce(): Promise<DeliveredEvent> {
  const buildArn = `${resolver.arn(mirrorProject).replace(':project/', ':build/')}:1`;
  await account.run({ IMAGE: `${UPSTREAM}/team/app:stable`, REPOSITORY, MIRROR_EVENT_BUS: 'default', CODEBUILD_BUILD_ARN: buildArn });
  const [put] = account.events.events.splice(0);
  return deliveredEvent({ ...put, detail: { ...put.detail, source: 'docker.io/library/nginx:stable' } });
}

/** What EventBridge hands to the target: the template, its places filled in with values of the event. */
function inputOf({ InputTransformer: { InputPathsMap, InputTemplate } }: any, event: DeliveredEvent): unknown {
  return JSON.parse(Object.entries<string>(InputPathsMap).reduce((text, [name, path]) => {
    const value = path.split('.').slice(1).reduce<any>((object, key) => object[key], event);
    return text.replaceAll(`<${name}>`, value);
  }, InputTemplate));
}

test('a new image starts the downstream build with that very image as its base', async () => {
  const event = await mirrorOnce();
  expect(matchesPattern(rule.EventPattern, event)).toBe(true);
  expect(rule.Targets).toEqual([expect.objectContaining({ Arn: resolver.arn(downstream) })]);
  expect(inputOf(rule.Targets[0], event)).toEqual({
    environmentVariablesOverride: [{ name: 'BASE_IMAGE', type: 'PLAINTEXT', value: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/${REPOSITORY}@${IMAGE.digest}` }],
  });
});

test('an unchanged image starts nothing', async () => {
  await mirrorOnce();
  expect(matchesPattern(rule.EventPattern, await mirrorOnce())).toBe(false);
});
