import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { defineCreationRole, dependOnCreationRole } from '../cache/creation-template';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { quote } from '../image/sanitize';
import { reservePrefix } from '../repositories/prefix-reservations';
import { RepositorySet, RepositorySettings, untaggedImageRule } from '../repositories/repository-set';

/** The syntax of prefixes of repository creation templates. It is stricter than the syntax of repository names. */
const TEMPLATE_PREFIX = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * Defines the repository creation templates for the images of catalogs: one for fixed tags, and one for floating tags. Amazon ECR creates a
 * repository when an image is first pushed to it. The repositories have the same settings as the repositories that the mirror defines.
 *
 * @throws Error when the prefix is not valid for a template, or when another template of the app has the same prefix
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export function defineCatalogTemplates(scope: Construct, repositories: RepositorySet): Construct[] {
  const repositoryPrefix = repositories.prefix;
  if (!TEMPLATE_PREFIX.test(repositoryPrefix)) {
    throw new Error(`repositoryPrefix ${quote(repositoryPrefix)} is not valid for a repository creation template, which a catalog needs: `
      + 'the prefix of a template must not contain "__" or "--"; use another prefix');
  }
  const kinds = [
    { id: 'FixedTags', prefix: repositoryPrefix, mutability: ecr.TagMutability.IMMUTABLE, description: 'Mirrored images with fixed tags' },
    {
      id: 'FloatingTags',
      prefix: floatingRepositoryPrefix(repositoryPrefix),
      mutability: ecr.TagMutability.MUTABLE,
      description: 'Mirrored images with floating tags',
    },
  ];
  const role = creationRole(scope, kinds.map(({ prefix }) => `${prefix}/*`), repositories.settings);
  return kinds.map(({ id, prefix, mutability, description }) => {
    reservePrefix(scope, 'repository creation template', prefix, 'set another repositoryPrefix for one of them');
    const template = new ecr.CfnRepositoryCreationTemplate(scope, id, {
      appliedFor: ['CREATE_ON_PUSH'],
      prefix,
      description,
      imageTagMutability: mutability,
      ...sharedSettings(scope, repositories),
      customRoleArn: role?.roleArn,
    });
    dependOnCreationRole(template, role);
    return template;
  });
}

/** The settings of both templates. They are the settings of the repositories that the mirror defines. */
function sharedSettings(scope: Construct, repositories: RepositorySet) {
  return {
    lifecyclePolicy: lifecyclePolicy(repositories.settings),
    encryptionConfiguration: repositories.settings.encryption,
    repositoryPolicy: Lazy.string({
      produce: () => {
        const statements = repositories.resourcePolicyStatements().map((statement) => statement.copy());
        return statements.length === 0 ? undefined : Stack.of(scope).toJsonString(new iam.PolicyDocument({ statements }));
      },
    }),
  };
}

/** The role that creates repositories with a KMS key. The service-linked role of Amazon ECR creates all others. */
function creationRole(scope: Construct, names: string[], { encryption, encryptionKey }: RepositorySettings): iam.IRole | undefined {
  if (encryption === undefined) return undefined;
  return defineCreationRole(scope, 'CreationRole', { purpose: 'a mirror', repositories: names, encryption, encryptionKey });
}

/** The text of the lifecycle policy, as the `Repository` construct of the CDK formats it. */
function lifecyclePolicy(options: RepositorySettings): string | undefined {
  const stack = new Stack();
  const repository = new ecr.Repository(stack, 'Repository', { lifecycleRules: [untaggedImageRule(options)] });
  const policy: ecr.CfnRepository.LifecyclePolicyProperty = stack.resolve((repository.node.defaultChild as ecr.CfnRepository).lifecyclePolicy);
  return policy.lifecyclePolicyText;
}
