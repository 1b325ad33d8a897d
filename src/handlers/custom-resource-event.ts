import { BuildsError, formatAwsError } from '../codebuild/aws-errors';
import type { StartedBuild } from '../codebuild/start-builds';
import { CUSTOM_RESOURCE_PROPERTIES } from '../image/contract/custom-resource';
import type { RunVariables } from '../image/contract/environment';

/** What CloudFormation asks for, as the CDK's framework passes it on. Anything may be missing, and the properties may be anything. */
export interface CustomResourceEvent {
  readonly RequestType?: string;
  readonly RequestId?: string;
  readonly StackId?: string;
  readonly LogicalResourceId?: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties?: unknown;
  readonly OldResourceProperties?: unknown;
  /** What `onEvent` has answered, for `isComplete`. */
  readonly Builds?: readonly StartedBuild[];
}

type Properties = Readonly<Record<string, unknown>>;

/** Whether a deployment waits for its builds. */
export function waitsForBuilds({ ResourceProperties }: CustomResourceEvent): boolean {
  return propertiesOf(ResourceProperties)[CUSTOM_RESOURCE_PROPERTIES.ON_DEPLOY] !== 'START';
}

/**
 * The images to mirror: all when the resource is new, and those whose declaration is new or changed when it is updated.
 *
 * @throws DeploymentError when the images are none
 */
export function changedImages({ RequestType, ResourceProperties, OldResourceProperties }: CustomResourceEvent): RunVariables[] {
  const [now, before] = [propertiesOf(ResourceProperties), propertiesOf(OldResourceProperties)];
  const images = imagesOf(now);
  if (RequestType === 'Create' || now[CUSTOM_RESOURCE_PROPERTIES.REPOSITORY_PREFIX] !== before[CUSTOM_RESOURCE_PROPERTIES.REPOSITORY_PREFIX]) return images;
  const old = before[CUSTOM_RESOURCE_PROPERTIES.IMAGES];
  const known = new Set(Array.isArray(old) ? old.map(fingerprint) : []);
  return images.filter((image) => !known.has(fingerprint(image)));
}

function imagesOf(properties: Properties): RunVariables[] {
  const images = properties[CUSTOM_RESOURCE_PROPERTIES.IMAGES];
  if (Array.isArray(images) && images.every(isImage)) return images;
  throw new DeploymentError(`the property ${CUSTOM_RESOURCE_PROPERTIES.IMAGES} must be a list of objects, each with the variables of one image as texts`);
}

function isImage(image: unknown): image is RunVariables {
  return typeof image === 'object' && image !== null && !Array.isArray(image) && Object.values(image).every((value) => typeof value === 'string');
}

/** The same for two declarations of one image, whatever the order of their variables. */
function fingerprint(image: unknown): string {
  return JSON.stringify(Object.entries(Object(image) as object).sort(([a], [b]) => a < b ? -1 : 1));
}

function propertiesOf(properties: unknown): Properties {
  return Object(properties) as Properties;
}

/** An error whose message is what CloudFormation shows. */
export class DeploymentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeploymentError';
    // The framework adds the stack to the message, and CloudFormation takes 4,096 bytes of both.
    this.stack = '';
  }
}

/** Puts whatever went wrong in words that CloudFormation can show. */
export async function formatDeploymentError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeploymentError) throw error;
    throw new DeploymentError(error instanceof BuildsError ? error.message : `the images could not be mirrored: ${formatAwsError(error)}`);
  }
}
