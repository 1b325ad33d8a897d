import { markerManifest, putMarker } from './marker-manifest';
import type { Observation } from './timeline';
import { imageKey, Marker, parseMarkerTag, QuarantinedImage } from '../../image/admission/quarantine';
import type { ImageReference } from '../../image/image-reference';
import type { CopyContext } from '../copy/copy-context';
import { digestOf } from '../digest';
import { readTags } from '../list-tags';
import { MirrorError } from '../mirror-error';
import type { RegistryClient } from '../registry/registry-client';
import { ImageLister, imageLister } from '../retention/repository-images';
import type { TaggedImage } from '../retention/retention-plan';

/** The clocks of two builds differ by less. */
const MAX_CLOCK_DIFFERENCE = 10 * 60_000;

/** The image of a mirror that markers are about. */
export interface MarkedImage {
  /** The upstream image with its tag. */
  readonly source: ImageReference;
  readonly target: ImageReference & { readonly tag: string };
}

/** The image in the form of the quarantine, without its tag. */
export function quarantinedImage({ source, target }: MarkedImage): QuarantinedImage {
  return { source: `${source.registry}/${source.repository}`, repository: target.repository };
}

/** The key of an image with its tag in the quarantine. */
export function quarantineKey(image: MarkedImage): string {
  return imageKey({ ...quarantinedImage(image), tag: image.target.tag }, (text) => digestOf(Buffer.from(text, 'utf8')));
}

/** The part of the quarantine that is about one image with its tag. */
export class QuarantineMarkers {
  private readonly key: string;
  private readonly list: ImageLister;

  constructor(
    private readonly context: Omit<CopyContext, 'source' | 'blobs'>,
    private readonly image: MarkedImage,
    readonly client: RegistryClient,
    listImages?: ImageLister,
  ) {
    this.key = quarantineKey(image);
    this.list = listImages ?? imageLister(client.endpoint.registry) ?? ((_, retryContext) => listTagsOnly(client, retryContext));
  }

  /** Reads the markers of the image, in any order. */
  async read(): Promise<readonly Observation[]> {
    const images = await this.list(this.client.repository, this.context.retryContext);
    return images.flatMap((image) => this.observationsOf(image));
  }

  /** Records that a run saw a digest. A marker that another run put in the same second stays. */
  async record(digest: string, at: number): Promise<void> {
    const { client, context, image, key } = this;
    const marker: Marker = { kind: 'seen', key, seconds: Math.floor(at / 1000), digest };
    await putMarker({ ...context, target: client }, { marker, image: quarantinedImage(image), tag: image.target.tag });
  }

  /** A marker is known by its bytes: a tag alone can be put on an image that was pushed for another purpose, and long ago. */
  private observationsOf({ digest, pushedAt, tags }: TaggedImage): Observation[] {
    return tags.flatMap((tag) => {
      const marker = parseMarkerTag(tag);
      if (marker?.kind !== 'seen' || marker.key !== this.key) return [];
      const { bytes } = markerManifest({ marker, image: quarantinedImage(this.image), tag: this.image.target.tag });
      if (digest !== '' && digest !== digestOf(bytes)) return [];
      const at = marker.seconds * 1000;
      const since = Math.max(at, pushedAt ?? 0);
      if (since > Date.now() + MAX_CLOCK_DIFFERENCE) throw futureError(this.client.repository, tag, since);
      return [{ digest: marker.digest, at, since }];
    });
  }
}

function futureError(repository: string, tag: string, since: number): MirrorError {
  return new MirrorError('registry-error', `${repository}:${tag} is of ${new Date(since).toISOString()}, which is in the future, `
    + 'so the age of images is not known; check the clock of the build, or delete this image');
}

/** The tags of a registry other than Amazon ECR, which defines a repository with the first push. The digests of markers are in their tags. */
export async function listTagsOnly(client: RegistryClient, retryContext: CopyContext['retryContext']): Promise<TaggedImage[]> {
  try {
    return (await readTags(client, retryContext)).map((tag) => ({ digest: '', tags: [tag] }));
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return [];
    throw error;
  }
}
