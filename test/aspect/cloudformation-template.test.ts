import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImagesAspect } from '../../src';
import { withFolder } from '../support/with-folder';

const folder = withFolder();

test('a template that somebody else wrote runs the mirror\'s images, with the role that it has', () => {
  const templateFile = path.join(folder, 'template.json');
  fs.writeFileSync(templateFile, JSON.stringify({
    Parameters: { Tag: { Type: 'String' } },
    Resources: {
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {}, RoleName: 'theirs' } },
      Task: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: {
          ExecutionRoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
          ContainerDefinitions: [
            { Name: 'web', Image: 'nginx:stable', Environment: [{ Name: 'REGION', Value: { Ref: 'AWS::Region' } }] },
            { Name: 'app', Image: { 'Fn::Sub': '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:${AWS::Region}' } },
            { Name: 'cache', Image: { 'Fn::Sub': 'redis:${Tag}' } },
          ],
        },
      },
    },
  }));
  const app = new App();
  const platform = new Stack(app, 'Platform');
  const mirror = new ImageMirror(platform, 'Mirror', { images: ['nginx:stable'] });
  const stack = new Stack(app, 'Stack');
  new CfnInclude(stack, 'Theirs', { templateFile });
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
  const deployed = new DeployedStack(stack, platform);
  const { ContainerDefinitions, ExecutionRoleArn } = Object.values(deployed.definitions('AWS::ECS::TaskDefinition'))[0];
  expect(ContainerDefinitions[0]).toMatchObject({ Name: 'web', Environment: [{ Name: 'REGION', Value: { Ref: 'AWS::Region' } }] });
  expect(deployed.resolver.resolve(ContainerDefinitions[0].Image)).toBe(`${REGISTRY}/mirror/nginx:stable`);
  expect(ContainerDefinitions[1].Image).toEqual({ 'Fn::Sub': '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:${AWS::Region}' });
  expect(ExecutionRoleArn).toEqual({ 'Fn::GetAtt': ['Role', 'Arn'] });
  expect(deployed.only('AWS::IAM::Policy').Roles).toEqual(['theirs']);
  expect(deployed.warnings()).toEqual([expect.stringContaining('the container "cache" runs the public image "redis:..."')]);
});
