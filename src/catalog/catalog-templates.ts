import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { defineCreationRole, dependOnCreationRole } from '../cache/creation-template';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { quote } from '../image/sanitize';
import { reservePrefix } from '../repositories/prefix-reservations';
import { RepositorySet, RepositorySettings, untaggedImageRule } from '../repositories/repository-set';

/** What prefixes of creation templates are made of: repositories may have names that a prefix may not. */
const TEMPLATE_PREFIX = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * Defines the templates by which Amazon ECR creates repositories when images of a catalog are first pushed: like those that the mirror defines,
 * one for tags that are fixed and one for tags that float.
 *
 * @throws Error when the prefix is none that templates take, or when another template of the app has it
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export function defineCatalogTemplates(scope: Construct, repositories: RepositorySet): Construct[] {
  const repositoryPrefix = repositories.prefix;
  if (!TEMPLATE_PREFIX.test(repositoryPrefix)) {
    throw new Error(`repositoryPrefix ${quote(repositoryPrefix)} cannot be that of a repository creation template, which a catalog needs: it takes no "__" and no "--"; choose another prefix`);
  }
  const kinds = [
    { id: 'FixedTags', prefix: repositoryPrefix, mutability: ecr.TagMutability.IMMUTABLE, description: 'Mirrored images whose tags are fixed' },
    { id: 'FloatingTags', prefix: floatingRepositoryPrefix(repositoryPrefix), mutability: ecr.TagMutability.MUTABLE, description: 'Mirrored images whose tags float' },
  ];
  const role = roleFor(scope, kinds.map(({ prefix }) => `${prefix}/*`), repositories.settings);
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

/** What the repositories of both templates have in common with those that the mirror defines. */
function sharedSettings(scope: Construct, repositories: RepositorySet) {
  const { encryptionKey } = repositories.settings;
  return {
    lifecyclePolicy: lifecyclePolicy(repositories.settings),
    encryptionConfiguration: encryptionKey && { encryptionType: 'KMS', kmsKey: encryptionKey.keyArn },
    repositoryPolicy: Lazy.string({
      produce: () => {
        const statements = repositories.resourcePolicyStatements().map((statement) => statement.copy());
        return statements.length === 0 ? undefined : Stack.of(scope).toJsonString(new iam.PolicyDocument({ statements }));
      },
    }),
  };
}

/** Amazon ECR's service-linked role creates repositories that have no key of their own. */
function roleFor(scope: Construct, names: string[], { encryptionKey }: RepositorySettings): iam.IRole | undefined {
  return encryptionKey && defineCreationRole(scope, 'CreationRole', { purpose: 'a mirror', repositories: names, encryptionKey });
}

/** What the CDK's repository makes of the rules. */
function lifecyclePolicy(options: RepositorySettings): string | undefined {
  const stack = new Stack();
  const repository = new ecr.Repository(stack, 'Repository', { lifecycleRules: [untaggedImageRule(options)] });
  const policy: ecr.CfnRepository.LifecyclePolicyProperty = stack.resolve((repository.node.defaultChild as ecr.CfnRepository).lifecyclePolicy);
  return policy.lifecyclePolicyText;
}
