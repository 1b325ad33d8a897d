import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { FunctionNetwork } from './deploy-provider';
import { OnDeploy } from './deploy-trigger';

/**
 * Options of an `ImageMirror` for deployments.
 */
export interface MirrorDeployOptions {
  /**
   * The action of a deployment for new or changed images.
   *
   * Unchanged images are mirrored by their schedules only. A rollback and the deletion of the stack do not mirror images.
   *
   * @default OnDeploy.WAIT
   */
  readonly onDeploy?: OnDeploy;

  /**
   * The VPC of the Lambda functions that start and follow builds during a deployment, for accounts that require a VPC for all functions.
   *
   * The functions need access to CloudFormation, CodeBuild, CloudWatch Logs, AWS Lambda, Step Functions, and Amazon S3: through a NAT gateway or VPC
   * endpoints. Without access, a deployment fails after one hour. The VPC of builds is `Ec2ComputeOptions.vpc`.
   * It has no effect with `OnDeploy.OFF`, which has no functions.
   *
   * @default - no VPC
   */
  readonly deployVpc?: ec2.IVpc;

  /**
   * The subnets of `deployVpc`. AWS Lambda assigns no public IP address, so public subnets have no route out.
   *
   * @default - the private subnets
   */
  readonly deployVpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of the functions in `deployVpc`.
   *
   * @default - a new security group that allows all outbound traffic
   */
  readonly deploySecurityGroups?: ec2.ISecurityGroup[];
}

/**
 * The network of the functions, as the options of a mirror declare it; `undefined` outside of a VPC.
 *
 * @throws Error when subnets or security groups have no VPC
 */
export function functionNetwork({ deployVpc, deployVpcSubnets, deploySecurityGroups }: MirrorDeployOptions): FunctionNetwork | undefined {
  if (deployVpc !== undefined) return { vpc: deployVpc, vpcSubnets: deployVpcSubnets, securityGroups: deploySecurityGroups };
  if (deployVpcSubnets === undefined && deploySecurityGroups === undefined) return undefined;
  throw new Error('deployVpcSubnets and deploySecurityGroups need a VPC; set deployVpc, or remove them');
}
