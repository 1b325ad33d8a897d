import { CfnResource, Stack, Tokenization } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';

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
   * A token that is resolved once keeps its value, so a container that is added afterward would be lost.
   */
  readonly knownProperties: (resource: CfnResource) => Properties;

  /** The role that pulls, where the construct around the resource knows it. */
  readonly role: (resource: CfnResource, use: ImageUse) => iam.IGrantable | undefined;

  /** The construct that stands for this use alone, where there is one. */
  readonly container: (resource: CfnResource, use: ImageUse) => IConstruct | undefined;
}

/** The type of the metadata that keeps why a construct is excluded; the cloud assembly has it too. */
const EXCLUDED = 'cdk-ecr-mirror:MirroredImagesAspect.excluded';

/** Marks a construct, and everything in it, as one whose images stay as they are. */
export function exclude(construct: IConstruct, reason: string): void {
  construct.node.addMetadata(EXCLUDED, reason);
}

export function isExcluded(construct: IConstruct): boolean {
  return construct.node.scopes.some(({ node }) => node.metadata.some(({ type }) => type === EXCLUDED));
}

/** Properties of a resource, named as in a template. */
export type Properties = Readonly<Record<string, unknown>>;

/** The part of a template that a resource makes. */
interface Fragment {
  readonly Resources?: Record<string, { readonly Properties?: Properties }>;
}

/** The properties as the template will have them, with everything that was overridden. */
export function renderedProperties(resource: CfnResource): Properties {
  const { Resources }: Fragment = Stack.of(resource).resolve(resource._toCloudFormation());
  const [rendered] = Object.values(Resources ?? {});
  return rendered?.Properties ?? {};
}

/** What of a construct's properties is known without resolving a token; its names become those of the template. */
export function knownOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(knownOf);
  if (typeof value !== 'object' || value === null) return value;
  if (Tokenization.isResolvable(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name.charAt(0).toUpperCase() + name.slice(1), knownOf(child)]));
}

/** The properties at a place; none where there is a token, an intrinsic function, or nothing. */
export function section(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Properties : {};
}

/** The list at a place, each item at its index. */
export function sections(value: unknown): Properties[] {
  return Array.isArray(value) ? value.map(section) : [];
}

/** The value at a path: `ContainerDefinitions.0.Image`. */
export function valueAt(properties: Properties, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Properties | undefined)?.[name], properties);
}
