import { StartBuildError, formatAwsError } from '../codebuild/aws-errors';
import type { StartedBuild } from '../codebuild/start-builds';
import { CUSTOM_RESOURCE_PROPERTIES } from '../image/contract/custom-resource';
import type { RunVariables } from '../image/contract/environment';

/** An event of the custom resource, as the CDK's provider framework passes it on. Any field can be missing, and the properties can have any type. */
export interface CustomResourceEvent {
  readonly RequestType?: string;
  readonly RequestId?: string;
  readonly StackId?: string;
  readonly LogicalResourceId?: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties?: unknown;
  readonly OldResourceProperties?: unknown;
  /** The builds that `onEvent` returned. Only events of `isComplete` have this field. */
  readonly Builds?: readonly StartedBuild[];
}

type Properties = Readonly<Record<string, unknown>>;

/** Whether the deployment waits for its builds. */
export function waitsForBuilds({ ResourceProperties }: CustomResourceEvent): boolean {
  return propertiesOf(ResourceProperties)[CUSTOM_RESOURCE_PROPERTIES.ON_DEPLOY] !== 'START';
}

/**
 * The images to mirror: all images when the resource is created, and new or changed images when it is updated.
 *
 * @throws DeploymentError when the property with the images is not valid
 */
export function changedImages({ RequestType, ResourceProperties, OldResourceProperties }: CustomResourceEvent): RunVariables[] {
  const [now, before] = [propertiesOf(ResourceProperties), propertiesOf(OldResourceProperties)];
  const images = imagesOf(now);
  const { IMAGES, REPOSITORY_PREFIX } = CUSTOM_RESOURCE_PROPERTIES;
  if (RequestType === 'Create' || now[REPOSITORY_PREFIX] !== before[REPOSITORY_PREFIX]) return images;
  const old = before[IMAGES];
  const known = new Set(Array.isArray(old) ? old.map(fingerprint) : []);
  return images.filter((image) => !known.has(fingerprint(image)));
}

function imagesOf(properties: Properties): RunVariables[] {
  const images = properties[CUSTOM_RESOURCE_PROPERTIES.IMAGES];
  if (Array.isArray(images) && images.every(isImage)) return images;
  throw new DeploymentError(`the property ${CUSTOM_RESOURCE_PROPERTIES.IMAGES} must be a list of objects with strings as values; `
    + 'deploy the template as the CDK synthesizes it');
}

function isImage(image: unknown): image is RunVariables {
  return typeof image === 'object' && image !== null && !Array.isArray(image) && Object.values(image).every((value) => typeof value === 'string');
}

/** Identifies the declaration of an image, independent of the order of its variables. */
function fingerprint(image: unknown): string {
  return JSON.stringify(Object.entries(Object(image) as object).sort(([a], [b]) => a < b ? -1 : 1));
}

function propertiesOf(properties: unknown): Properties {
  return Object(properties) as Properties;
}

/** An error that fails a deployment. CloudFormation shows the message. */
export class DeploymentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeploymentError';
    // The provider framework adds the stack to the message, and CloudFormation accepts 4,096 bytes in total.
    this.stack = '';
  }
}

/** Turns every error of an operation into a `DeploymentError`. */
export async function withDeploymentErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeploymentError) throw error;
    throw new DeploymentError(error instanceof StartBuildError ? error.message : `cannot mirror the images: ${formatAwsError(error)}`);
  }
}
