import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { quote } from '../../image/image-reference';
import { IOriginalImage } from '../../original-image';

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
