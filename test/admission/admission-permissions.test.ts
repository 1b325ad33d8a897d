import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AdmissionOptions, FindingSeverity, ImageMirror, OnDeploy } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

describe('the builds of a mirror with checks', () => {
  const { account, region } = COMMERCIAL;
  const deployed = (admission: AdmissionOptions) => mirrorStack({ onDeploy: OnDeploy.OFF, images: ['nginx:stable'], admission }).deploy();
  const template = deployed({ minimumAge: Duration.days(7) });
  const scanning = deployed({ maximumSeverity: FindingSeverity.HIGH });
  const judge = async (of: TemplateResolver, action: string, repository: string) => {
    const [role] = of.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
    const resource = `arn:aws:ecr:${region}:${account}:repository/${repository}`;
    return judgeCall({ principal: of.arn(role), action, resource, account }, { identity: rolePolicies(of, role) });
  };
  const PULL = ['ecr:BatchGetImage', 'ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:DescribeImages'];
  const PUSH = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];
  const OTHERS = ['ecr:BatchDeleteImage', 'ecr:DeleteRepository', 'ecr:PutLifecyclePolicy', 'ecr:PutImageTagMutability', 'ecr:SetRepositoryPolicy'];
  const READ_SCAN = ['ecr:BatchGetRepositoryScanningConfiguration', 'ecr:DescribeImageScanFindings', 'ecr:StartImageScan'];

  test.each([...PULL, ...PUSH])('may call %s on the quarantine', async (action) => {
    expect(await judge(template, action, 'mirror-held')).toBe('Allowed');
  });

  test.each(PULL)('may call %s on the decisions', async (action) => {
    expect(await judge(template, action, 'mirror-decisions')).toBe('Allowed');
  });

  test.each(PUSH)('must not call %s on the decisions', async (action) => {
    expect(await judge(scanning, action, 'mirror-decisions')).toBe('ImplicitlyDenied');
  });

  test.each(OTHERS)('must not call %s on any repository', async (action) => {
    for (const name of ['mirror-held', 'mirror-decisions', 'mirror/nginx']) expect(await judge(scanning, action, name)).toBe('ImplicitlyDenied');
  });

  test.each(READ_SCAN)('may call %s on the quarantine with a check of findings only, and on no other repository', async (action) => {
    expect(await judge(scanning, action, 'mirror-held')).toBe('Allowed');
    expect(await judge(template, action, 'mirror-held')).toBe('ImplicitlyDenied');
    for (const name of ['mirror-decisions', 'mirror/nginx']) expect(await judge(scanning, action, name)).toBe('ImplicitlyDenied');
  });
});

test('the permissions on the quarantine are a statement of their own where the CDK merges statements', () => {
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } });
  const stack = new Stack(app, 'Stack', { env: { account: '123456789012', region: 'eu-west-1' } });
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], admission: { minimumAge: Duration.days(1) } });
  const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
  const statements = roles.flatMap(({ Properties: { Policies = [] } }) => Policies.flatMap((policy: any) => policy.PolicyDocument.Statement));
  expect(statements.filter(({ Sid }: any) => Sid === 'Quarantine')).toHaveLength(1);
});
