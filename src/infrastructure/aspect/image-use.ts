import { CfnResource } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { Properties } from './properties';

/** One place in a resource's properties that names an image. */
export interface ImageUse {
  /** Who uses the image, as messages name it: `the container "web"`. */
  readonly user: string;
  /** The name of the container, where it has one. */
  readonly name?: string;
  /** Where the image is: `ContainerDefinitions.0.Image`. */
  readonly path: string;
  /** What is there: a string, or an intrinsic function of CloudFormation. */
  readonly image: unknown;
  /** What must be at other paths when the image is pulled from Amazon ECR; undefined where nothing must be. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** Where the role is that pulls the image; undefined where the app does not say who does. */
  readonly rolePath?: string;
}

/** What is to know about the resources of one type that run containers. */
export interface ImageUser {
  /** The places in the properties that name images, in the order of the template. */
  readonly uses: (properties: Properties) => ImageUse[];

  /**
   * The properties as far as they are known without resolving a token.
   *
   * A token that is resolved once keeps its value, so a container that is added afterwards would be lost.
   */
  readonly knownProperties: (resource: CfnResource) => Properties;

  /** The role that pulls, where the construct around the resource knows it. */
  readonly role: (resource: CfnResource, use: ImageUse) => iam.IGrantable | undefined;

  /** The construct that stands for this use alone, where there is one. */
  readonly container: (resource: CfnResource, use: ImageUse) => IConstruct | undefined;
}
