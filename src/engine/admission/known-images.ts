import { listTagsOnly } from './quarantine-markers';
import { parsePreviousTag, parseReleasedTag, previousList } from '../../image/retention';
import type { CopyContext } from '../copy/copy-context';
import { digestOf } from '../digest';
import type { MirrorRequest } from '../mirror-request';
import { ImageLister, imageLister } from '../retention/repository-images';
import type { TaggedImage } from '../retention/retention-plan';
import { readTargetImage } from '../target-image';

/** The previous images that are read to find out which source they were made from. */
const MAX_READ_IMAGES = 3;

/** The earlier images of a tag, as far as the repository of the mirror has them: those that retention keeps, archived ones included. */
export class KnownImages {
  private readonly list: string;
  private images?: Promise<readonly TaggedImage[]>;

  constructor(
    private readonly context: Pick<CopyContext, 'retryContext' | 'target'>,
    private readonly request: MirrorRequest,
    private readonly listImages?: ImageLister,
  ) {
    this.list = previousList(request.target.tag, (text) => digestOf(Buffer.from(text, 'utf8')));
  }

  /**
   * Whether the tag has served an image before.
   *
   * @param digest the digest of the upstream image; undefined for any image
   */
  async hasServed(digest?: string): Promise<boolean> {
    const earlier = await this.earlierImages();
    if (digest === undefined) return earlier.length > 0;
    for (const [index, image] of earlier.entries()) {
      if (image.digest === digest) return true;
      const isMade = index < MAX_READ_IMAGES && await this.sourceDigest(image.tag) === digest;
      if (isMade) return true;
    }
    return false;
  }

  /** The images that the tag served, the newest first. */
  private async earlierImages(): Promise<readonly { readonly digest: string; readonly tag: string }[]> {
    const { context: { retryContext, target }, listImages, request: { target: { tag: own } } } = this;
    const lister = listImages ?? imageLister(target.endpoint.registry) ?? (() => listTagsOnly(target, retryContext));
    this.images ??= lister(target.repository, retryContext);
    const found = (await this.images).flatMap(({ digest, tags }) => tags.flatMap((tag) => {
      const place = parsePreviousTag(tag) ?? parseReleasedTag(tag);
      if (tag !== own && place?.list !== this.list) return [];
      return [{ digest, tag, number: place?.number ?? Infinity }];
    }));
    return found.sort((one, other) => other.number - one.number);
  }

  /** The digest of the upstream image that an image was made from. */
  private async sourceDigest(tag: string): Promise<string | undefined> {
    const { context, request: { platforms, platformsIfAvailable } } = this;
    const attestations = { policy: 'KEEP_IF_ACCEPTED', isPinned: false } as const;
    const { retryContext, target } = context;
    return (await readTargetImage(target, retryContext, { tag, platforms, platformsIfAvailable, attestations }))?.sourceDigest;
  }
}
