import { Duration } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';

/** What a `MirrorCompute` asks of the CodeBuild project. */
export interface ComputeConfiguration {
  readonly buildImage: codebuild.IBuildImage;
  readonly computeType: codebuild.ComputeType;
  /** The Node that the buildspec selects; undefined where CodeBuild refuses a selection, as it does on images that are not its own. */
  readonly nodeVersion?: number;
  /** The project's timeout; undefined where CodeBuild takes none. */
  readonly timeout?: Duration;
  /** How long a build may take, whoever sets the limit. */
  readonly longestBuild: Duration;
  readonly vpc?: ec2.IVpc;
  readonly subnetSelection?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}
