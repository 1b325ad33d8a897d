import { isDigest } from '../../image/image-reference';
import { isIndexType, isManifestType, isNonDistributableType, isSchema1Type } from '../../image/media-types';
import { jsonAmbiguity, parseJson } from '../../image/parse-json';
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
  /** The configuration and the layers of an image, except non-distributable layers with URLs, which stay at their URLs. */
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
  const json = parseObject(received.bytes, unsupported);
  const mediaType = mediaTypeOf(received.mediaType, json, unsupported);
  const descriptors = (values: readonly unknown[]) => readDescriptors(values, unsupported);
  // Clients that read it as different kinds would see two images under one digest.
  // @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
  if (isIndexType(mediaType) ? json.layers !== undefined || json.config !== undefined : json.manifests !== undefined) {
    throw unsupported('is both an index and an image');
  }
  const { bytes } = received;
  if (isIndexType(mediaType)) return { bytes, mediaType, digest, children: descriptors(listOf(json, 'manifests', unsupported)), blobs: [] };
  if (typeof json.config !== 'object' || json.config === null) throw unsupported('has no "config", which an image manifest must have');
  const layers = listOf(json, 'layers', unsupported);
  const held = descriptors(layers).filter((_, index) => !isAtItsUrls(layers[index]));
  return { bytes, mediaType, digest, children: [], blobs: [...descriptors([json.config]), ...held] };
}

/**
 * The list in a field of a manifest. Go programs write an empty list as `null`.
 *
 * An image without `layers` has none. A manifest without `manifests` is refused: every JSON object, also an error, would be a valid index.
 */
function listOf(json: Record<string, unknown>, name: 'layers' | 'manifests', unsupported: (problem: string) => MirrorError): readonly unknown[] {
  const value = json[name];
  if (value === null || (name === 'layers' && value === undefined)) return [];
  if (!Array.isArray(value)) throw unsupported(`has no list of ${name}; "${name}" must be a list`);
  return value;
}

/** Whether clients download a layer from its `urls` and not from the registry. Without `urls`, the registry has even a non-distributable layer. */
function isAtItsUrls(layer: unknown): boolean {
  const { mediaType, urls } = Object(layer) as Record<string, unknown>;
  const isNonDistributable = typeof mediaType === 'string' && isNonDistributableType(mediaType);
  return isNonDistributable && Array.isArray(urls) && urls.some((url) => typeof url === 'string' && url !== '');
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
 * Reads the descriptors of a list of referrers, which has no known digest. The entries have only known fields.
 *
 * @throws MirrorError when the list is not valid
 */
export function readDescriptorList(bytes: Buffer, registry: string): { readonly descriptor: Descriptor; readonly entry: unknown }[] {
  const unsupported = (problem: string) => new MirrorError('unsupported-manifest', `${registry}: its list of referrers ${problem}`);
  const entries = listOf(parseObject(bytes, unsupported), 'manifests', unsupported);
  return readDescriptors(entries, unsupported).map((descriptor, index) => ({ descriptor, entry: knownFields(entries[index], DESCRIPTOR_FIELDS) }));
}

function readDescriptors(values: readonly unknown[], unsupported: (problem: string) => MirrorError): BlobDescriptor[] {
  return values.map((entry: unknown) => {
    const { mediaType, digest, size, data } = Object(entry) as Record<string, unknown>;
    if (typeof digest !== 'string' || !isDigest(digest)) {
      throw unsupported(`has a descriptor without a valid sha256 digest: ${typeof digest === 'string' ? sanitizeForLog(digest) : typeof digest}`);
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw unsupported(`has no valid size for ${digest}: a size must be an integer of 0 to ${Number.MAX_SAFE_INTEGER}`);
    }
    // Go programs read -0 as 0.
    return { mediaType: typeof mediaType === 'string' ? mediaType : '', digest, size: size + 0, ...embeddedData(data, digest, size) };
  });
}

/** The embedded content of a descriptor. Content that does not match the digest is ignored, and the blob is fetched from the registry. */
function embeddedData(data: unknown, digest: string, size: number): { data?: Buffer } {
  if (typeof data !== 'string') return {};
  const bytes = Buffer.from(data, 'base64');
  return bytes.length === size && digestOf(bytes) === digest ? { data: bytes } : {};
}

/** Parses the JSON object of a manifest. Invalid UTF-8 becomes replacement characters, as in Go programs. */
function parseObject(bytes: Buffer, unsupported: (problem: string) => MirrorError): Record<string, unknown> {
  const text = bytes.toString('utf8');
  const ambiguity = jsonAmbiguity(text, { names: FIELD_NAMES, integers: ['schemaVersion', 'size'] });
  if (ambiguity !== undefined) throw unsupported(`${ambiguity}; use another image`);
  const json = parseJson(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unsupported('is not a JSON object');
  return json as Record<string, unknown>;
}

/** Copies the value of a field when it has the right type, and returns undefined otherwise. */
type FieldReader = (value: unknown) => unknown;
type KnownFields = Readonly<Record<string, FieldReader>>;

const text: FieldReader = (value) => typeof value === 'string' ? value : undefined;
const number: FieldReader = (value) => Number.isSafeInteger(value) ? value : undefined;
const texts: FieldReader = (value) => Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
const annotations: FieldReader = (value) => isObject(value) ? textFields(value) : undefined;

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
const DESCRIPTOR_FIELDS: KnownFields = {
  mediaType: text,
  digest: text,
  size: number,
  urls: texts,
  annotations,
  data: text,
  artifactType: text,
  platform: (value) => isObject(value) ? knownFields(value, PLATFORM_FIELDS) : undefined,
};

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md */
const PLATFORM_FIELDS: KnownFields = {
  'architecture': text,
  'os': text,
  'os.version': text,
  'os.features': texts,
  'variant': text,
  'features': texts,
};

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md */
const INDEX_FIELDS: KnownFields = {
  schemaVersion: number,
  mediaType: text,
  artifactType: text,
  manifests: (value) => Array.isArray(value) ? value.map((entry) => knownFields(entry, DESCRIPTOR_FIELDS)) : undefined,
  subject: (value) => isObject(value) ? knownFields(value, DESCRIPTOR_FIELDS) : undefined,
  annotations,
};

/** The names of all fields that clients read in manifests. */
const FIELD_NAMES = [
  ...[DESCRIPTOR_FIELDS, PLATFORM_FIELDS, INDEX_FIELDS].flatMap((fields) => Object.keys(fields)), 'config', 'layers', 'fsLayers',
];

/** The known fields of an index, in their original order. A new index is made from them, so it has nothing that only some clients read. */
export function indexFields({ bytes }: ReceivedManifest): Readonly<Record<string, unknown>> {
  return knownFields(parseJson(bytes.toString('utf8')), INDEX_FIELDS);
}

/** The fields of an object that have text values. */
export function textFields(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(Object(value) as object).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function knownFields(value: unknown, fields: KnownFields): Record<string, unknown> {
  const known = Object.entries(Object(value) as object).filter(([name]) => Object.hasOwn(fields, name));
  return Object.fromEntries(known.map(([name, field]) => [name, fields[name](field)]));
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
