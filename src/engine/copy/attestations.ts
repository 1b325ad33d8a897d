/**
 * Attestations that an index lists: provenance and SBOMs of BuildKit, and artifacts with a subject.
 *
 * A target may refuse them. The image is then copied without them, as a new index that only depends on the source.
 *
 * @see https://docs.docker.com/build/metadata/attestations/attestation-storage/
 * @see https://github.com/aws/containers-roadmap/issues/2783 for attestations that Amazon ECR refused
 */
import { CopyContext, warn } from './copy-context';
import { ImageCopy, RefusedManifestError } from './image-copy';
import type { ImageReader } from './image-reader';
import type { Manifest } from './manifest';
import {
  ANNOTATION_PREFIX, annotationsOf, IndexContent, IndexEntry, MAX_INDEX_DEPTH, newIndex, parseIndex, parsePlatformFields, SOURCE_DIGEST_ANNOTATION,
  upstreamAnnotations,
} from './platforms';
import type { AttestationPolicy } from '../../image/contract/environment';
import { isIndexType } from '../../image/media-types';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';

/** The policy for the attestations of an image. */
export interface AttestationOptions {
  readonly policy: AttestationPolicy;
  /** Whether the user pinned the digest of the image. A pinned image is never copied with another index. */
  readonly isPinned: boolean;
  /** The digest of the source image, which a new index keeps in an annotation. */
  readonly sourceDigest: string;
}

/** The annotation of an index that the engine made for all platforms. */
const ATTESTATIONS_ANNOTATION = `${ANNOTATION_PREFIX}attestations`;
/** The index was made without the attestations of its source. */
const LEFT_OUT = 'left-out';
/** The index has all entries of its source, which has the annotation of another engine. */
const AS_UPSTREAM = 'as-upstream';

/** The annotation of BuildKit that marks an attestation in an index. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';

/** Whether an index was made without the attestations of its source. */
export function lacksAttestations(received: ReceivedManifest): boolean {
  return annotationsOf(received)[ATTESTATIONS_ANNOTATION] === LEFT_OUT;
}

/** Whether an index was made from a source that has the annotation of another engine. */
export function replacesAnnotations(received: ReceivedManifest): boolean {
  return annotationsOf(received)[ATTESTATIONS_ANNOTATION] === AS_UPSTREAM;
}

/**
 * Copies everything that an image lists.
 *
 * If the target refuses one attestation, the image is copied without all its attestations. So the new index does not depend on which
 * attestations the target refuses, and in which order.
 *
 * @returns the manifest to put under the tag: the given one, or a new index without attestations
 * @throws MirrorError when the target refuses an attestation that the image must keep
 */
export async function copyWithAttestations(
  context: CopyContext, copy: ImageCopy, selected: Manifest, options: AttestationOptions,
): Promise<Manifest> {
  const { policy, isPinned } = options;
  const root = isPinned ? selected : withOwnAnnotations(context, copy, selected, options.sourceDigest);
  if (policy === 'DROP') {
    const reduced = await withoutAttestations(root, options.sourceDigest, copy.sourceReader);
    if (reduced === undefined) return copyRoot(copy, root);
    if (isPinned) throw pinnedError(context, root.digest, reduced.leftOut.size);
    return copyRoot(copy, reduced.root);
  }
  try {
    return await copyRoot(copy, root);
  } catch (error) {
    if (!(error instanceof RefusedManifestError)) throw error;
    const reduced = await withoutAttestations(root, options.sourceDigest, copy.sourceReader);
    if (!reduced?.leftOut.has(error.digest)) throw error;
    if (policy === 'KEEP' || isPinned) throw keepError(error, isPinned);
    const count = reduced.leftOut.size === 1 ? 'its attestation' : `its ${reduced.leftOut.size} attestations`;
    warn(context, `the mirror refuses an attestation, so the image is copied without ${count}, and its digest is ${reduced.root.digest} `
      + `instead of ${options.sourceDigest}: ${error.message}`);
    return copyRoot(copy, reduced.root);
  }
}

async function copyRoot(copy: ImageCopy, root: Manifest): Promise<Manifest> {
  await copy.copyContents(root);
  return root;
}

/**
 * The index to copy instead of an index that upstream annotated as if this engine had made it: upstream can be a mirror, or an attacker.
 *
 * With the annotations of upstream, a later run would compare the wrong source digest. It could report a moved tag as unchanged.
 */
function withOwnAnnotations(context: CopyContext, { sourceReader }: ImageCopy, selected: Manifest, sourceDigest: string): Manifest {
  const isUpstreamIndex = selected.digest === sourceDigest && isIndexType(selected.mediaType);
  if (!isUpstreamIndex || annotationsOf(selected)[ATTESTATIONS_ANNOTATION] === undefined) return selected;
  const content = parseIndex(selected);
  const annotations = { ...upstreamAnnotations(content), [SOURCE_DIGEST_ANNOTATION]: sourceDigest, [ATTESTATIONS_ANNOTATION]: AS_UPSTREAM };
  const root = newIndex(selected, { ...content, annotations }, sourceReader.registry);
  sourceReader.remember(root);
  warn(context, `the index ${sourceDigest} has the annotation ${ATTESTATIONS_ANNOTATION}, which upstream uses too if it is a mirror of this kind; `
    + `so the mirror has the same images in an index with its own annotation, and its digest is ${root.digest}`);
  return root;
}

/** An index without attestations, and the digests of everything that it does not list anymore. */
interface ReducedIndex {
  readonly root: Manifest;
  readonly leftOut: ReadonlySet<string>;
}

/**
 * Makes an index without attestations. The same source always gives the same index. All other entries keep their content and order.
 *
 * A nested index with attestations is reduced in the same way, so its entry has another digest and size.
 *
 * @returns undefined when the image has no attestations, and when it has only attestations
 */
async function withoutAttestations(root: Manifest, sourceDigest: string, reader: ImageReader): Promise<ReducedIndex | undefined> {
  const leftOut = new Set<string>();
  const isUpstream = root.digest === sourceDigest;
  const annotate = (content: IndexContent) => ({
    ...isUpstream ? upstreamAnnotations(content) : content.annotations, [SOURCE_DIGEST_ANNOTATION]: sourceDigest, [ATTESTATIONS_ANNOTATION]: LEFT_OUT,
  });
  const reduced = await reduce(root, { reader, leftOut, annotate, depth: 1 });
  return reduced === undefined || reduced === root ? undefined : { root: reduced, leftOut };
}

interface ReduceOptions {
  readonly reader: ImageReader;
  /** Receives the digests of everything that is left out. */
  readonly leftOut: Set<string>;
  /** Returns the annotations of the new index. Nested indexes keep theirs. */
  readonly annotate?: (content: IndexContent) => Readonly<Record<string, string>>;
  readonly depth: number;
}

/** The index without attestations; the same manifest when it has none, and undefined when it has only attestations. */
async function reduce(index: Manifest, options: ReduceOptions): Promise<Manifest | undefined> {
  if (!isIndexType(index.mediaType) || options.depth > MAX_INDEX_DEPTH) return index;
  const content = parseIndex(index);
  const { manifests } = content;
  const entries = await Promise.all(manifests.map((entry) => reduceEntry(entry, options)));
  const kept = entries.filter((entry) => entry !== undefined);
  if (kept.length === manifests.length && kept.every((entry, position) => entry === manifests[position])) return index;
  if (kept.length === 0) return undefined;
  const annotations = options.annotate === undefined ? {} : { annotations: options.annotate(content) };
  const reduced = newIndex(index, { ...content, manifests: kept, ...annotations }, options.reader.registry);
  options.reader.remember(reduced);
  return reduced;
}

async function reduceEntry(entry: IndexEntry, options: ReduceOptions): Promise<IndexEntry | undefined> {
  const { leftOut, reader, depth } = options;
  if (await isAttestation(entry, reader)) {
    leftOut.add(entry.digest);
    return undefined;
  }
  if (!isIndexType(entry.mediaType ?? '')) return entry;
  const nested = await reader.manifest(entry);
  const reduced = await reduce(nested, { reader, leftOut, depth: depth + 1 });
  if (reduced === nested) return entry;
  leftOut.add(entry.digest);
  return reduced && { ...entry, digest: reduced.digest, size: reduced.bytes.length };
}

/** An attestation has no platform of its own. It has BuildKit's annotation, or is an artifact with a subject. */
async function isAttestation(entry: IndexEntry, reader: ImageReader): Promise<boolean> {
  if (parsePlatformFields(entry.platform) !== undefined) return false;
  if (entry.annotations?.[REFERENCE_TYPE] !== undefined) return true;
  if (isIndexType(entry.mediaType ?? '')) return false;
  const { bytes } = await reader.manifest(entry);
  const { subject } = Object(JSON.parse(bytes.toString('utf8'))) as { subject?: unknown };
  return typeof subject === 'object' && subject !== null;
}

function keepError(error: RefusedManifestError, isPinned: boolean): MirrorError {
  const remedy = isPinned
    ? 'the digest is pinned, so the image cannot be copied without its attestations; remove the digest, or use a target that accepts them'
    : 'set attestations to "keep if accepted" to copy the image without its attestations, or use a target that accepts them';
  return new MirrorError(error.reason, `${error.message}; ${remedy}`, { cause: error });
}

function pinnedError({ source }: CopyContext, digest: string, count: number): MirrorError {
  return new MirrorError('invalid-configuration', `${source.endpoint.registry}: ${digest} has ${count} attestations that are to be dropped, `
    + 'but its digest is pinned, and without them it has another digest; set attestations to "keep if accepted", or remove the digest');
}
