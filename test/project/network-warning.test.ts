/** Warnings about VPCs in which builds cannot reach registries or AWS services. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, ImageMirrorProps, MirrorCompute, RegistryCredentials } from '../../src';

const { PRIVATE_ISOLATED, PRIVATE_WITH_EGRESS, PUBLIC } = ec2.SubnetType;
const { InterfaceVpcEndpointAwsService: Service } = ec2;
const ENV = { account: '111122223333', region: 'eu-west-1' };
const INTERNET = ['quay.io/prometheus/prometheus:v2.53.0'];
const OWN_REGION = ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/app:1'];

type Later = (stack: Stack, vpc: ec2.IVpc, mirror: ImageMirror) => void;

function define(network: (stack: Stack) => ec2.IVpc, props: ImageMirrorProps = {}, subnetSelection?: ec2.SubnetSelection, later?: Later) {
  const stack = new Stack(new App(), 'Platform', { env: ENV });
  const vpc = network(stack);
  const mirror = new ImageMirror(stack, 'Mirror', { images: INTERNET, ...props, compute: MirrorCompute.ec2({ vpc, subnetSelection }) });
  later?.(stack, vpc, mirror);
  return stack;
}

function warnings(stack: Stack): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('ImageMirror.network')).map(({ entry }) => String(entry.data));
}

const vpcOf = (...types: ec2.SubnetType[]) => (stack: Stack) => new ec2.Vpc(stack, 'Vpc', {
  maxAzs: 1, natGateways: types.includes(PRIVATE_WITH_EGRESS) ? 1 : 0, subnetConfiguration: types.map((subnetType, index) => ({ name: `subnet${index}`, subnetType })),
});
const ISOLATED = vpcOf(PRIVATE_ISOLATED);

function addEndpoints(vpc: ec2.Vpc, except: string[] = []): ec2.Vpc {
  const services = { ECR: Service.ECR, ECR_DOCKER: Service.ECR_DOCKER, LOGS: Service.CLOUDWATCH_LOGS, EVENTS: Service.EVENTBRIDGE };
  for (const [id, service] of Object.entries(services)) if (!except.includes(id)) vpc.addInterfaceEndpoint(id, { service });
  if (!except.includes('S3')) vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  return vpc;
}

/** Adds a route to the first isolated subnet. */
const route = (properties: Partial<ec2.CfnRouteProps>) => (stack: Stack, vpc: ec2.IVpc) => {
  new ec2.CfnRoute(stack, 'Route', { routeTableId: vpc.isolatedSubnets[0].routeTable.routeTableId, destinationCidrBlock: '0.0.0.0/0', ...properties });
};

describe('a warning says what is missing', () => {
  test.each<[string, Stack]>([
    ['only isolated subnets', define(ISOLATED)],
    ['only public subnets, where CodeBuild assigns no public address', define(vpcOf(PUBLIC))],
    ['isolated and public subnets without NAT', define(vpcOf(PUBLIC, PRIVATE_ISOLATED))],
    ['an isolated subnet that was selected', define(vpcOf(PUBLIC, PRIVATE_WITH_EGRESS, PRIVATE_ISOLATED), {}, { subnetType: PRIVATE_ISOLATED })],
    ['a public subnet that was selected', define(vpcOf(PUBLIC, PRIVATE_WITH_EGRESS), {}, { subnetType: PUBLIC })],
    ['a route to an internet gateway in an isolated subnet', define(ISOLATED, {}, undefined, (stack, vpc) => {
      route({ gatewayId: new ec2.CfnInternetGateway(stack, 'Gateway').ref })(stack, vpc);
    })],
    ['a VPC of another stack', define((stack) => vpcOf(PRIVATE_ISOLATED)(new Stack(stack.node.root as App, 'Network', { env: ENV })))],
  ])('%s', (_, stack) => {
    const [text, ...others] = warnings(stack);
    expect(text).toMatch(/NAT gateway or a proxy.*ecr\.api, ecr\.dkr, events, logs, s3 are missing/);
    expect(others).toEqual([]);
  });

  test('endpoints that are there are not missing, but upstream registries still are', () => {
    const [text] = warnings(define((stack) => addEndpoints(ISOLATED(stack), ['S3'])));
    expect(text).toContain('of which s3 are missing');
    expect(text).toContain('need a NAT gateway or a proxy');
    const [complete] = warnings(define((stack) => addEndpoints(ISOLATED(stack))));
    expect(complete).toContain('need a NAT gateway or a proxy');
    expect(complete).not.toContain('missing');
  });

  test('upstreams in Amazon ECR of the same Region need endpoints only', () => {
    expect(warnings(define((stack) => addEndpoints(ISOLATED(stack)), { images: OWN_REGION }))).toEqual([]);
    const [text] = warnings(define(ISOLATED, { images: OWN_REGION }));
    expect(text).toContain('ecr.api, ecr.dkr, events, logs, s3 are missing');
    expect(text).not.toContain('proxy');
  });

  test('secrets and customized images need endpoints too', () => {
    const stack = define((scope) => addEndpoints(ISOLATED(scope)), {
      credentials: [RegistryCredentials.dockerHub(secretsmanager.Secret.fromSecretNameV2(new Stack(new App(), 'Other'), 'Hub', 'hub'))],
    }, undefined, (_, __, mirror) => mirror.addImage('redis:7.0.1', { dockerfileLines: ['ENV A=1'] }));
    expect(warnings(stack)[0]).toContain('codebuild, secretsmanager are missing');
  });

  test('endpoints of another VPC do not help', () => {
    const stack = define(ISOLATED, {}, undefined, (scope) => {
      addEndpoints(new ec2.Vpc(scope, 'Another', { maxAzs: 1 }));
    });
    expect(warnings(stack)[0]).toContain('ecr.api, ecr.dkr, events, logs, s3 are missing');
  });
});

describe('there is no warning for', () => {
  test.each<[string, Stack]>([
    ['private subnets with NAT', define(vpcOf(PUBLIC, PRIVATE_WITH_EGRESS))],
    ['the default VPC construct', define((stack) => new ec2.Vpc(stack, 'Vpc'))],
    ['a NAT instance', define((stack) => new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGatewayProvider: ec2.NatProvider.instanceV2({ instanceType: new ec2.InstanceType('t4g.nano') }) }))],
    ['a transit gateway', define(ISOLATED, {}, undefined, route({ transitGatewayId: 'tgw-1' }))],
    ['a NAT gateway of its own', define(ISOLATED, {}, undefined, route({ natGatewayId: 'nat-1' }))],
    ['a network interface', define(ISOLATED, {}, undefined, route({ networkInterfaceId: 'eni-1' }))],
    ['a firewall endpoint', define(ISOLATED, {}, undefined, route({ vpcEndpointId: 'vpce-1' }))],
    ['a VPN gateway', define(ISOLATED, {}, undefined, route({ gatewayId: 'vgw-1' }))],
    ['an egress-only gateway', define(ISOLATED, {}, undefined, route({ destinationCidrBlock: undefined, destinationIpv6CidrBlock: '::/0', egressOnlyInternetGatewayId: 'eigw-1' }))],
    ['a route to a part of the network', define(ISOLATED, {}, undefined, route({ destinationCidrBlock: '10.0.0.0/8', vpcPeeringConnectionId: 'pcx-1' }))],
    ['routes from a VPN', define(ISOLATED, {}, undefined, (stack, vpc) => {
      new ec2.CfnVPNGatewayRoutePropagation(stack, 'Vpn', { routeTableIds: [vpc.isolatedSubnets[0].routeTable.routeTableId], vpnGatewayId: 'vgw-1' });
    })],
    ['another route table', define(ISOLATED, {}, undefined, (stack, vpc) => {
      const table = new ec2.CfnRouteTable(stack, 'Table', { vpcId: vpc.vpcId });
      new ec2.CfnSubnetRouteTableAssociation(stack, 'Association', { subnetId: vpc.isolatedSubnets[0].subnetId, routeTableId: table.ref });
      new ec2.CfnRoute(stack, 'Route', { routeTableId: table.ref, destinationCidrBlock: '0.0.0.0/0', natGatewayId: 'nat-1' });
    })],
    ['a proxy', define(ISOLATED, {}, undefined, (_, __, mirror) => {
      (mirror.project.node.defaultChild as codebuild.CfnProject).addPropertyOverride('Environment.EnvironmentVariables.9', { Name: 'HTTPS_PROXY', Value: 'http://proxy:3128' });
    })],
    ['the property proxy', define(ISOLATED, { proxy: { url: 'http://10.0.0.5:3128' } })],
    ['an imported VPC', define((stack) => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], isolatedSubnetIds: ['subnet-1'] }))],
    ['an imported VPC with public subnets', define((stack) => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], publicSubnetIds: ['subnet-1'] }))],
    ['a lookup without a result', define((stack) => ec2.Vpc.fromLookup(stack, 'Vpc', { isDefault: true }), {}, { subnetType: PUBLIC })],
    ['imported subnets', define(ISOLATED, {}, { subnets: [ec2.Subnet.fromSubnetId(new Stack(new App(), 'Other'), 'Subnet', 'subnet-1')] })],
  ])('%s', (_, stack) => {
    expect(warnings(stack)).toEqual([]);
  });

  test('a mirror without a VPC', () => {
    const stack = new Stack(new App(), 'Platform', { env: ENV });
    new ImageMirror(stack, 'Mirror', { images: INTERNET });
    expect(warnings(stack)).toEqual([]);
  });
});

describe('a VPC from a lookup', () => {
  const KEY = `vpc-provider:account=${ENV.account}:filter.isDefault=true:region=${ENV.region}:returnAsymmetricSubnets=true`;
  const lookup = (type: string) => {
    const subnets = [{ subnetId: 'subnet-1', cidr: '10.0.0.0/24', availabilityZone: 'eu-west-1a', routeTableId: 'rtb-0abc' }];
    const context = { [KEY]: { vpcId: 'vpc-0abc', vpcCidrBlock: '10.0.0.0/16', ownerAccountId: ENV.account, availabilityZones: [], subnetGroups: [{ name: type, type, subnets }] } };
    const stack = new Stack(new App({ context }), 'Platform', { env: ENV });
    const vpc = ec2.Vpc.fromLookup(stack, 'Vpc', { isDefault: true });
    new ImageMirror(stack, 'Mirror', { images: INTERNET, compute: MirrorCompute.ec2({ vpc }) });
    return stack;
  };

  test('with public subnets only, as default VPCs have, is a warning', () => {
    const [text] = warnings(lookup('Public'));
    expect(text).toContain('need a NAT gateway or a proxy');
    expect(text).not.toContain('missing');
  });

  test.each(['Private', 'Isolated'])('with subnets of the type %s is none, because their routes are not known', (type) => {
    expect(warnings(lookup(type))).toEqual([]);
  });
});

test('the warning does not change the template', () => {
  const templates = [0, 1].map(() => JSON.stringify(Template.fromStack(define(ISOLATED)).toJSON()));
  expect(templates[0]).toBe(templates[1]);
});
