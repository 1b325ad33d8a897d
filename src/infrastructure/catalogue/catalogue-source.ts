import * as iam from 'aws-cdk-lib/aws-iam';
import { IDependable } from 'constructs';
import { CatalogueImages } from '../../image/catalogue-images';

/** What a catalogue asks of the mirror that reads it. */
export interface CatalogueSource {
  /** Where it lies, as the engine reads it. */
  readonly location: string;
  /** Its name for people. */
  readonly name: string;
  /** What builds must be allowed, to read it and nothing else. */
  readonly statements: readonly iam.PolicyStatement[];
  /** Lets a build decrypt it, where it is encrypted with a key of its own. */
  readonly grantDecrypt?: (role: iam.IGrantable) => void;
  /** What must be there before it is read. */
  readonly dependencies: readonly IDependable[];
  /** Its images; undefined where they are not known at synthesis. */
  readonly images?: CatalogueImages;
}
