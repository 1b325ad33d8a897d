import type { ImageDetail } from '@aws-sdk/client-ecr';
import { EcrRegistry, withEcrClient } from './ecr-api';
import { connectedRegistry } from './fips';
import { MirrorError } from './mirror-error';
import { withRunSignal } from './run-signal';
import type { ImageReference } from '../image/image-reference';
import { ecrHost } from '../image/registry-hosts';

/** A tag in Amazon ECR. */
type EcrTag = ImageReference & { readonly tag: string };

/** In milliseconds. The answer is only a better description, so a run does not wait long for it. */
export const MAX_DESCRIBE_TIME = 10_000;
const MAX_ATTEMPTS = 2;

/**
 * The error for a tag that is archived in Amazon ECR; undefined for all other tags.
 *
 * Amazon ECR answers 404 for an archived tag, like for a tag that does not exist. A copy would restore it, and a lifecycle rule would archive it
 * again. It is only asked after such a response. A failure, for example a missing permission `ecr:DescribeImages`, means that it is not known.
 *
 * @param sourceDigest the digest upstream; another image under a floating tag is not the archived one
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
 */
export async function archivedImageError(target: EcrTag, sourceDigest: string | undefined, signal: AbortSignal): Promise<MirrorError | undefined> {
  const host = ecrHost(connectedRegistry(target.registry));
  if (host === undefined) return undefined;
  const { account, region } = host;
  const limits = { deadline: Date.now() + MAX_DESCRIBE_TIME, signal };
  const image = await withRunSignal(limits, (wait) => describeEcrImage(target, host, wait)).catch(() => undefined);
  if (image === undefined || image.imageStatus === 'ACTIVE' || image.imageStatus === undefined) return undefined;
  if (sourceDigest !== undefined && image.imageDigest !== sourceDigest) return undefined;
  const { repository, tag } = target;
  if (image.imageStatus === 'ACTIVATING') {
    const problem = `${repository}:${tag} is archived in Amazon ECR and is being restored`;
    return new MirrorError('archived', `${problem}; the next run finds it when that is done`);
  }
  const command = `aws ecr update-image-storage-class --region ${region} --registry-id ${account} --repository-name ${repository} `
    + `--image-id imageTag=${tag} --target-storage-class STANDARD`;
  return new MirrorError('archived', `${repository}:${tag} is archived in Amazon ECR, so it can't be pulled and is not copied again; `
    + `restore it with "${command}", or remove it from the images to mirror`);
}

/** Describes a tag in Amazon ECR, archived images included; undefined when there is no such tag. */
export async function describeEcrImage(
  { repository, tag }: EcrTag, registry: EcrRegistry, abortSignal: AbortSignal,
): Promise<ImageDetail | undefined> {
  return withEcrClient(registry, async (client, { DescribeImagesCommand }) => {
    const { imageDetails } = await client.send(new DescribeImagesCommand({
      registryId: registry.account,
      repositoryName: repository,
      imageIds: [{ imageTag: tag }],
      filter: { imageStatus: 'ANY' }, // without it, only active images are described
    }), { abortSignal });
    return imageDetails?.[0];
  }, MAX_ATTEMPTS);
}
