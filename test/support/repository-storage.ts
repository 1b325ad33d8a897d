import { FixtureBlob } from './fixture-blob';
import { FixtureImage, FixtureManifest } from './fixture-images';
import { isIndexType } from '../../src/image/media-types';

/** A descriptor as manifests and referrer lists carry it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
}

/** What one repository holds. */
export class RepositoryStorage {
  readonly blobs = new Map<string, FixtureBlob>();
  readonly manifests = new Map<string, FixtureManifest>();
  readonly tags = new Map<string, string>();

  /** Puts an image there without any request; the tag, when given, names it from now on. */
  put(image: FixtureImage, tag?: string): void {
    for (const blob of image.blobs) this.blobs.set(blob.digest, blob);
    for (const manifest of image.manifests) this.manifests.set(manifest.digest, manifest);
    if (tag !== undefined) this.tags.set(tag, image.digest);
  }

  /** The manifest that a tag or a digest names. */
  find(reference: string): FixtureManifest | undefined {
    return this.manifests.get(reference.includes(':') ? reference : this.tags.get(reference) ?? '');
  }

  /** Digests that a manifest needs and that are not here: of blobs, and of other manifests. */
  missing(manifest: FixtureManifest): { blobs: string[]; manifests: string[] } {
    const content: ManifestContent = JSON.parse(manifest.bytes.toString());
    if (isIndexType(manifest.mediaType)) {
      return { blobs: [], manifests: (content.manifests ?? []).map(({ digest }) => digest).filter((digest) => !this.manifests.has(digest)) };
    }
    const needed = [...content.config ? [content.config] : [], ...(content.layers ?? []).filter(({ urls }) => !urls?.length)];
    return { blobs: needed.map(({ digest }) => digest).filter((digest) => !this.blobs.has(digest)), manifests: [] };
  }

  /** The manifests whose subject is a digest, as the referrers API lists them. */
  referrers(digest: string): Descriptor[] {
    return [...this.manifests.values()].flatMap((manifest) => {
      const { subject, artifactType, config, annotations }: ManifestContent = JSON.parse(manifest.bytes.toString());
      if (subject?.digest !== digest) return [];
      const { mediaType, bytes } = manifest;
      return [{ mediaType, digest: manifest.digest, size: bytes.length, artifactType: artifactType ?? config?.mediaType, annotations }];
    });
  }
}

/** The digest that a manifest is about, when it is a referrer. */
export function subjectOf(manifest: FixtureManifest): string | undefined {
  const { subject }: ManifestContent = JSON.parse(manifest.bytes.toString());
  return subject?.digest;
}

interface ManifestContent {
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: Descriptor[];
  readonly manifests?: Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Record<string, string>;
}
