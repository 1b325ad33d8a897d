import { Annotations, CfnResource, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { onSynthesis } from '../synthesis/aspects';

/** What the first run of one schedule copies. */
export interface FirstCopy {
  /** How many tags; undefined when a filter selects as many as there are. */
  readonly tags: number | undefined;
  /** How many platforms of each; undefined for all that it has. */
  readonly platforms: number | undefined;
}

/**
 * What Docker Hub gives a client without credentials in 6 hours, for each address.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
const ANONYMOUS_PULLS = 100;

/** A multi-platform image counts as one pull for each platform, and most images that people mirror have about so many. */
const ASSUMED_PLATFORMS = 8;

/**
 * Warns when a mirror's first run would exceed what Docker Hub gives without credentials.
 *
 * Later runs that find nothing new are free: they ask with HEAD, which counts as no pull. Filters that select as many tags as there are
 * count as nothing, for a guess would be wrong in either direction.
 *
 * @param project the project whose builds pull
 * @param anonymousCopies what is mirrored from Docker Hub without credentials, asked when all images were added
 */
export function warnAboutDockerHubBudget(project: Construct, anonymousCopies: () => readonly FirstCopy[]): void {
  // On the project, so that whoever acknowledges the warning on the mirror silences it: the CDK asks a construct's scopes, not the construct itself.
  onSynthesis(project, () => warn(project, anonymousCopies()));
}

function warn(project: Construct, copies: readonly FirstCopy[]): void {
  const images = copies.reduce((sum, { tags = 0 }) => sum + tags, 0);
  const pulls = copies.reduce((sum, { tags = 0, platforms = ASSUMED_PLATFORMS }) => sum + tags * platforms, 0);
  if (pulls <= ANONYMOUS_PULLS) return;
  const without = copies.some(({ tags }) => tags === undefined) ? ', not counting what tag filters without latest select' : '';
  Annotations.of(project).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.dockerHubBudget',
    `${images} images from Docker Hub make about ${pulls} pulls when they are first copied (one for each platform, of which about ${ASSUMED_PLATFORMS} are assumed `
    + `where none are chosen${without}), and Docker Hub allows ${ANONYMOUS_PULLS} in 6 hours without credentials; `
    + 'set credentials: [RegistryCredentials.dockerHub(secret)], or mirror fewer images from there',
  );
}

/**
 * CloudFormation takes so many resources in one stack.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const MOST_RESOURCES = 500;

/** The CDK's own switch for that limit; 0 turns it off. */
const RESOURCE_LIMIT_CONTEXT = '@aws-cdk/core:stackResourceLimit';

/** Why stacks with images of a mirror are too large. */
export function stackSizeProblems(images: readonly Construct[]): string[] {
  const imagesIn = new Map<Stack, number>();
  for (const image of images) imagesIn.set(Stack.of(image), (imagesIn.get(Stack.of(image)) ?? 0) + 1);
  return [...imagesIn].flatMap(([stack, count]) => stackSizeProblem(stack, count) ?? []);
}

/** Why a stack with images of a mirror is too large, and how to split it; undefined when it is not. */
export function stackSizeProblem(stack: Stack, images: number): string | undefined {
  const limit = Number(stack.node.tryGetContext(RESOURCE_LIMIT_CONTEXT) ?? MOST_RESOURCES);
  const resources = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child) && Stack.of(child) === stack).length;
  if (limit === 0 || resources <= limit) return undefined;
  return `the stack ${JSON.stringify(stack.node.path)} has ${resources} resources and CloudFormation allows ${limit}; ${images} images of the mirror are in it, `
    + 'each with a repository and a schedule: define some of them in another stack with new MirroredImage(otherStack, id, { mirror, image })';
}
