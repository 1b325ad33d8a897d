import type { DescribeImagesRequest, DescribeImagesResponse, ImageDetail } from '@aws-sdk/client-ecr';
import type { TaggedImage } from './retention-plan';
import { awsServiceHost, ecrHost } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { awsNetworkError } from '../aws-request';
import { MirrorError } from '../mirror-error';
import { limitError } from '../registry/read-budget';
import { RetryContext, withRetries } from '../registry/retry';

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

/** A repository of Amazon ECR. */
export interface EcrRepository extends NonNullable<ReturnType<typeof ecrHost>> {
  readonly repository: string;
}

async function listWithApi(repository: EcrRepository, retryContext: RetryContext): Promise<TaggedImage[]> {
  const [{ ECRClient, DescribeImagesCommand }, { awsRequestHandler }] = await Promise.all([
    import('@aws-sdk/client-ecr'), import('../aws-request-handler.js'),
  ]);
  const { fips, region } = repository;
  const requestHandler = awsRequestHandler(awsServiceHost('ecr', region, { fips }));
  // The retries are those of the engine, which stop at the deadline and are in the log.
  const client = new ECRClient({ region, useFipsEndpoint: fips, maxAttempts: 1, requestHandler });
  try {
    return await listEcrImages(repository, retryContext, (input, abortSignal) => client.send(new DescribeImagesCommand(input), { abortSignal }));
  } finally {
    client.destroy();
  }
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
export async function listEcrImages(
  { account, fips, region, repository }: EcrRepository, retryContext: RetryContext, send: DescribeImages,
): Promise<TaggedImage[]> {
  const { signal } = retryContext;
  const host = awsServiceHost('ecr', region, { fips });
  // Without a status, archived images are left out.
  const filter = { tagStatus: 'TAGGED', imageStatus: 'ANY' } as const;
  const query = { registryId: account, repositoryName: repository, filter, maxResults: IMAGES_PER_PAGE };
  const images: TaggedImage[] = [];
  let nextToken: string | undefined;
  do {
    const input = { ...query, nextToken };
    const page = await withRetries(retryContext, () => send(input, signal).catch((error: unknown) => {
      throw signal.aborted ? error : listError(error, repository, new URL(`https://${host}`));
    }));
    images.push(...(page.imageDetails ?? []).flatMap(taggedImage));
    if (images.length > MAX_IMAGES) throw limitError(`${host}: ${repository} exceeds the limit of ${MAX_IMAGES} images`);
    nextToken = page.nextToken;
  } while (nextToken);
  return images;
}

function taggedImage({ imageDigest, imagePushedAt, imageTags = [] }: ImageDetail): TaggedImage[] {
  if (imageDigest === undefined || imageTags.length === 0) return [];
  return [{ digest: imageDigest, tags: imageTags, ...imagePushedAt === undefined ? {} : { pushedAt: imagePushedAt.getTime() } }];
}

/** The names of errors that ask for fewer requests. Their status is 400, like that of a refusal. */
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|LimitExceededException/;

function listError(error: unknown, repository: string, url: URL): MirrorError {
  const network = awsNetworkError(error, url);
  if (network instanceof MirrorError) return network;
  const { $metadata, message = '', name = '' } = Object(error) as { $metadata?: { httpStatusCode?: number }; message?: string; name?: string };
  const isThrottled = THROTTLED.test(name);
  // An error without a response is missing credentials, which other attempts would miss too.
  const status = isThrottled ? 429 : $metadata?.httpStatusCode ?? 401;
  const isTransient = isThrottled || status >= 500;
  const problem = `${url.host}: cannot describe the images of ${repository}: ${sanitizeForLog(`${name}: ${message}`)}`;
  const remedy = isTransient ? '' : '; allow ecr:DescribeImages on the repository';
  const reason = isThrottled ? 'rate-limited' : isTransient ? 'registry-error' : 'unauthorized';
  return new MirrorError(reason, `${problem}${remedy}`, { retryable: isTransient, overloaded: isThrottled, status, cause: error });
}
