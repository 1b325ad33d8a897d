import { isDigest } from '../../image/image-reference';
import { isIndexType, isManifestType, isNonDistributableType, isSchema1Type } from '../../image/media-types';
import { parseJson } from '../../image/parse-json';
import { sanitizeForLog } from '../../image/sanitize';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';

/** A descriptor of a blob or manifest, checked to be well-formed. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** In bytes; undefined for content that was found by its tag. */
  readonly size?: number;
}

/** A descriptor of a blob, with a known size. */
export interface BlobDescriptor extends Descriptor {
  readonly size: number;
  /** The content, when the manifest embeds it. */
  readonly data?: Buffer;
}

/** A manifest that can be copied: its bytes, and the content that the target must have first. */
export interface Manifest extends ReceivedManifest {
  readonly digest: string;
  /** The manifests that an index lists. */
  readonly children: readonly Descriptor[];
  /** The configuration and the layers of an image, except non-distributable layers, which stay at their own URLs. */
  readonly blobs: readonly BlobDescriptor[];
}

const SCHEMA_1 = 'is of Docker schema 1, which signs its own bytes and cannot be copied; pull a newer tag of the image';

/**
 * Verifies the bytes of a manifest against its digest, and reads the descriptors that a copy needs.
 *
 * @throws MirrorError when the bytes don't match the digest, and when the manifest cannot be copied unchanged
 */
export function readManifest(received: ReceivedManifest, digest: string, registry: string): Manifest {
  const unsupported = (problem: string) => new MirrorError('unsupported-manifest', `${registry}: manifest ${digest} ${problem}`);
  // Before the digest is verified: a digest of schema 1 does not cover the signatures, so it is not the digest of the bytes.
  if (isSchema1Type(received.mediaType)) throw unsupported(SCHEMA_1);
  const actual = digestOf(received.bytes);
  if (actual !== digest) {
    throw new MirrorError('digest-mismatch', `${registry}: manifest ${digest} arrived with other content (${actual})`, { retryable: true });
  }
  const json = parseObject(received.bytes);
  if (json === undefined) throw unsupported('is not a JSON object');
  const mediaType = mediaTypeOf(received.mediaType, json, unsupported);
  const descriptors = (value: unknown) => readDescriptors(value, unsupported);
  // Clients that read it as different kinds would see two images under one digest.
  // @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
  if (isIndexType(mediaType) ? json.layers !== undefined || json.config !== undefined : json.manifests !== undefined) {
    throw unsupported('is both an index and an image');
  }
  if (isIndexType(mediaType)) return { bytes: received.bytes, mediaType, digest, children: descriptors(json.manifests), blobs: [] };
  const blobs = [...descriptors([json.config]), ...descriptors(json.layers)];
  return { bytes: received.bytes, mediaType, digest, children: [], blobs: blobs.filter((blob) => !isNonDistributableType(blob.mediaType)) };
}

/** The media type of a manifest: the media type of the response, or of the manifest itself when the response has no useful one. */
function mediaTypeOf(header: string, json: Record<string, unknown>, unsupported: (problem: string) => MirrorError): string {
  const own = typeof json.mediaType === 'string' ? json.mediaType : undefined;
  const mediaType = isIndexType(header) || isManifestType(header) || isSchema1Type(header) ? header : own ?? header;
  if (isSchema1Type(mediaType) || json.schemaVersion === 1) throw unsupported(SCHEMA_1);
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw unsupported(`has an unsupported media type: ${sanitizeForLog(mediaType || 'none')}`);
  }
  // Two different media types for one manifest are an attack.
  if (own !== undefined && own !== mediaType) {
    throw unsupported(`has the media type ${sanitizeForLog(own)}, and the registry says ${sanitizeForLog(mediaType)}`);
  }
  return mediaType;
}

/**
 * Reads the descriptors of a list of referrers, which has no known digest.
 *
 * @throws MirrorError when the list is not valid
 */
export function readDescriptorList(bytes: Buffer, registry: string): { readonly descriptor: Descriptor; readonly entry: unknown }[] {
  const unsupported = (problem: string) => new MirrorError('unsupported-manifest', `${registry}: its list of referrers ${problem}`);
  const { manifests } = parseObject(bytes) ?? {};
  // Some registries write an empty list as null.
  const entries = manifests === null ? [] : manifests;
  return readDescriptors(entries, unsupported).map((descriptor, index) => ({ descriptor, entry: (entries as unknown[])[index] }));
}

function readDescriptors(value: unknown, unsupported: (problem: string) => MirrorError): BlobDescriptor[] {
  if (!Array.isArray(value)) throw unsupported('has no list of contents');
  return value.map((entry: unknown) => {
    const { mediaType, digest, size, data } = Object(entry) as Record<string, unknown>;
    if (typeof digest !== 'string' || !isDigest(digest)) {
      throw unsupported(`has a descriptor without a valid sha256 digest: ${typeof digest === 'string' ? sanitizeForLog(digest) : typeof digest}`);
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw unsupported(`has no valid size for ${digest}`);
    return { mediaType: typeof mediaType === 'string' ? mediaType : '', digest, size, ...embeddedData(data, digest, size) };
  });
}

/** The embedded content of a descriptor. Content that does not match the digest is ignored, and the blob is fetched from the registry. */
function embeddedData(data: unknown, digest: string, size: number): { data?: Buffer } {
  if (typeof data !== 'string') return {};
  const bytes = Buffer.from(data, 'base64');
  return bytes.length === size && digestOf(bytes) === digest ? { data: bytes } : {};
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  const json = parseJson(bytes.toString('utf8'));
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json as Record<string, unknown> : undefined;
}
