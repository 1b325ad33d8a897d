import { Annotations, CfnResource, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DeclaredImage } from './declared-image';
import { CredentialScope, findCredentials, RegistryRule } from '../image/contract/environment';
import { DOCKER_HUB } from '../image/image-reference';
import { onSynthesis } from '../synthesis/aspects';

/** The images that the first run of a schedule copies. */
export interface FirstCopy {
  /** The upstream registry; `undefined` when it is not known. */
  readonly registry: string | undefined;
  /** The upstream repository in its registry; `undefined` when it is not known. */
  readonly repository: string | undefined;
  /** The number of tags; `undefined` when a filter selects any number. */
  readonly tags: number | undefined;
  /** The number of platforms of each image; `undefined` for all platforms. */
  readonly platforms: number | undefined;
}

/** The first copies of an image. */
export function toFirstCopy({ reference, tags, platforms, keepVersions }: DeclaredImage): FirstCopy {
  const { registry, repository } = reference;
  return { registry, repository, tags: 'tag' in tags ? 1 : tags.filter._maxTags() ?? keepVersions, platforms: platforms?.length };
}

/**
 * Docker Hub allows an address this number of pulls without credentials in 6 hours.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
const ANONYMOUS_PULLS = 100;

/** Docker Hub counts one pull for each platform. Most multi-platform images have about this number of platforms. */
const ASSUMED_PLATFORMS = 8;

/**
 * Warns when the first run of a mirror exceeds the number of pulls that Docker Hub allows without credentials.
 *
 * Later runs that find no new image send HEAD requests, which Docker Hub does not count. A filter that selects any number of tags counts as
 * zero, because a guess would be wrong in either direction.
 *
 * @param project the project that pulls
 * @param firstCopies the first copies of the mirror, complete when all images are added
 * @param credentials the credentials of the mirror. Docker Hub has other limits for the images that they are for.
 * @param rules the settings of registries. With another endpoint, builds don't pull from Docker Hub. A reserve reduces the limit.
 */
export function warnAboutDockerHubBudget(
  project: Construct, firstCopies: readonly FirstCopy[], credentials: readonly CredentialScope[], rules: readonly RegistryRule[] = [],
): void {
  const { endpoint, reservedPulls = 0 } = rules.find(({ registry }) => registry === DOCKER_HUB) ?? {};
  if (endpoint !== undefined) return;
  const isAnonymous = ({ registry, repository }: FirstCopy) => {
    return registry === DOCKER_HUB && findCredentials(credentials, registry, repository) === undefined;
  };
  // The warning is on the project, because acknowledging a warning on the mirror covers the constructs below it, but not the mirror itself.
  onSynthesis(project, () => warn(project, firstCopies.filter(isAnonymous), reservedPulls));
}

function warn(project: Construct, copies: readonly FirstCopy[], reservedPulls: number): void {
  const images = copies.reduce((sum, { tags = 0 }) => sum + tags, 0);
  const pulls = copies.reduce((sum, { tags = 0, platforms = ASSUMED_PLATFORMS }) => sum + tags * platforms, 0);
  if (pulls <= Math.max(0, ANONYMOUS_PULLS - reservedPulls)) return;
  const reserve = reservedPulls === 0 ? '' : `, and reservedPulls leaves ${reservedPulls} of them to others`;
  const filters = copies.some(({ tags }) => tags === undefined) ? '; tag filters without latest are not counted' : '';
  Annotations.of(project).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.dockerHubBudget',
    `the first copies of ${images} images from Docker Hub need about ${pulls} pulls (one for each platform, ${ASSUMED_PLATFORMS} platforms assumed `
    + `where none are set${filters}), but Docker Hub allows ${ANONYMOUS_PULLS} in 6 hours without credentials${reserve}; `
    + 'set credentials: [RegistryCredentials.dockerHub(secret)], or mirror fewer images from Docker Hub',
  );
}

/**
 * CloudFormation allows this number of resources in one stack.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const MAX_RESOURCES = 500;

/** The CDK's context key for this limit. 0 turns it off. */
const RESOURCE_LIMIT_CONTEXT = '@aws-cdk/core:stackResourceLimit';

/** The problems of stacks with images of a mirror that are too large. */
export function stackSizeProblems(images: readonly Construct[]): string[] {
  const imagesIn = new Map<Stack, number>();
  for (const image of images) imagesIn.set(Stack.of(image), (imagesIn.get(Stack.of(image)) ?? 0) + 1);
  return [...imagesIn].flatMap(([stack, count]) => stackSizeProblem(stack, count) ?? []);
}

/** The problem of a stack that is too large, and how to split it; `undefined` for other stacks. */
function stackSizeProblem(stack: Stack, images: number): string | undefined {
  const limit = Number(stack.node.tryGetContext(RESOURCE_LIMIT_CONTEXT) ?? MAX_RESOURCES);
  const resources = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child) && Stack.of(child) === stack).length;
  if (limit === 0 || resources <= limit) return undefined;
  return `the stack ${JSON.stringify(stack.node.path)} has ${resources} resources, but CloudFormation allows ${limit}; `
    + `${images} images of the mirror are in it, each with a repository and a schedule; `
    + 'define some of them in another stack with new MirroredImage(otherStack, id, { mirror, image })';
}
