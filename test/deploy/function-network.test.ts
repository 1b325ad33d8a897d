/** The VPC of the functions that mirror images when a stack is deployed. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ImageMirror, ImageMirrorProps, OnDeploy } from '../../src';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const IMAGES = { images: ['nginx:stable'] };
const WARNING = 'cdk-ecr-mirror:ImageMirror.deployNetwork';
const OWN = 'MirrorOnDeploy';

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Platform');
});

function define(props: ImageMirrorProps): TemplateResolver {
  new ImageMirror(stack, 'Mirror', { ...IMAGES, ...props });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const functionsOf = (template: TemplateResolver) => template.ids('AWS::Lambda::Function').filter((id) => id.startsWith(OWN));
const networksOf = (template: TemplateResolver) => functionsOf(template).map((id) => template.properties(id).VpcConfig);
const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(WARNING)).map(({ entry }) => String(entry.data));
const importedVpc = () => ec2.Vpc.fromVpcAttributes(stack, 'Imported', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] });
const isolatedVpc = () => new ec2.Vpc(stack, 'Vpc', {
  maxAzs: 1, subnetConfiguration: [{ name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
});

test('all functions of a deployment are in the VPC, with one security group', () => {
  const template = define({ deployVpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 }) });
  const networks = networksOf(template);
  expect(networks).toHaveLength(5);
  expect(new Set(networks.map((network) => JSON.stringify(network))).size).toBe(1);
  expect(networks[0]).toEqual({ SecurityGroupIds: [expect.stringContaining('SecurityGroup')], SubnetIds: [expect.stringContaining('Private')] });
  expect(template.ids('AWS::EC2::SecurityGroup')).toHaveLength(1);
  expect(warnings()).toEqual([]);
});

test('an imported VPC, subnets, and security groups are used as they are', () => {
  const deployVpc = importedVpc();
  const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1');
  const deployVpcSubnets = { subnets: [ec2.Subnet.fromSubnetId(stack, 'Subnet', 'subnet-2')] };
  const template = define({ deployVpc, deployVpcSubnets, deploySecurityGroups: [group] });
  expect(networksOf(template)[0]).toEqual({ SecurityGroupIds: ['sg-1'], SubnetIds: ['subnet-2'] });
  expect(template.ids('AWS::EC2::SecurityGroup')).toEqual([]);
  expect(warnings()).toEqual([]);
});

test('the logical ids of all other resources stay the same', () => {
  const ids = (props: ImageMirrorProps) => {
    const template = define(props);
    return ['AWS::Lambda::Function', 'AWS::IAM::Role', 'AWS::ECR::Repository', 'AWS::Scheduler::Schedule', 'Custom::ImageMirror']
      .flatMap((type) => template.ids(type)).filter((id) => id.startsWith('Mirror')).sort();
  };
  const before = ids({});
  stack = new Stack(new App(), 'Platform');
  expect(ids({ deployVpc: importedVpc() })).toEqual(before);
});

test('deployments wait for the routes of the VPC', () => {
  define({ deployVpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 }) });
  const { Resources } = Template.fromStack(stack).toJSON();
  const routes = Object.keys(Resources).filter((id) => Resources[id].Type === 'AWS::EC2::Route');
  const [images] = Object.keys(Resources).filter((id) => Resources[id].Type === 'Custom::ImageMirror');
  expect(routes.length).toBeGreaterThan(0);
  expect(Resources[images].DependsOn).toEqual(expect.arrayContaining(routes));
});

describe('isolated subnets', () => {
  test('cause a warning with the missing endpoints', () => {
    const vpc = isolatedVpc();
    vpc.addInterfaceEndpoint('CodeBuild', { service: ec2.InterfaceVpcEndpointAwsService.CODEBUILD });
    define({ deployVpc: vpc });
    expect(warnings()).toEqual([expect.stringContaining('the VPC endpoints that are missing: cloudformation, lambda, logs, s3, states.')]);
  });

  test('cause no warning with all endpoints', () => {
    const vpc = isolatedVpc();
    const { CLOUDFORMATION, CODEBUILD, LAMBDA, CLOUDWATCH_LOGS, STEP_FUNCTIONS } = ec2.InterfaceVpcEndpointAwsService;
    const services = [CLOUDFORMATION, CODEBUILD, LAMBDA, CLOUDWATCH_LOGS, STEP_FUNCTIONS];
    services.forEach((service, index) => vpc.addInterfaceEndpoint(`Endpoint${index}`, { service }));
    vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    define({ deployVpc: vpc });
    expect(warnings()).toEqual([]);
  });
});

describe('the roles of the functions', () => {
  const ACTIONS = ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];
  const rolesOf = (template: TemplateResolver) => template.ids('AWS::IAM::Role')
    .filter((id) => JSON.stringify(template.properties(id).AssumeRolePolicyDocument).includes('lambda.amazonaws.com') && id.startsWith(OWN));

  async function judgeAll(template: TemplateResolver, action: string, context?: Record<string, string>): Promise<string[]> {
    const { account } = COMMERCIAL;
    return Promise.all(rolesOf(template).map((role) => judgeCall(
      { principal: template.arn(role), action, resource: '*', account, context }, { identity: rolePolicies(template, role) },
    )));
  }

  test('let AWS Lambda manage network interfaces, but not the code of the functions', async () => {
    const template = define({ deployVpc: importedVpc() });
    const fromCode = { 'lambda:SourceFunctionArn': 'arn:aws:lambda:eu-west-1:111122223333:function:on-event' };
    for (const action of ACTIONS.filter((name) => name.includes('Describe'))) {
      expect(await judgeAll(template, action)).toEqual(Array.from({ length: 4 }, () => 'Allowed'));
      expect(await judgeAll(template, action, fromCode)).toEqual(Array.from({ length: 4 }, () => 'ExplicitlyDenied'));
    }
    const statements: any[] = rolesOf(template).flatMap((id) => template.properties(id).Policies[0].PolicyDocument.Statement);
    const withInterfaces = statements.filter(({ Action }) => ACTIONS.every((action) => Action.includes(action)));
    expect(withInterfaces.map(({ Effect }) => Effect).sort().join(' ')).toBe('Allow Allow Allow Allow Deny Deny Deny Deny');
  });

  test('have no such permission outside of a VPC', async () => {
    expect(await judgeAll(define({}), 'ec2:DescribeSubnets')).toEqual(Array.from({ length: 4 }, () => 'ImplicitlyDenied'));
  });
});

describe('options that contradict each other', () => {
  const WITHOUT_VPC: ImageMirrorProps[] = [{ deployVpcSubnets: {} }, { deploySecurityGroups: [] }, { deployVpcSubnets: {}, onDeploy: OnDeploy.OFF }];

  test.each(WITHOUT_VPC)('%j', (props) => {
    expect(() => define(props)).toThrow('deployVpcSubnets and deploySecurityGroups need a VPC; set deployVpc, or remove them');
  });

  test('a VPC that is a text', () => {
    expect(() => define({ deployVpc: 'vpc-1' as never })).toThrow('deployVpc must be an object of the CDK');
  });
});
