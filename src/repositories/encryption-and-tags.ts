import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';
import { describeValue, mapAll } from '../synthesis/shapes';

/** The encryption of repositories, as an app declares it. */
export interface DeclaredEncryption {
  readonly encryption?: ecr.RepositoryEncryption;
  readonly encryptionKey?: kms.IKey;
}

/** The encryption of repositories, as repositories and creation templates have it. */
export interface EncryptionConfiguration {
  readonly encryptionType: string;
  readonly kmsKey?: string;
}

/** The values are compared, because several copies of the CDK can be installed. */
const AES_256 = ecr.RepositoryEncryption.AES_256.value;
const TYPES_WITH_KEY = [ecr.RepositoryEncryption.KMS.value, ecr.RepositoryEncryption.KMS_DSSE.value];

/**
 * The encryption configuration of repositories; undefined for AES-256, which is the default of Amazon ECR.
 *
 * @throws Error when the type of encryption does not exist, or does not use a key and there is one
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
 */
export function encryptionConfiguration({ encryption, encryptionKey }: DeclaredEncryption): EncryptionConfiguration | undefined {
  const type: unknown = encryption === undefined ? undefined : Object(encryption).value;
  if (encryption !== undefined && type !== AES_256 && !TYPES_WITH_KEY.includes(String(type))) {
    throw new Error(`encryption must be a value of ecr.RepositoryEncryption, but it is ${describeValue(type ?? encryption)}; `
      + 'use for example ecr.RepositoryEncryption.KMS');
  }
  if (type === AES_256 && encryptionKey !== undefined) {
    throw new Error('encryption is AES_256, which does not use encryptionKey; use ecr.RepositoryEncryption.KMS or KMS_DSSE, or remove encryptionKey');
  }
  if (encryptionKey !== undefined) return { encryptionType: encryption?.value ?? ecr.RepositoryEncryption.KMS.value, kmsKey: encryptionKey.keyArn };
  return encryption === undefined || type === AES_256 ? undefined : { encryptionType: encryption.value };
}

/** A resource tag, as repositories and creation templates have it. */
export interface RepositoryTag {
  readonly key: string;
  readonly value: string;
}

/**
 * The limits of Amazon ECR.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
 */
const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;
const TAG_TEXT = /^[\p{L}\p{N}\p{Zs}+\-=._:/@]*$/u;
const RESERVED_PREFIX = /^aws:/i;

/**
 * The resource tags of repositories, sorted by their keys. An equal set of tags is always rendered the same.
 *
 * @throws Error with all mistakes
 */
export function requireRepositoryTags(tags: { readonly [key: string]: string }): RepositoryTag[] {
  if (Object(tags) !== tags || Array.isArray(tags)) {
    throw new Error(`repositoryTags must be an object, but it is ${describeValue(tags)}; write for example { "cost-center": "4711" }`);
  }
  const entries = Object.entries(tags).sort(([one], [other]) => one < other ? -1 : 1);
  if (entries.length > MAX_TAGS) {
    throw new Error(`repositoryTags has ${entries.length} tags, but Amazon ECR allows at most ${MAX_TAGS} for a repository; remove some`);
  }
  return mapAll('repositoryTags', entries, ([key, value]) => ({ key: requireTagKey(key), value: requireTagValue(key, value) }));
}

function requireTagKey(key: string): string {
  requireLiteral(key, 'a key of repositoryTags', 'write it as a string, for example "cost-center"');
  if (key === '' || key.length > MAX_KEY_LENGTH) {
    throw new Error(`the key ${quote(key)} of repositoryTags must be 1 to ${MAX_KEY_LENGTH} characters; it is ${key.length}`);
  }
  if (RESERVED_PREFIX.test(key)) throw new Error(`the key ${quote(key)} of repositoryTags starts with "aws:", which AWS reserves; use another key`);
  return requireTagText(key, `the key ${quote(key)}`);
}

function requireTagValue(key: string, value: unknown): string {
  const name = `the value of ${quote(key)}`;
  if (typeof value !== 'string') throw new Error(`${name} in repositoryTags must be a string, but it is ${describeValue(value)}; write it in quotes`);
  if (Token.isUnresolved(value)) return value;
  if (value.length > MAX_VALUE_LENGTH) {
    throw new Error(`${name} in repositoryTags must be at most ${MAX_VALUE_LENGTH} characters, but it has ${value.length}; shorten it`);
  }
  return requireTagText(value, name);
}

function requireTagText(text: string, name: string): string {
  if (TAG_TEXT.test(text)) return text;
  throw new Error(`${name} in repositoryTags has characters that are not valid; use letters, digits, spaces, and + - = . _ : / @`);
}

/** The properties of a creation role. */
export interface CreationRoleProps {
  /** The owner of the repositories, for the description. */
  readonly purpose: string;
  /** The repositories, as wildcard patterns of their names: `mirror/*`. */
  readonly repositories: readonly string[];
  /** The encryption of the repositories; `undefined` for AES-256. */
  readonly encryption?: EncryptionConfiguration;
  /** The key of the encryption; `undefined` for the key that AWS manages. */
  readonly encryptionKey?: kms.IKey;
  /** An existing role. @default - a new role */
  readonly role?: iam.IRole;
  /** Whether Amazon ECR creates the repositories when it replicates images. */
  readonly isForReplicas?: boolean;
}

/**
 * Defines the role that Amazon ECR assumes to create repositories with a KMS key or resource tags, or grants an existing role the permissions.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
 */
export function defineCreationRole(scope: Construct, id: string, props: CreationRoleProps): iam.IRole {
  const role = props.role ?? new iam.Role(scope, id, {
    description: `Allows Amazon ECR to create repositories of ${props.purpose}`,
    // No conditions: AWS does not document the condition keys of this request.
    assumedBy: new iam.ServicePrincipal('ecr.amazonaws.com'),
  });
  role.addToPrincipalPolicy(new iam.PolicyStatement({
    actions: ['ecr:CreateRepository', ...props.isForReplicas ? ['ecr:ReplicateImage'] : [], 'ecr:TagResource'],
    resources: props.repositories.map((resourceName) => Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName })),
  }));
  if (props.encryptionKey !== undefined) props.encryptionKey.grant(role, ...KEY_ACTIONS);
  else if (props.encryption !== undefined) grantManagedKey(role, Stack.of(scope));
  return role;
}

const KEY_ACTIONS = ['kms:CreateGrant', 'kms:RetireGrant', 'kms:DescribeKey'];

/**
 * Grants a role the use of the key that AWS manages for Amazon ECR. Its ID is not known at synthesis.
 *
 * The policy of this key allows all principals of the account that use Amazon ECR. AWS documents the permissions of the role for both kinds of keys,
 * so the role has them too.
 */
function grantManagedKey(role: iam.IRole, stack: Stack): void {
  role.addToPrincipalPolicy(new iam.PolicyStatement({
    actions: KEY_ACTIONS,
    resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    conditions: {
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/aws/ecr' },
      // The wildcard is for the domain, which is another one in China.
      'StringLike': { 'kms:ViaService': `ecr.${stack.region}.*` },
    },
  }));
}

/** Makes a template depend on its role and the policies of the role. A reference to the role's ARN does not include the policies. */
export function dependOnCreationRole(template: Construct, role: iam.IRole | undefined): void {
  if (role !== undefined) template.node.addDependency(role);
}
