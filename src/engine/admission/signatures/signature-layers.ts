/** Finds what may be signatures of an image. Nothing of it is verified. */
import type { Annotations } from './cosign-layer';
import { isDigest } from '../../../image/image-reference';
import { parseJson } from '../../../image/parse-json';
import { CopyContext, lookUp } from '../../copy/copy-context';
import { fallbackTag } from '../../copy/copy-referrers';
import { textFields } from '../../copy/manifest';
import { digestOf } from '../../digest';
import { MirrorError } from '../../mirror-error';
import type { RegistryClient } from '../../registry/registry-client';

/** A layer of a manifest that refers to an image. */
export interface SignatureLayer {
  /** Where it was found, for people: `referrer 1f2e3d4c5b6a`, `tag sha256-….sig`. */
  readonly origin: string;
  readonly mediaType: string;
  readonly annotations: Annotations;
  readonly bytes: Buffer;
}

/** A descriptor in a list of referrers or of layers. */
interface ListedDescriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly artifactType: string;
  readonly annotations: Annotations;
}

/** The layers that can be signatures. */
export const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle[.+]/;
export const SIMPLE_SIGNING_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const ENVELOPE_TYPE = 'application/vnd.dsse.envelope.v1+json';
/** The artifacts with such layers: bundles, and the signatures of cosign 2 in its experimental mode. */
const ARTIFACT_TYPES = [BUNDLE_TYPE, /^application\/vnd\.dev\.cosign\.artifact\.sig\./];
/** The annotations that say what an attestation states: that of a bundle, and that of cosign's layer. They are not verified, so they only exclude. */
const PREDICATE_ANNOTATIONS = ['dev.sigstore.bundle.predicateType', 'predicateType'];

/** More than any image has. It limits the work for hostile lists. */
export const MAX_SIGNATURES = 64;
const MAX_LAYER_BYTES = 1024 * 1024;
const MAX_BYTES = 4 * 1024 * 1024;

/** The options of a search. */
export interface SignatureSearchOptions {
  readonly client: RegistryClient;
  /** The digest of the image. */
  readonly digest: string;
  /** Whether a statement can be a signature. */
  readonly accepts: (predicateType: string) => boolean;
  /** Whether a simple signing payload can be a signature. */
  readonly simpleSigning: boolean;
}

/** The search for signatures of one image in one repository. */
export class SignatureSearch {
  /** Why a place could not be searched. */
  readonly failures: string[] = [];
  /** The kinds of statements that were found, and that are not signatures. */
  readonly otherKinds = new Set<string>();
  /** Whether there was more than the limits allow. */
  isIncomplete = false;
  private readonly seen = new Set<string>();
  private manifests = 0;
  private blobs = 0;
  private bytes = 0;

  constructor(
    private readonly context: Pick<CopyContext, 'lookups' | 'retryContext'>, private readonly options: SignatureSearchOptions,
  ) {}

  /** The layers, the most likely ones first. A place is searched only if those before it had no sufficient signature. */
  async *layers(): AsyncGenerator<SignatureLayer> {
    const { client, digest } = this.options;
    const pages = await this.attempt('the list of referrers', () => client.referrers(digest));
    const listed = this.signaturesIn(pages ?? []);
    for (const { digest: referrer } of listed) yield* this.layersOf(`referrer ${short(referrer)}`, referrer);
    // A registry that has the referrers API should list these too. Not all do.
    if (listed.length === 0) yield* this.fallbackLayers();
    if (this.options.simpleSigning) yield* this.taggedLayers('sig');
    yield* this.taggedLayers('att');
  }

  private async *fallbackLayers(): AsyncGenerator<SignatureLayer> {
    const tag = fallbackTag(this.options.digest);
    const digest = await this.tagDigest(tag);
    const list = digest && await this.manifest(`the tag ${tag}`, digest);
    if (!list) return;
    for (const { digest: referrer } of this.signaturesIn([list])) yield* this.layersOf(`referrer ${short(referrer)}`, referrer);
  }

  private async *taggedLayers(suffix: string): AsyncGenerator<SignatureLayer> {
    const tag = `${fallbackTag(this.options.digest)}.${suffix}`;
    const digest = await this.tagDigest(tag);
    if (digest) yield* this.layersOf(`tag ${tag.replace(/[0-9a-f]{52}\./, '….')}`, digest);
  }

  private async tagDigest(tag: string): Promise<string | undefined> {
    const digest = await this.attempt(`the tag ${tag}`, () => this.options.client.manifestDigest(tag));
    // GitLab reads the tag `sha256-…` as the digest, and returns the image itself.
    return digest === this.options.digest ? undefined : digest;
  }

  /** The referrers in lists that can be signatures. Entries that are not valid are left out, because they are not the only ones. */
  private signaturesIn(lists: readonly Buffer[]): ListedDescriptor[] {
    const entries = lists.flatMap((list) => descriptors(parseJson(list.toString('utf8')), 'manifests'));
    return entries.filter(({ artifactType, annotations }) => {
      return ARTIFACT_TYPES.some((pattern) => pattern.test(artifactType)) && this.mayBeSignature(annotations);
    });
  }

  private mayBeSignature(annotations: Annotations): boolean {
    const predicateType = PREDICATE_ANNOTATIONS.map((name) => annotations[name]).find((value) => value);
    if (predicateType === undefined || this.options.accepts(predicateType)) return true;
    this.otherKinds.add(predicateType);
    return false;
  }

  private async *layersOf(origin: string, digest: string): AsyncGenerator<SignatureLayer> {
    if (this.seen.has(digest) || this.isFull()) return;
    this.seen.add(digest);
    const manifest = await this.manifest(origin, digest);
    if (manifest === undefined) return;
    const layers = descriptors(parseJson(manifest.toString('utf8')), 'layers');
    // cosign adds new signatures at the end.
    for (const layer of layers.reverse().filter(({ mediaType }) => this.isReadable(mediaType))) {
      if (!this.mayBeSignature(layer.annotations)) continue;
      if (this.isFull(layer.size)) return;
      const bytes = await this.blob(origin, layer);
      if (bytes !== undefined) yield { ...layer, origin, bytes };
    }
  }

  private isReadable(mediaType: string): boolean {
    return BUNDLE_TYPE.test(mediaType) || mediaType === ENVELOPE_TYPE || (mediaType === SIMPLE_SIGNING_TYPE && this.options.simpleSigning);
  }

  /** Whether a further layer exceeds the limits. */
  private isFull(size: number = 0): boolean {
    const isFull = this.manifests >= MAX_SIGNATURES || this.blobs >= MAX_SIGNATURES || this.bytes + size > MAX_BYTES;
    this.isIncomplete ||= isFull;
    return isFull;
  }

  private manifest(origin: string, digest: string): Promise<Buffer | undefined> {
    const { client } = this.options;
    this.manifests++;
    return this.attempt(origin, async () => requireContent((await client.manifest(digest)).bytes, digest, client));
  }

  private async blob(origin: string, { digest, size }: ListedDescriptor): Promise<Buffer | undefined> {
    if (size > MAX_LAYER_BYTES) {
      this.isIncomplete = true;
      return undefined;
    }
    const { client } = this.options;
    this.blobs++;
    const bytes = await this.attempt(origin, async () => requireContent(await client.smallBlob({ digest, size }), digest, client));
    // The size in the manifest can be wrong.
    this.bytes += bytes?.length ?? 0;
    return bytes?.length === size ? bytes : undefined;
  }

  /** Sends a request. Missing content is undefined. Content that cannot be read is a failure, because it can be the signature. */
  private async attempt<T>(what: string, request: () => Promise<T>): Promise<T | undefined> {
    const { client } = this.options;
    try {
      return await lookUp(this.context, client, request);
    } catch (error) {
      if (!(error instanceof MirrorError) || this.context.retryContext.signal.aborted) throw error;
      if (error.reason === 'not-found') return undefined;
      this.failures.push(`cannot read ${what} (${error.message})`);
      return undefined;
    }
  }
}

function requireContent(bytes: Buffer, digest: string, { endpoint: { registry } }: RegistryClient): Buffer {
  if (digestOf(bytes) === digest) return bytes;
  throw new MirrorError('digest-mismatch', `${registry}: ${digest} arrived with other content`, { retryable: true });
}

/** The valid descriptors in a field of a manifest. */
function descriptors(manifest: unknown, field: 'manifests' | 'layers'): ListedDescriptor[] {
  const { [field]: list } = Object(manifest) as Record<string, unknown>;
  return (Array.isArray(list) ? list : []).flatMap((entry: unknown) => {
    const { annotations, artifactType, digest, mediaType, size } = Object(entry) as Record<string, unknown>;
    if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return [];
    return [{ digest, size, mediaType: textOf(mediaType), artifactType: textOf(artifactType), annotations: textFields(annotations) }];
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function short(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}
