import { AwsApiError } from './aws-json-api';
import { RepositoryStorage } from './repository-storage';
import { isIndexType } from '../../src/image/media-types';

/** The status of an image in Amazon ECR. */
export type EcrImageStatus = 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING';

/** An image of a repository, as lifecycle rules see it. */
export interface EcrImage {
  readonly digest: string;
  readonly tags: readonly string[];
  /** In milliseconds. */
  readonly pushedAt: number;
  readonly status: EcrImageStatus;
  /** The digests of the manifests that an index lists. */
  readonly children: readonly string[];
  /** The digest of the image that a referrer is about. */
  readonly subject?: string;
}

export interface DescribeImagesInput {
  readonly registryId: string;
  readonly repositoryName: string;
  readonly imageIds?: ReadonlyArray<{ readonly imageTag?: string; readonly imageDigest?: string }>;
  readonly filter?: { readonly imageStatus?: string; readonly tagStatus?: string };
  readonly maxResults?: number;
  readonly nextToken?: string;
}

/** The images of one repository: when they were pushed, which of them are archived, and `DescribeImages`. */
export class EcrImages {
  private readonly pushTimes = new Map<string, number>();
  /** The status of each image that is not active. */
  private readonly statuses = new Map<string, EcrImageStatus>();

  constructor(private readonly storage: RepositoryStorage, private readonly now: () => number) {}

  /**
   * Notes the push of a manifest. A further tag does not change the time of the push.
   *
   * @param renew whether it does: AWS does not document it
   * @see https://github.com/aws/containers-roadmap/issues/2746
   */
  pushed(digest: string, renew: boolean = false): void {
    if (renew || !this.pushTimes.has(digest)) this.pushTimes.set(digest, this.now());
  }

  setStatus(digest: string, status: EcrImageStatus): void {
    this.statuses.set(digest, status);
  }

  isActive(digest: string): boolean {
    return !this.statuses.has(digest);
  }

  /** All images, the untagged ones included. */
  all(): EcrImage[] {
    const tags = new Map<string, string[]>();
    for (const [tag, digest] of this.storage.tags) tags.set(digest, [...tags.get(digest) ?? [], tag]);
    return [...this.storage.manifests.values()].map(({ bytes, digest, mediaType }) => {
      const { manifests = [], subject } = JSON.parse(bytes.toString()) as ManifestReferences;
      this.pushed(digest);
      return {
        digest,
        tags: tags.get(digest) ?? [],
        pushedAt: this.pushTimes.get(digest)!,
        status: this.statuses.get(digest) ?? 'ACTIVE',
        children: isIndexType(mediaType) ? manifests.map((child) => child.digest) : [],
        subject: subject?.digest,
      };
    });
  }

  /** Deletes images with their tags, and the blobs that no other image has. */
  delete(digests: readonly string[]): void {
    if (digests.length === 0) return;
    for (const digest of digests) {
      this.storage.manifests.delete(digest);
      this.pushTimes.delete(digest);
      this.statuses.delete(digest);
    }
    for (const [tag, digest] of this.storage.tags) if (digests.includes(digest)) this.storage.tags.delete(tag);
    const used = new Set([...this.storage.manifests.values()].flatMap(({ bytes }) => bytes.toString().match(/sha256:[0-9a-f]{64}/g) ?? []));
    for (const digest of this.storage.blobs.keys()) if (!used.has(digest)) this.storage.blobs.delete(digest);
  }

  /** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html */
  describe(input: DescribeImagesInput) {
    const { filter, imageIds, maxResults = 100, nextToken } = input;
    if (imageIds !== undefined && (maxResults !== 100 || nextToken !== undefined)) {
      throw new AwsApiError(400, 'InvalidParameterException', 'maxResults and nextToken cannot be used with imageIds');
    }
    if (maxResults < 1 || maxResults > 1000) throw new AwsApiError(400, 'InvalidParameterException', 'maxResults must be 1 to 1000');
    const statuses = filter?.imageStatus === 'ANY' ? ['ACTIVE', 'ARCHIVED', 'ACTIVATING'] : [filter?.imageStatus ?? 'ACTIVE'];
    const tagStatus = filter?.tagStatus ?? 'ANY';
    const found = this.all().filter(({ status, tags }) => {
      return statuses.includes(status) && (tagStatus === 'ANY' || (tagStatus === 'TAGGED') === tags.length > 0);
    }).sort((a, b) => a.digest < b.digest ? -1 : 1);
    if (imageIds !== undefined) {
      return { imageDetails: imageIds.map((id) => this.detail(input, found.find((image) => isNamed(image, id)), id)) };
    }
    const start = Number(nextToken ?? 0);
    const end = start + maxResults;
    const imageDetails = found.slice(start, end).map((image) => this.detail(input, image));
    return { imageDetails, ...end < found.length ? { nextToken: String(end) } : {} };
  }

  private detail({ registryId, repositoryName }: DescribeImagesInput, image: EcrImage | undefined, id: { readonly imageTag?: string } = {}) {
    if (image === undefined) {
      throw new AwsApiError(400, 'ImageNotFoundException', `The image with imageId {imageDigest:'null', imageTag:'${id.imageTag}'} does not exist`);
    }
    const { digest, pushedAt, status, tags } = image;
    const imageTags = tags.length === 0 ? {} : { imageTags: id.imageTag === undefined ? tags : [id.imageTag] };
    return { registryId, repositoryName, imageDigest: digest, ...imageTags, imagePushedAt: pushedAt / 1000, imageStatus: status };
  }
}

function isNamed({ digest, tags }: EcrImage, { imageDigest, imageTag }: { readonly imageTag?: string; readonly imageDigest?: string }): boolean {
  return imageDigest === undefined ? tags.includes(imageTag ?? '') : digest === imageDigest;
}

interface ManifestReferences {
  readonly manifests?: ReadonlyArray<{ readonly digest: string }>;
  readonly subject?: { readonly digest: string };
}
