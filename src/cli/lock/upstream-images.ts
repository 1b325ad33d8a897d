import type { SignaturePresence, UpstreamFacts } from './lock-result';
import { lookupLimit } from '../../engine/copy/copy-context';
import { fallbackTag } from '../../engine/copy/copy-referrers';
import { ImageReader } from '../../engine/copy/image-reader';
import { Manifest, readDescriptorList, readManifest } from '../../engine/copy/manifest';
import { parseIndex, parsePlatformFields } from '../../engine/copy/platforms';
import { MirrorError } from '../../engine/mirror-error';
import type { RegistryClient } from '../../engine/registry/registry-client';
import { RegistryTools, RepositoryAccess } from '../../engine/registry/repository-access';
import { RetryContext, withRetries } from '../../engine/registry/retry';
import { untilAborted } from '../../engine/run-signal';
import { isLockedTime, LockEntry, MAX_LOCKED_PLATFORMS } from '../../image/admission/lock-file';
import type { ImageReference } from '../../image/image-reference';
import { isIndexType } from '../../image/media-types';
import { formatPlatform, normalizedPlatform, parsePlatform, Platform } from '../../image/platform';

/** The platform of the size and the build time, if the image has it. */
const USUAL_PLATFORM = 'linux/amd64';

/** Reads images upstream. Docker Hub counts only what `facts()` reads. */
export class UpstreamImage {
  private readonly access: RepositoryAccess;
  private readonly client: RegistryClient;

  constructor(image: ImageReference, tools: RegistryTools) {
    this.access = new RepositoryAccess(tools);
    this.client = this.access.client(image, 'pull');
  }

  /** The digest of a tag or a digest; `undefined` when upstream does not have it. */
  async digest(reference: string): Promise<string | undefined> {
    const { client, context } = this;
    return untilAborted(context.signal, withRetries(context, () => client.manifestDigest(reference, { confirm: true })));
  }

  /** The facts about an image for a reviewer. It reads the root manifest, and the manifest and the configuration of one platform. */
  async facts(digest: string): Promise<UpstreamFacts> {
    const { client, context } = this;
    const read = async () => {
      const [image, signature] = await Promise.all([describe(new ImageReader(client, context, lookupLimit()), digest), this.signature(digest)]);
      return { digest, ...image, signature };
    };
    return untilAborted(context.signal, read());
  }

  close(): void {
    this.access.close();
  }

  private get context(): RetryContext {
    return this.access.retryContext;
  }

  /** Whether upstream has a signature. An error is not an absent signature. */
  private async signature(digest: string): Promise<SignaturePresence> {
    try {
      return await this.hasSignature(digest) ? 'found' : 'none';
    } catch (error) {
      if (!(error instanceof MirrorError) || this.context.signal.aborted) throw error;
      return 'unknown';
    }
  }

  private async hasSignature(digest: string): Promise<boolean> {
    const { client, context } = this;
    const tag = fallbackTag(digest);
    if (await withRetries(context, () => client.manifestDigest(`${tag}.sig`)) !== undefined) return true;
    const pages = await withRetries(context, () => client.referrers(digest)) ?? await this.fallbackList(tag, digest);
    return pages.flatMap((page) => readDescriptorList(page, client.endpoint.registry)).some(({ entry }) => isSignature(entry));
  }

  /** The list of referrers in a registry without the referrers API. */
  private async fallbackList(tag: string, subject: string): Promise<Buffer[]> {
    const { client, context } = this;
    const digest = await withRetries(context, () => client.manifestDigest(tag));
    // GitLab reads the tag `sha256-…` as the digest, and returns the subject itself.
    if (digest === undefined || digest === subject) return [];
    const list = await withRetries(context, async () => readManifest(await client.manifest(digest), digest, client.endpoint.registry));
    return isIndexType(list.mediaType) ? [list.bytes] : [];
  }
}

/**
 * The artifact types of signatures: Sigstore bundles, older ones of cosign, and Notation.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 * @see https://github.com/notaryproject/specifications/blob/v1.1.0/specs/signature-specification.md
 */
const SIGNATURE_TYPES = /^application\/vnd\.(?:dev\.sigstore\.bundle\.|dev\.cosign\.artifact\.sig\.|dev\.cosign\.simplesigning\.|cncf\.notary\.signature$)/;

function isSignature(entry: unknown): boolean {
  const { artifactType } = Object(entry) as { artifactType?: unknown };
  return typeof artifactType === 'string' && SIGNATURE_TYPES.test(artifactType);
}

async function describe(reader: ImageReader, digest: string): Promise<Omit<LockEntry, 'digest'>> {
  const root = await reader.manifest({ digest });
  if (!isIndexType(root.mediaType)) return describeSingle(reader, root);
  const entries = parseIndex(root).manifests.flatMap((entry) => {
    const name = platformName(parsePlatformFields(entry.platform));
    return name === undefined ? [] : [{ entry, name }];
  });
  const platforms = [...new Set(entries.map(({ name }) => name))].sort().slice(0, MAX_LOCKED_PLATFORMS);
  const { entry } = entries.find(({ name }) => name === USUAL_PLATFORM) ?? entries.find(({ name }) => name === platforms[0]) ?? {};
  if (entry === undefined) return {};
  const child = await reader.manifest(entry);
  const { created, size } = isIndexType(child.mediaType) ? {} as LockEntry : await describeSingle(reader, child);
  return { platforms, size, created };
}

async function describeSingle(reader: ImageReader, image: Manifest): Promise<Omit<LockEntry, 'digest'>> {
  const configuration = await reader.configuration(image);
  const name = platformName(parsePlatformFields(configuration));
  const sizes = new Map(image.blobs.map((blob) => [blob.digest, blob.size]));
  const size = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const platforms = name === undefined ? undefined : [name];
  return { platforms, size: Number.isSafeInteger(size) ? size : undefined, created: timeOf(configuration.created) };
}

/** The platform of an image, if its name has only the usual characters. */
function platformName(platform: Platform | undefined): string | undefined {
  const name = platform === undefined ? '' : formatPlatform(normalizedPlatform(platform));
  return parsePlatform(name) === undefined ? undefined : name;
}

/** No image is older. Reproducible builds write a time before it. */
const FIRST_TIME = Date.parse('2000-01-01T00:00:00Z');

/** A time in seconds; `undefined` for other values. */
function timeOf(value: unknown): string | undefined {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : NaN;
  if (!(milliseconds >= FIRST_TIME)) return undefined;
  const time = new Date(milliseconds).toISOString().replace(/\.[0-9]+Z$/, 'Z');
  return isLockedTime(time) ? time : undefined;
}
