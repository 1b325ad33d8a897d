import { Annotations, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { ComputeConfiguration } from './mirror-compute';
import { ecrHost } from '../image/registry-hosts';
import { quote } from '../image/sanitize';
import { onSynthesis } from '../synthesis/aspects';

/** The builds that run in a VPC. */
export interface BuildNetworkProps {
  readonly compute: ComputeConfiguration;
  /** The role of the builds. Its permissions show which services the builds call. */
  readonly role: iam.Role;
  /** The upstream images that the builds pull. They are read when all images are added. */
  readonly sources: () => readonly string[];
}

/**
 * Warns when builds run in subnets that are known to have no route out. CodeBuild assigns no public IP address, so builds cannot use an internet
 * gateway, not even in a public subnet.
 *
 * There is no warning where the routes are not known: in an imported VPC or subnet, with a route that is not to an internet gateway, with routes from
 * a VPN, and with a proxy. Of a VPC from a lookup, only the public subnets are known to have no other route.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/vpc-support.html
 */
export function warnAboutNetwork(project: codebuild.Project, props: BuildNetworkProps): void {
  const { vpc } = props.compute;
  if (vpc !== undefined) onSynthesis(project, () => warnAboutRoutes(project, vpc, props));
}

function warnAboutRoutes(project: codebuild.Project, vpc: ec2.IVpc, { compute, role, sources }: BuildNetworkProps): void {
  if (hasProxy(project)) return;
  const template = new NetworkTemplate(project.node.root, vpc);
  const closed = vpc.selectSubnets(compute.subnetSelection).subnets.filter((subnet) => template.isClosed(subnet));
  if (closed.length === 0) return;
  const missing = template.missingEndpoints(requiredEndpoints(role));
  const { region } = Stack.of(project);
  // A public subnet has a route to an internet gateway, which builds cannot use.
  const needsInternet = sources().some((source) => ecrHost(source.split('/')[0])?.region !== region || Token.isUnresolved(region));
  if (!needsInternet && missing.length === 0) return;
  const remedies = [
    ...needsInternet
      ? ['upstream registries outside of the VPC need a NAT gateway or a proxy: use subnets of the type PRIVATE_WITH_EGRESS, or set proxy']
      : [],
    ...missing.length > 0 ? [`AWS services need a NAT gateway, or VPC endpoints, of which ${missing.join(', ')} are missing`] : [],
  ];
  Annotations.of(project).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.network',
    `builds run in ${closed.map(({ node }) => quote(node.path)).join(', ')} without a route out, because CodeBuild assigns no public IP address; `
    + `${remedies.join('; ')}. Acknowledge this warning if routes exist that the app does not define`,
  );
}

/** The VPC endpoints of the services that the functions of a deployment call. CloudFormation receives their response through Amazon S3. */
const FUNCTION_ENDPOINTS = ['cloudformation', 'codebuild', 'lambda', 'logs', 's3', 'states'];

/**
 * Warns when the functions of a deployment run in subnets that are known to have no route out, and endpoints are missing. Like CodeBuild,
 * AWS Lambda assigns no public IP address.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
 */
export function warnAboutFunctionNetwork(functions: IConstruct, vpc: ec2.IVpc, subnets?: ec2.SubnetSelection): void {
  onSynthesis(functions, () => {
    const template = new NetworkTemplate(functions.node.root, vpc);
    const closed = vpc.selectSubnets(subnets).subnets.filter((subnet) => template.isClosed(subnet));
    const missing = template.missingEndpoints(FUNCTION_ENDPOINTS);
    if (closed.length === 0 || missing.length === 0) return;
    Annotations.of(functions).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.deployNetwork',
      `the functions of deployments run in ${closed.map(({ node }) => quote(node.path)).join(', ')} without a route out; `
      + `use subnets with a NAT gateway, or add the VPC endpoints that are missing: ${missing.join(', ')}. `
      + 'Acknowledge this warning if routes exist that the app does not define',
    );
  });
}

/** Whether builds use a proxy. The property of the mirror sets variables of the project, and an app can set them itself. */
export function hasProxy(project: codebuild.Project): boolean {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  return /"https?_proxy"/i.test(JSON.stringify(Stack.of(project).resolve(resource._toCloudFormation())));
}

/** The VPC endpoints of services, by the start of the names of their actions. */
const ENDPOINTS: ReadonlyArray<readonly [action: string, endpoints: readonly string[]]> = [
  ['codebuild:StartBuild', ['codebuild']],
  ['ecr:', ['ecr.api', 'ecr.dkr']],
  ['events:', ['events']],
  ['logs:', ['logs']],
  ['s3:', ['s3']],
  ['secretsmanager:', ['secretsmanager']],
  ['ssm:', ['ssm']],
];

/** The endpoints of the services that a role has permissions on. */
function requiredEndpoints(role: iam.Role): string[] {
  const policies = JSON.stringify(Stack.of(role).resolve((role.node.defaultChild as iam.CfnRole).policies));
  return ENDPOINTS.filter(([action]) => policies.includes(`"${action}`)).flatMap(([, endpoints]) => endpoints);
}

/** The routes and endpoints of a VPC that the app defines. */
class NetworkTemplate {
  private readonly resources: readonly CfnResource[];

  constructor(root: IConstruct, private readonly vpc: ec2.IVpc) {
    this.resources = root.node.findAll().filter((node): node is CfnResource => CfnResource.isCfnResource(node)
      && node.cfnResourceType.startsWith('AWS::EC2::'));
  }

  /** Whether a subnet is known to have no route out that builds can use. */
  public isClosed(subnet: ec2.ISubnet): boolean {
    if (!this.isDefined()) return this.vpc.vpcId !== DUMMY_VPC && this.vpc.publicSubnets.includes(subnet) && isLookedUp(subnet);
    const tables = this.routeTablesOf(subnet);
    if (tables.length === 0) return false;
    const isOfSubnet = (resource: CfnResource) => tables.some((table) => JSON.stringify(propertiesOf(resource)).includes(table));
    const routes = this.ofType('AWS::EC2::Route').filter(isOfSubnet);
    const isFromVpn = this.ofType('AWS::EC2::VPNGatewayRoutePropagation').some(isOfSubnet);
    return !isFromVpn && routes.every((route) => this.isToInternetGateway(route));
  }

  /** The endpoints that the app does not define in the VPC; none for an imported VPC, because its endpoints are not known. */
  public missingEndpoints(required: readonly string[]): string[] {
    if (!this.isDefined()) return [];
    const services = this.ofType('AWS::EC2::VPCEndpoint')
      .map(propertiesOf)
      .filter(({ VpcId }) => JSON.stringify(VpcId) === JSON.stringify(Stack.of(this.vpc).resolve(this.vpc.vpcId)))
      .map(({ ServiceName }) => JSON.stringify(ServiceName));
    return required.filter((name) => !services.some((service) => new RegExp(`[.]${name.replace('.', '[.]')}(?:-fips)?"`).test(service)));
  }

  /** The route tables of a subnet, as the template refers to them; none for an imported subnet. */
  private routeTablesOf(subnet: ec2.ISubnet): string[] {
    const resource = subnet.node.findAll().find((node) => CfnResource.isCfnResource(node) && node.cfnResourceType === 'AWS::EC2::Subnet');
    if (resource === undefined) return [];
    const id = JSON.stringify(Stack.of(subnet).resolve(subnet.subnetId));
    return this.ofType('AWS::EC2::SubnetRouteTableAssociation')
      .map(propertiesOf)
      .filter(({ SubnetId }) => JSON.stringify(SubnetId) === id)
      .map(({ RouteTableId }) => JSON.stringify(RouteTableId));
  }

  private isToInternetGateway(route: CfnResource): boolean {
    const gateway = JSON.stringify(propertiesOf(route).GatewayId);
    return this.ofType('AWS::EC2::InternetGateway').some((resource) => JSON.stringify(Stack.of(resource).resolve(resource.ref)) === gateway);
  }

  private isDefined(): boolean {
    return CfnResource.isCfnResource(this.vpc.node.defaultChild);
  }

  private ofType(type: string): CfnResource[] {
    return this.resources.filter(({ cfnResourceType }) => cfnResourceType === type);
  }
}

/** The ID of the dummy VPC of a lookup in the first synthesis. */
const DUMMY_VPC = 'vpc-12345';

/** Whether a subnet is the result of a lookup in the account. Other imported subnets have no route table. */
function isLookedUp({ routeTable }: ec2.ISubnet): boolean {
  const id: string | undefined = routeTable.routeTableId;
  return id !== undefined && !Token.isUnresolved(id);
}

/** The properties of a resource as its template has them. */
function propertiesOf(resource: CfnResource): Record<string, unknown> {
  const { Resources } = Stack.of(resource).resolve(resource._toCloudFormation());
  const [{ Properties = {} }] = Object.values<{ Properties?: Record<string, unknown> }>(Resources);
  return Properties;
}
