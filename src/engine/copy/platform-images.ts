import type { ImageReader } from './image-reader';
import { DEEPEST_INDEX, IndexEntry, indexContentOf, isFor, lacksPlatforms, platformIn } from './index-entries';
import type { Descriptor, Manifest } from './manifest';
import { isIndexType } from '../../image/media-types';
import { formatPlatform, Platform, samePlatform } from '../../image/platform';
import { MirrorError } from '../mirror-error';
import { printable } from '../report/printable';

/** The image of one platform. */
export type PlatformImage = Pick<Descriptor, 'digest' | 'size'> & { readonly platform: Platform };

/**
 * The image of each platform that an image is made of, by the manifest of its own: the first that an index lists,
 * before any that an index within lists. An image that is no index is that of the platform in its configuration.
 *
 * @throws MirrorError when there is none for a platform
 */
export async function platformImages(root: Manifest, platforms: readonly Platform[], reader: ImageReader): Promise<PlatformImage[]> {
  if (!isIndexType(root.mediaType)) {
    await refuseOtherPlatforms(root, platforms, reader);
    return platforms.map((platform) => ({ platform, digest: root.digest }));
  }
  const entries: IndexEntry[] = [];
  const lacking = () => platforms.filter((platform) => !entries.some((entry) => isFor(entry, platform)));
  let indexes = [root];
  for (let depth = 1; indexes.length > 0; depth++) {
    const listed = indexes.flatMap((index) => indexContentOf(index).manifests);
    entries.push(...listed.filter((entry) => !isIndex(entry)));
    const further = lacking().length > 0 && depth < DEEPEST_INDEX ? listed.filter(isIndex) : [];
    const read = await Promise.all(further.map((entry) => reader.manifest(entry)));
    indexes = read.filter(({ mediaType }) => isIndexType(mediaType));
  }
  if (lacking().length > 0) throw lacksPlatforms(reader.registry, root.digest, lacking(), entries);
  return platforms.map((platform) => {
    const { digest, size } = entries.find((entry) => isFor(entry, platform))!;
    return { platform, digest, size };
  });
}

function isIndex({ mediaType }: IndexEntry): boolean {
  return typeof mediaType === 'string' && isIndexType(mediaType);
}

async function refuseOtherPlatforms(image: Manifest, platforms: readonly Platform[], reader: ImageReader): Promise<void> {
  const own = platformIn(await reader.configuration(image));
  const others = platforms.filter((platform) => own === undefined || !samePlatform(platform, own));
  if (others.length === 0) return;
  const what = own === undefined ? 'and its configuration names no platform' : `but the one of ${printable(formatPlatform(own))}`;
  throw new MirrorError('not-found', `${reader.registry}: ${image.digest} is no image for ${others.map(formatPlatform).join(', ')}: it is no index, ${what}`);
}
