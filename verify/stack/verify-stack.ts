import { CfnOutput, Duration, RemovalPolicies, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { LimitedProject } from './limited-project';
import { Names, namesOf, Outputs, UPSTREAM_IMAGE } from './names';
import { ImageMirror, ImageMirrorProps, MirrorCompute, OnDeploy, RegistryCredentials } from '../../src';

export interface VerifyStackProps {
  readonly prefix: string;
  readonly account: string;
  readonly region: string;
  /** A PEM file with certificates, which becomes a secondary source of a project. */
  readonly certificatePath: string;
  /** Whether the deployment makes the first copies, and waits for them. @default false */
  readonly waitsForCopies?: boolean;
}

/** Everything that the checks need. All names start with the prefix, and the deletion of the stack deletes everything in it. */
export class VerifyStack extends Stack {
  private readonly names: Names;

  constructor(scope: Construct, private readonly props: VerifyStackProps) {
    const { account, prefix, region } = props;
    super(scope, prefix, {
      stackName: prefix,
      env: { account, region },
      description: 'Checks assumptions of cdk-ecr-mirror about AWS. Delete this stack.',
    });
    this.names = namesOf(prefix);
    this.defineRepositories();
    const base = this.defineMirror('Base', this.names.mirrors.base, {
      schedule: scheduler.ScheduleExpression.rate(Duration.minutes(5)),
      timeWindow: scheduler.TimeWindow.off(),
      onDeploy: props.waitsForCopies ? OnDeploy.WAIT : OnDeploy.OFF,
    });
    const secret = this.defineMirror('Secret', this.names.mirrors.secret, { credentials: [this.defineCredentials()] });
    const lambda = this.defineMirror('Lambda', this.names.mirrors.lambda, {
      compute: MirrorCompute.awsLambda(), certificateAuthorityPath: props.certificatePath,
    });
    const limited = new LimitedProject(this, 'Limited', `${prefix}-limited`);
    this.defineOutputs({
      BaseProject: base.project.projectName,
      SecretProject: secret.project.projectName,
      LambdaProject: lambda.project.projectName,
      LimitedProject: limited.project.projectName,
      StarterRole: this.defineStarter(base).roleArn,
      ListerRole: this.defineLister().roleArn,
    });
    RemovalPolicies.of(this).destroy();
  }

  private defineRepositories(): void {
    const options = { emptyOnDelete: true, removalPolicy: RemovalPolicy.DESTROY };
    new ecr.Repository(this, 'Mutable', { repositoryName: this.names.mutable, ...options });
    new ecr.Repository(this, 'Immutable', { repositoryName: this.names.immutable, imageTagMutability: ecr.TagMutability.IMMUTABLE, ...options });
    new ecr.Repository(this, 'Floating', {
      repositoryName: this.names.floating,
      imageTagMutability: ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
      imageTagMutabilityExclusionFilters: [ecr.ImageTagMutabilityExclusionFilter.wildcard('stable*')],
      ...options,
    });
    new ecr.CfnRepositoryCreationTemplate(this, 'Created', {
      appliedFor: ['CREATE_ON_PUSH'],
      prefix: this.names.createdPrefix,
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
    });
  }

  private defineMirror(id: string, repositoryPrefix: string, props: ImageMirrorProps): ImageMirror {
    return new ImageMirror(this, id, {
      images: [UPSTREAM_IMAGE],
      repositoryPrefix,
      published: false,
      repositoryRemovalPolicy: RemovalPolicy.DESTROY,
      onDeploy: OnDeploy.OFF,
      logRetention: logs.RetentionDays.ONE_DAY,
      ...props,
    });
  }

  /** Credentials for a registry that no build asks, in a secret that the project knows by its partial ARN. */
  private defineCredentials(): RegistryCredentials {
    new secretsmanager.Secret(this, 'Login', {
      secretName: this.names.secret,
      generateSecretString: { secretStringTemplate: JSON.stringify({ username: 'nobody' }), generateStringKey: 'password' },
    });
    const arn = this.formatArn({ service: 'secretsmanager', resource: `secret:${this.names.secret}` });
    return RegistryCredentials.fromSecret('registry.example.com', secretsmanager.Secret.fromSecretPartialArn(this, 'PartialLogin', arn));
  }

  /** A role that may start builds exactly as the schedules may, and that the checks can assume. */
  private defineStarter(mirror: ImageMirror): iam.Role {
    const role = new iam.Role(this, 'Starter', { assumedBy: this.callers() });
    mirror.image(UPSTREAM_IMAGE).grantStart(role);
    return role;
  }

  /** A role with the permissions by which a build lists the tags of a repository in Amazon ECR. */
  private defineLister(): iam.Role {
    const role = new iam.Role(this, 'Lister', { assumedBy: this.callers() });
    const resources = [ecr.Repository.arnForLocalRepository(this.names.mutable, this)];
    role.addToPolicy(new iam.PolicyStatement({ actions: ['ecr:ListImages'], resources }));
    ecr.AuthorizationToken.grantRead(role);
    return role;
  }

  /** Principals of the account that IAM allows to assume a role, if they name the prefix. */
  private callers(): iam.IPrincipal {
    return new iam.AccountRootPrincipal().withConditions({ StringEquals: { 'sts:ExternalId': this.props.prefix } });
  }

  private defineOutputs(outputs: Outputs): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
