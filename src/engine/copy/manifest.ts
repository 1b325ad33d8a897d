import { isDigest } from '../../image/image-reference';
import { isIndexType, isManifestType, isNonDistributableType, isSchema1Type } from '../../image/media-types';
import { sanitizeForLog } from '../../image/sanitize';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';

/** A reference to a blob or manifest by its content, checked to be well-formed. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** In bytes; unknown for what was found by its tag. */
  readonly size?: number;
}

/** A blob, whose size is always known. */
export interface BlobDescriptor extends Descriptor {
  readonly size: number;
  /** The content itself, where the manifest carries it. */
  readonly data?: Buffer;
}

/** A manifest that can be copied: what it needs to be there first, and its bytes. */
export interface Manifest extends ReceivedManifest {
  readonly digest: string;
  /** The manifests that an index lists. */
  readonly children: readonly Descriptor[];
  /** The blobs of an image: its configuration and layers, those that stay at their own URLs left out. */
  readonly blobs: readonly BlobDescriptor[];
}

const SCHEMA_1 = 'is of Docker schema 1, which signs its own bytes and cannot be copied; pull a newer tag of the image';

/**
 * Verifies a manifest's bytes against its digest and reads what a copy must know of it.
 *
 * @throws MirrorError when the bytes are not what the digest says, or the manifest is none that can be copied unchanged
 */
export function readManifest(received: ReceivedManifest, digest: string, registry: string): Manifest {
  const refuse = (problem: string) => new MirrorError('unsupported-manifest', `${registry}: manifest ${digest} ${problem}`);
  // Before its digest is verified, which leaves out the signatures and so is not that of the bytes.
  if (isSchema1Type(received.mediaType)) throw refuse(SCHEMA_1);
  const actual = digestOf(received.bytes);
  if (actual !== digest) {
    throw new MirrorError('digest-mismatch', `${registry}: manifest ${digest} arrived with other content (${actual})`, { retryable: true });
  }
  const json = parseObject(received.bytes);
  if (json === undefined) throw refuse('is no JSON object');
  const mediaType = mediaTypeOf(received.mediaType, json, refuse);
  const descriptors = (value: unknown) => readDescriptors(value, refuse);
  // Read as one kind here and as another elsewhere, it would be two images under one digest.
  // @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
  if (isIndexType(mediaType) ? json.layers !== undefined || json.config !== undefined : json.manifests !== undefined) {
    throw refuse('is both an index and an image');
  }
  if (isIndexType(mediaType)) return { bytes: received.bytes, mediaType, digest, children: descriptors(json.manifests), blobs: [] };
  const blobs = [...descriptors([json.config]), ...descriptors(json.layers)];
  return { bytes: received.bytes, mediaType, digest, children: [], blobs: blobs.filter((blob) => !isNonDistributableType(blob.mediaType)) };
}

/** The kind of manifest: what the registry says, or where it says nothing useful, what the manifest says of itself. */
function mediaTypeOf(header: string, json: Record<string, unknown>, refuse: (problem: string) => MirrorError): string {
  const own = typeof json.mediaType === 'string' ? json.mediaType : undefined;
  const mediaType = isIndexType(header) || isManifestType(header) || isSchema1Type(header) ? header : own ?? header;
  if (isSchema1Type(mediaType) || json.schemaVersion === 1) throw refuse(SCHEMA_1);
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) throw refuse(`is of a kind that is not supported: ${sanitizeForLog(mediaType || 'none given')}`);
  // One meaning for the registry and another for the reader is an attack, not a manifest.
  if (own !== undefined && own !== mediaType) throw refuse(`says that it is ${sanitizeForLog(own)}, and the registry that it is ${sanitizeForLog(mediaType)}`);
  return mediaType;
}

/**
 * Reads the list of an index that was not asked for by its digest, such as that of referrers.
 *
 * @throws MirrorError when it is none
 */
export function readDescriptorList(bytes: Buffer, registry: string): { readonly descriptor: Descriptor; readonly entry: unknown }[] {
  const refuse = (problem: string) => new MirrorError('unsupported-manifest', `${registry}: its list of referrers ${problem}`);
  const { manifests } = parseObject(bytes) ?? {};
  // Some registries write an empty list as null.
  const entries = manifests === null ? [] : manifests;
  return readDescriptors(entries, refuse).map((descriptor, index) => ({ descriptor, entry: (entries as unknown[])[index] }));
}

function readDescriptors(value: unknown, refuse: (problem: string) => MirrorError): BlobDescriptor[] {
  if (!Array.isArray(value)) throw refuse('lacks its list of contents');
  return value.map((entry: unknown) => {
    const { mediaType, digest, size, data } = Object(entry) as Record<string, unknown>;
    if (typeof digest !== 'string' || !isDigest(digest)) {
      throw refuse(`names content by something that is no sha256 digest: ${typeof digest === 'string' ? sanitizeForLog(digest) : typeof digest}`);
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw refuse(`gives no usable size for ${digest}`);
    return { mediaType: typeof mediaType === 'string' ? mediaType : '', digest, size, ...embedded(data, digest, size) };
  });
}

/** Content that a descriptor carries along; where it is not what the digest says, the registry is asked instead. */
function embedded(data: unknown, digest: string, size: number): { data?: Buffer } {
  if (typeof data !== 'string') return {};
  const bytes = Buffer.from(data, 'base64');
  return bytes.length === size && digestOf(bytes) === digest ? { data: bytes } : {};
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
