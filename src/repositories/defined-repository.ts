import { CfnDeletionPolicy, Lazy, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { EncryptionConfiguration, RepositoryTag } from './encryption-and-tags';

/** The settings that all repositories of a mirror have. */
export interface SharedRepositorySettings {
  /** `undefined` for AES-256. */
  readonly encryption?: EncryptionConfiguration;
  readonly tags: readonly RepositoryTag[];
  readonly removalPolicy: RemovalPolicy;
}

/** A repository that a mirror defines. */
export interface DefinedRepositoryProps extends Pick<ecr.RepositoryProps, 'imageScanOnPush' | 'imageTagMutability' | 'lifecycleRules'> {
  readonly name: string;
  readonly settings: SharedRepositorySettings;
}

/** Higher than the priority of the tags of an app, which is 100. */
const TAG_PRIORITY = 200;

/** Defines a repository with the settings of a mirror. */
export function defineRepository(scope: Construct, id: string, props: DefinedRepositoryProps): ecr.Repository {
  const { name, settings, ...others } = props;
  const repository = new ecr.Repository(scope, id, {
    ...others,
    repositoryName: isValidForRepositoryConstruct(name) ? name : undefined,
    removalPolicy: settings.removalPolicy,
  });
  const resource = repository.node.defaultChild as ecr.CfnRepository;
  resource.repositoryName = name;
  // The `Repository` construct rejects KMS_DSSE.
  resource.encryptionConfiguration = settings.encryption;
  for (const { key, value } of settings.tags) resource.tags.setTag(key, value, TAG_PRIORITY);
  // Amazon ECR deletes a repository with images only if it may delete the images too. Aspects such as `RemovalPolicies` change the policy later.
  resource.emptyOnDelete = Lazy.any({ produce: () => resource.cfnOptions.deletionPolicy === CfnDeletionPolicy.DELETE ? true : undefined });
  return repository;
}

/** Whether the CDK's `Repository` accepts the name. It rejects `__` and `--`, which Amazon ECR allows. */
function isValidForRepositoryConstruct(name: string): boolean {
  return !/__|--/.test(name);
}
