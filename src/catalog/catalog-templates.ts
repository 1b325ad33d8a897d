import { Annotations, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { describeRule } from '../declarations/lifecycle-options';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { quote } from '../image/sanitize';
import { defineCreationRole, dependOnCreationRole } from '../repositories/encryption-and-tags';
import { catalogLifecyclePolicy } from '../repositories/lifecycle-rules';
import { isTemplatePrefix, reservePrefix } from '../repositories/prefix-reservations';
import { RepositorySet, RepositorySettings } from '../repositories/repository-set';

/**
 * Defines the repository creation templates for the images of catalogs: one for fixed tags, and one for floating tags. Amazon ECR creates a
 * repository when an image is first pushed to it. The repositories have the same settings as the repositories that the mirror defines.
 *
 * @throws Error when the prefix is not valid for a template, or when another template of the app has the same prefix
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export function defineCatalogTemplates(scope: Construct, repositories: RepositorySet): Construct[] {
  const repositoryPrefix = repositories.prefix;
  if (!isTemplatePrefix(repositoryPrefix)) {
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
  warnAboutLifecycleRules(scope, repositories.settings);
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

/** A lifecycle rule does not know which images a catalog lists, and which of them are running. */
function warnAboutLifecycleRules(scope: Construct, { lifecycleRules }: RepositorySettings): void {
  if (lifecycleRules.length === 0) return;
  Annotations.of(scope).addWarningV2('cdk-ecr-mirror:MirroredCatalog.lifecycleRules',
    `the repositories that catalogs create also get ${lifecycleRules.map(describeRule).join(', ')}, which can remove an image that a catalog lists, `
    + 'or that a workload runs by its digest. Acknowledge this warning if the tags of no such image match');
}

/** The settings of both templates. They are the settings of the repositories that the mirror defines. */
function sharedSettings(scope: Construct, repositories: RepositorySet) {
  const { encryption, tags } = repositories.settings;
  return {
    lifecyclePolicy: catalogLifecyclePolicy(repositories.settings),
    encryptionConfiguration: encryption,
    resourceTags: tags.length === 0 ? undefined : [...tags],
    repositoryPolicy: Lazy.string({
      produce: () => {
        const statements = repositories.resourcePolicyStatements().map((statement) => statement.copy());
        return statements.length === 0 ? undefined : Stack.of(scope).toJsonString(new iam.PolicyDocument({ statements }));
      },
    }),
  };
}

/** The role that creates repositories with a KMS key or resource tags. The service-linked role of Amazon ECR creates all others. */
function creationRole(scope: Construct, names: string[], { encryption, encryptionKey, tags }: RepositorySettings): iam.IRole | undefined {
  if (encryption === undefined && tags.length === 0) return undefined;
  return defineCreationRole(scope, 'CreationRole', { purpose: 'a mirror', repositories: names, encryption, encryptionKey });
}
