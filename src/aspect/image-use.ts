import { CfnResource, Stack, Tokenization } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';

/** An image in the properties of a CloudFormation resource. */
export interface ImageUse {
  /** The container in messages: `the container "web"`. */
  readonly description: string;
  /** The name of the container, if it has one. */
  readonly name?: string;
  /** The path of the image: `ContainerDefinitions.0.Image`. */
  readonly path: string;
  /** The value at the path: a string, or an intrinsic function of CloudFormation. */
  readonly image: unknown;
  /** The values that other paths need when the image is pulled from Amazon ECR; undefined removes the value. */
  readonly overrides: Readonly<Record<string, string | undefined>>;
  /** Whether the resource starts containers from the digest that the tag named at its deployment. */
  readonly pinsDigest?: boolean;
  /** The path of the role that pulls the image; undefined when the resource does not name that role. */
  readonly rolePath?: string;
}

/** Finds the images in resources of one CloudFormation type. */
export interface ImageLocator {
  /** The images in the properties, in the order of the template. */
  readonly uses: (properties: Properties) => ImageUse[];

  /**
   * The properties that are known before synthesis, without resolving tokens.
   *
   * A lazy token may keep the value of its first resolution. A container that is added afterward would then be missing in the template.
   */
  readonly knownProperties: (resource: CfnResource) => Properties;

  /** The role that pulls the image, if the L2 construct around the resource has it. */
  readonly role: (resource: CfnResource, use: ImageUse) => iam.IGrantable | undefined;

  /** The construct of the container, if there is one. */
  readonly container: (resource: CfnResource, use: ImageUse) => IConstruct | undefined;
}

/** The type of the construct metadata with the reason of an exclusion. Construct metadata is part of the cloud assembly. */
const EXCLUDED = 'cdk-ecr-mirror:MirroredImagesAspect.excluded';

/** Excludes a construct and all constructs in it from replacement. */
export function excludeImages(construct: IConstruct, reason: string): void {
  construct.node.addMetadata(EXCLUDED, reason);
}

export function isExcluded(construct: IConstruct): boolean {
  return construct.node.scopes.some(({ node }) => node.metadata.some(({ type }) => type === EXCLUDED));
}

/** The properties of a resource, with the names that the template has. */
export type Properties = Readonly<Record<string, unknown>>;

/** The template fragment of one resource. */
interface Fragment {
  readonly Resources?: Record<string, { readonly Properties?: Properties }>;
}

/** The properties in the template, including all overrides. */
export function renderProperties(resource: CfnResource): Properties {
  const { Resources }: Fragment = Stack.of(resource).resolve(resource._toCloudFormation());
  const [rendered] = Object.values(Resources ?? {});
  return rendered?.Properties ?? {};
}

/** Converts the properties of an L1 construct to the names of the template, and omits all tokens. */
export function literalProperties(properties: object): Properties {
  return literalValue(properties) as Properties;
}

function literalValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literalValue);
  if (typeof value !== 'object' || value === null) return value;
  if (Tokenization.isResolvable(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name.charAt(0).toUpperCase() + name.slice(1), literalValue(child)]));
}

/** The properties in a value; empty for a token, an intrinsic function, or a missing value. */
export function asProperties(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Properties : {};
}

/** The items of a list, each at its index; empty if the value is not a list. */
export function asPropertiesList(value: unknown): Properties[] {
  return Array.isArray(value) ? value.map(asProperties) : [];
}

/** The value at a path: `ContainerDefinitions.0.Image`. */
export function valueAtPath(properties: Properties, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Properties | undefined)?.[name], properties);
}
