import type { DescribeImagesRequest, DescribeImagesResponse, ImageDetail } from '@aws-sdk/client-ecr';
import type { TaggedImage } from './retention-plan';
import { awsServiceHost, ecrHost } from '../../image/registry-hosts';
import { EcrRepository, sendToEcr, withEcrClient } from '../ecr-api';
import { limitError } from '../registry/read-budget';
import type { RetryContext } from '../registry/retry';

/**
 * Lists the tagged images of a repository, archived ones included.
 *
 * @throws MirrorError when they can't be listed; its status is that of a refusal, or of a transient error
 */
export type ImageLister = (repository: string, retryContext: RetryContext) => Promise<TaggedImage[]>;

/** The lister for a registry; undefined when the registry is not Amazon ECR, so that no lifecycle rules act on tags. */
export function imageLister(registry: string): ImageLister | undefined {
  const host = ecrHost(registry);
  return host && ((repository, retryContext) => listWithApi({ ...host, repository }, retryContext));
}

function listWithApi(repository: EcrRepository, retryContext: RetryContext): Promise<TaggedImage[]> {
  return withEcrClient(repository, (client, { DescribeImagesCommand }) => {
    return listEcrImages(repository, retryContext, (input, abortSignal) => client.send(new DescribeImagesCommand(input), { abortSignal }));
  });
}

/** Sends one request of `DescribeImages`. */
export type DescribeImages = (input: DescribeImagesRequest, signal: AbortSignal) => Promise<DescribeImagesResponse>;

/** The most that Amazon ECR returns. */
const IMAGES_PER_PAGE = 1000;
/** The quota of Amazon ECR for the images of a repository. */
const MAX_IMAGES = 100_000;

/**
 * Lists the tagged images of a repository in Amazon ECR: one request for each 1,000 images.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
 */
export async function listEcrImages(ecrRepository: EcrRepository, retryContext: RetryContext, send: DescribeImages): Promise<TaggedImage[]> {
  const { account, fips, region, repository } = ecrRepository;
  const problem = `cannot describe the images of ${repository}`;
  const request = { registry: ecrRepository, problem, remedy: 'allow ecr:DescribeImages on the repository' };
  // Without a status, archived images are left out.
  const filter = { tagStatus: 'TAGGED', imageStatus: 'ANY' } as const;
  const query = { registryId: account, repositoryName: repository, filter, maxResults: IMAGES_PER_PAGE };
  const images: TaggedImage[] = [];
  let nextToken: string | undefined;
  do {
    const input = { ...query, nextToken };
    const page = await sendToEcr(retryContext, request, (signal) => send(input, signal));
    images.push(...(page.imageDetails ?? []).flatMap(taggedImage));
    if (images.length > MAX_IMAGES) {
      throw limitError(`${awsServiceHost('ecr', region, { fips })}: ${repository} exceeds the limit of ${MAX_IMAGES} images`);
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return images;
}

function taggedImage({ imageDigest, imagePushedAt, imageTags = [] }: ImageDetail): TaggedImage[] {
  if (imageDigest === undefined || imageTags.length === 0) return [];
  return [{ digest: imageDigest, tags: imageTags, ...imagePushedAt === undefined ? {} : { pushedAt: imagePushedAt.getTime() } }];
}
