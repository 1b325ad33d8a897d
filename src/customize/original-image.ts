import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { DeclaredImage, requireSingleTag } from '../declarations/declared-image';
import { IOriginalImage } from '../declarations/mirror-interfaces';

/** The unchanged copy of an upstream image. */
export class OriginalImage implements IOriginalImage {
  constructor(private readonly declared: DeclaredImage, public readonly repository: ecr.IRepository) {}

  public get tag(): string {
    return requireSingleTag(this.declared, 'use original.repository.repositoryUriForTag() with the tag that you need');
  }

  public get imageUri(): string {
    return this.repository.repositoryUriForTag(this.tag);
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this.repository.grantPull(grantee);
  }
}
