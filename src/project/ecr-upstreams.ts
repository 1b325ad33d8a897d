import { Annotations, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { CredentialScope, findCredentials } from '../image/contract/environment';
import { parseImageReference, repositoryIn } from '../image/image-reference';
import { awsPartition, ecrHost } from '../image/registry-hosts';
import { quote } from '../image/sanitize';
import { IMPORT_ACTION } from '../repositories/pull-grants';
import { onSynthesis } from '../synthesis/aspects';

/**
 * The ARN of the ECR repository that an image reference names; `undefined` when it names no repository in a private ECR registry.
 *
 * @param source an image reference, with or without a tag
 */
export function ecrRepositoryArn(stack: Stack, source: string): string | undefined {
  const [registry, ...path] = repositoryIn(source).split('/');
  const host = ecrHost(registry);
  if (host === undefined) return undefined;
  const { account, region } = host;
  // IAM accepts ARNs of the role's own partition only, and a role has no access to other partitions.
  return stack.formatArn({ service: 'ecr', account, region, resource: 'repository', resourceName: path.join('/') });
}

/** The settings of the permissions on upstream repositories in Amazon ECR. */
export interface EcrUpstreamsProps {
  /** The upstream images of the mirror. They are read when all images are added. */
  readonly sources: () => readonly string[];
  /** The endpoints that other registries are pulled from. In Amazon ECR, they are pull-through caches. */
  readonly endpoints: readonly string[];
  /** The credentials that builds use in place of their role. */
  readonly credentials: readonly CredentialScope[];
  /** Adds statements to the policy of the role of builds. */
  readonly allow: (statements: readonly iam.PolicyStatement[]) => void;
}

/**
 * The permissions of builds on upstream repositories in private registries of Amazon ECR: of other accounts and Regions, and of Amazon EKS.
 *
 * Builds may pull from exactly these repositories. They may list the tags only where a tag filter selects tags. The list of referrers needs
 * `ecr:BatchGetImage` too. In another account, the policy of the repository must also allow the pull.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
 */
export class EcrUpstreams {
  private readonly pulled: string[] = [];
  private readonly listed: string[] = [];
  private readonly imported: string[] = [];

  /** @param project the project that pulls */
  constructor(private readonly project: IConstruct, private readonly props: EcrUpstreamsProps) {
    onSynthesis(project, () => this.update());
  }

  /** The policy refers to the lists, so a second synthesis does not add the statements again. */
  private update(): void {
    const stack = Stack.of(this.project);
    const sources = [...new Set(this.props.sources())].sort();
    const arnsOf = (some: readonly string[]) => {
      return [...new Set(some.map((source) => ecrRepositoryArn(stack, source)).filter((arn) => arn !== undefined))];
    };
    this.allow(this.pulled, arnsOf(sources), ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']);
    // Only a tag filter has a source without a tag and a digest.
    this.allow(this.listed, arnsOf(sources.filter((source) => repositoryIn(source) === source)), ['ecr:ListImages']);
    // The first pull through a cache creates the repository, and imports the image.
    const isAtEndpoint = (source: string) => this.props.endpoints.some((endpoint) => source.startsWith(`${endpoint}/`));
    this.allow(this.imported, arnsOf(sources.filter(isAtEndpoint)), ['ecr:CreateRepository', IMPORT_ACTION]);
    this.warnAboutOtherPartitions(stack, sources);
  }

  private allow(present: string[], arns: readonly string[], actions: string[]): void {
    const isNew = present.length === 0 && arns.length > 0;
    present.splice(0, present.length, ...arns);
    if (isNew) this.props.allow([new iam.PolicyStatement({ actions, resources: Lazy.list({ produce: () => present }) })]);
  }

  private warnAboutOtherPartitions({ region }: Stack, sources: readonly string[]): void {
    if (Token.isUnresolved(region)) return;
    const own = awsPartition(region);
    const foreign = sources.find((source) => {
      const { registry, repository } = parseImageReference(source);
      const host = ecrHost(registry);
      return host !== undefined && awsPartition(host.region) !== own && findCredentials(this.props.credentials, registry, repository) === undefined;
    });
    if (foreign === undefined) return;
    Annotations.of(this.project).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.otherPartition',
      `${quote(foreign)} is in another AWS partition than the mirror in ${quote(region)}, so the role of builds cannot pull it; `
      + 'copy it with "cdk-ecr-mirror copy", or pull it from a registry that both partitions can access',
    );
  }
}
