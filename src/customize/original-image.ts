import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { quote } from '../image/sanitize';

/** The mirror's unchanged copy of an image. */
export class OriginalImage implements IOriginalImage {
  constructor(private readonly source: string, public readonly repository: ecr.IRepository, private readonly singleTag: string | undefined) {}

  public get tag(): string {
    if (this.singleTag !== undefined) return this.singleTag;
    throw new Error(`${quote(this.source)} has no single tag, for a filter selects its tags when it runs; write original.repository.repositoryUriForTag() with the tag that you want`);
  }

  public get imageUri(): string {
    return this.repository.repositoryUriForTag(this.tag);
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this.repository.grantPull(grantee);
  }
}

/**
 * An upstream image as it is in the mirror, unchanged: beside a customized image the one that this is built from.
 */
export interface IOriginalImage {
  /** The repository in Amazon ECR that the upstream image is mirrored to. */
  readonly repository: ecr.IRepository;

  /**
   * The tag in Amazon ECR: the upstream tag, or one made of the digest when the reference has no tag.
   *
   * Reading it throws when a filter selects the image's tags, for they are known when it runs.
   */
  readonly tag: string;

  /**
   * What `docker pull` takes: the registry, the repository and the tag in Amazon ECR.
   *
   * Reading it throws when a filter selects the image's tags.
   */
  readonly imageUri: string;

  /**
   * Lets somebody pull from the repository: what `docker pull` needs, and nothing more.
   */
  grantPull(grantee: iam.IGrantable): iam.Grant;
}
