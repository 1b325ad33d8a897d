import { ArnFormat, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { ecrRepositoryArn } from './ecr-upstreams';
import { ComputeConfiguration } from './mirror-compute';
import { RegistryCredentials } from './registry-credentials';
import { EVENT_SOURCE } from '../image/contract/events-and-metrics';
import { isKnownToPublicGallery, PUBLIC_GALLERY } from '../image/registry-hosts';
import { PULL_ACTIONS } from '../repositories/pull-grants';
import { renderedLength, RepositoryArns, RESERVED_LENGTH } from '../repositories/repository-arns';
import { suppressKeys } from '../synthesis/nag-suppressions';

/** The resources that builds need access to. */
export interface BuildProps {
  readonly engine: s3_assets.Asset;
  readonly certificates?: s3_assets.Asset;
  readonly trustRoots?: s3_assets.Asset;
  readonly eventBus: events.IEventBus;
  readonly logGroup: logs.ILogGroup;
  readonly credentials: RegistryCredentials[];
  readonly compute: ComputeConfiguration;
}

/** The resources that builds of the mirror need access to. */
export interface BuildRoleProps extends BuildProps {
  readonly repositories: RepositoryArns;
}

/** The actions of builds on repositories of the mirror: reading, uploading blobs, and putting manifests. Builds cannot delete images. */
export const REPOSITORY_ACTIONS = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:CompleteLayerUpload',
  'ecr:GetDownloadUrlForLayer',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:UploadLayerPart',
];

/** The role of builds. */
export interface BuildRole {
  readonly role: iam.Role;
  /** The repositories that builds push to. */
  readonly repositories: RepositoryArns;
  /** Adds statements to the policy of the role. */
  readonly allow: (statements: readonly iam.PolicyStatement[]) => void;
}

/**
 * Defines the role of builds with all its permissions. The CDK's `Project` would grant the role more permissions than builds need.
 */
export function defineBuildRole(scope: Construct, id: string, props: BuildRoleProps): BuildRole {
  const stack = Stack.of(scope);
  const others = buildStatements(stack, props);
  const policy: iam.PolicyDocument = new iam.PolicyDocument({
    statements: [repositoryStatement(Lazy.list({ produce: () => props.repositories.render(othersLength()) })), ...others],
  });
  const allow = (statements: readonly iam.PolicyStatement[]) => {
    others.push(...statements);
    policy.addStatements(...statements);
  };
  props.repositories.onceMirroringFrom(PUBLIC_GALLERY, () => allow(galleryStatements(stack)));
  const ownLength = () => renderedLength(stack.resolve(new iam.PolicyDocument({ statements: [...others, repositoryStatement([])] })));
  const othersLength = (): number => ownLength() + Math.max(0, grantedLength(role) - RESERVED_LENGTH);
  const role: iam.Role = new iam.Role(scope, id, {
    description: 'Builds that mirror images',
    // No aws:SourceArn: CloudFormation chooses the name of the project, and the project refers to this role.
    assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    inlinePolicies: { Mirror: policy },
  });
  role.node.addValidation({ validate: () => props.repositories.validate(othersLength()) });
  grantToImported(role, props);
  suppressKeys(role);
  return { role, repositories: props.repositories, allow };
}

/** The number of characters of the statements that grants added to a role. The limit of IAM is for all inline policies of a role together. */
function grantedLength(role: iam.Role): number {
  const policy = role.node.tryFindChild('DefaultPolicy') as iam.Policy | undefined;
  return policy === undefined ? 0 : renderedLength(Stack.of(role).resolve(policy.document));
}

/** Grants permissions on KMS keys and build images. Their own resource policies may also need the permission. */
export function grantToImported(role: iam.Role, props: BuildProps): void {
  for (const { secret } of props.credentials) secret.encryptionKey?.grantDecrypt(role);
  const { imageId, repository, secretsManagerCredentials } = props.compute.buildImage;
  repository?.grantPull(role);
  secretsManagerCredentials?.grantRead(role);
  // The app may name a build image in Amazon ECR without its repository.
  const arn = repository === undefined && !Token.isUnresolved(imageId) ? ecrRepositoryArn(Stack.of(role), imageId) : undefined;
  if (arn !== undefined) role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: PULL_ACTIONS, resources: [arn] }));
}

/** A build that mirrors images also describes an image that it cannot find, to find out whether it is archived. */
function repositoryStatement(arns: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: [...REPOSITORY_ACTIONS, 'ecr:DescribeImages'].sort(), resources: arns });
}

/** The statements of the roles of all builds. */
export function buildStatements(stack: Stack, props: BuildProps): iam.PolicyStatement[] {
  return [
    // The action does not support resource-level permissions.
    new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
    // A request can contain events of several sources, so the key has several values. Null denies requests without a source.
    // @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-cross-account-custom-bus-source.html
    new iam.PolicyStatement({
      actions: ['events:PutEvents'],
      resources: [props.eventBus.eventBusArn],
      conditions: { 'ForAllValues:StringEquals': { 'events:source': EVENT_SOURCE }, 'Null': { 'events:source': 'false' } },
    }),
    ...sourceStatements(stack, props),
    new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [props.logGroup.logGroupArn] }),
    ...secretStatements(props.credentials),
    ...networkStatements(stack, props.compute),
  ];
}

/**
 * Amazon ECR Public allows authenticated clients ten times as many pulls per second. Neither action supports resource-level permissions.
 * No condition on `sts:AWSServiceName`: AWS has rejected token requests with it.
 *
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html
 */
function galleryStatements({ region }: Stack): iam.PolicyStatement[] {
  if (!Token.isUnresolved(region) && !isKnownToPublicGallery(region)) return [];
  return [new iam.PolicyStatement({ actions: ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'], resources: ['*'] })];
}

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html */
function sourceStatements(stack: Stack, { engine, certificates, trustRoots }: BuildProps): iam.PolicyStatement[] {
  const assets = [engine, certificates, trustRoots].filter((asset) => asset !== undefined);
  return [
    new iam.PolicyStatement({
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: assets.map((asset) => asset.bucket.arnForObjects(asset.s3ObjectKey)),
    }),
    // All assets of a stack are in the same bucket.
    new iam.PolicyStatement({ actions: ['s3:GetBucketAcl', 's3:GetBucketLocation'], resources: [engine.bucket.bucketArn] }),
    decryptStatement(stack, assets),
  ];
}

/**
 * Allows builds to decrypt assets. The key of the bucket is not known at synthesis, so the statement has conditions: only Amazon S3 may use the key,
 * and only for these assets. The encryption context of Amazon S3 is the ARN of the object, or of the bucket if it uses an S3 Bucket Key.
 * For a key of another account, call `key.grantDecrypt(mirror)`.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
 */
export function decryptStatement(stack: Stack, assets: readonly s3_assets.Asset[]): iam.PolicyStatement {
  const objects = assets.map((asset) => asset.bucket.arnForObjects(asset.s3ObjectKey));
  return new iam.PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    conditions: {
      StringEquals: { 'kms:EncryptionContext:aws:s3:arn': [assets[0].bucket.bucketArn, ...objects] },
      // The wildcard is for the domain, which is another one in China.
      StringLike: { 'kms:ViaService': `s3.${stack.region}.*` },
    },
  });
}

function secretStatements(credentials: RegistryCredentials[]): iam.PolicyStatement[] {
  if (credentials.length === 0) return [];
  // The ARN of a secret that is imported by name does not have the suffix of six characters from Secrets Manager.
  const arns = credentials.map(({ secret }) => secret.secretFullArn ?? `${secret.secretArn}-??????`);
  return [new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [...new Set(arns)] })];
}

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html#customer-managed-policies-example-create-vpc-network-interface */
function networkStatements(stack: Stack, compute: ComputeConfiguration): iam.PolicyStatement[] {
  if (compute.vpc === undefined) return [];
  const { subnetIds } = compute.vpc.selectSubnets(compute.subnetSelection);
  const arn = (resource: string, resourceName: string) =>
    stack.formatArn({ service: 'ec2', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  return [
    new iam.PolicyStatement({
      actions: ['ec2:CreateNetworkInterfacePermission'],
      resources: [arn('network-interface', '*')],
      conditions: {
        StringEquals: { 'ec2:Subnet': subnetIds.map((subnetId) => arn('subnet', subnetId)), 'ec2:AuthorizedService': 'codebuild.amazonaws.com' },
      },
    }),
    // Most of these actions do not support resource-level permissions.
    new iam.PolicyStatement({
      actions: [
        'ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeDhcpOptions', 'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs',
      ],
      resources: ['*'],
    }),
  ];
}
