/**
 * Copies referrers: signatures, SBOMs and attestations that are stored as separate artifacts, not inside the image.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md for the tags of cosign
 */
import { CopyContext, lookUp, warn } from './copy-context';
import type { ImageCopy } from './image-copy';
import { Descriptor, Manifest, readDescriptorList, readManifest } from './manifest';
import { isIndexType, OCI_INDEX } from '../../image/media-types';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import { limitError } from '../registry/read-budget';
import type { RegistryClient } from '../registry/registry-client';

/** An artifact that refers to a subject. */
export interface Referrer {
  /** The digest of the subject. */
  readonly subject: string;
  readonly descriptor: Descriptor;
  /** Its entry in the registry's list, unchanged. */
  readonly entry?: unknown;
  /** Its tag, when it has no field that names its subject. */
  readonly tag?: string;
}

/** Signatures of signatures exist. Longer chains do not. */
const MAX_CHAIN_LENGTH = 2;
const COSIGN_SUFFIXES = ['sig', 'att', 'sbom'];
/** Few attempts, so that referrers do not delay the image by half a minute. */
const MAX_ATTEMPTS = 2;
/** The maximum pause in milliseconds that a `Retry-After` header may require. */
const MAX_WAIT = 10_000;
/** More than any image has, to limit the work for a malicious list. */
export const MAX_REFERRERS = 200;

/** Finds the referrers of an image in the source: those of its root, and with the referrers API also those of each platform. */
export async function findReferrers(context: CopyContext, root: Manifest): Promise<Referrer[]> {
  const [tagged, listed] = await Promise.all([findCosignReferrers(context, root.digest), findListedReferrers(context, root)]);
  const byTag = new Set(tagged.map(({ descriptor }) => descriptor.digest));
  const found = [...tagged, ...listed.filter(({ descriptor }) => !byTag.has(descriptor.digest))];
  if (found.length > MAX_REFERRERS) warn(context, `${root.digest} has ${found.length} referrers; only the first ${MAX_REFERRERS} are copied`);
  return found.slice(0, MAX_REFERRERS);
}

function findListedReferrers(context: CopyContext, root: Manifest): Promise<Referrer[]> {
  return withWarnings(context, [], `find the referrers of ${root.digest}`, async () => {
    const listed = await listReferrers(context, root.digest);
    if (listed === undefined) return fallbackReferrers(context, root.digest);
    const ofPlatforms = await Promise.all(root.children.map(async ({ digest }) => await listReferrers(context, digest) ?? []));
    return [...listed, ...ofPlatforms.flat()];
  });
}

/**
 * Copies referrers. A referrer that cannot be copied is a warning, because the image is complete without it.
 *
 * @returns the referrers that were copied
 */
export async function copyReferrers(context: CopyContext, copy: ImageCopy, referrers: readonly Referrer[], depth: number = 1): Promise<Referrer[]> {
  const copyReferrer = async (referrer: Referrer): Promise<Referrer[]> => {
    const { descriptor, tag } = referrer;
    await (tag === undefined ? copy.copyManifest(descriptor) : copyTagged(copy, descriptor.digest, tag));
    context.statistics.referrersCopied++;
    if (depth === MAX_CHAIN_LENGTH || tag !== undefined) return [referrer];
    return [referrer, ...await copyReferrers(context, copy, await findFurtherReferrers(context, descriptor.digest), depth + 1)];
  };
  const copied = await Promise.all(referrers.map((referrer) => {
    return withWarnings<Referrer[]>(context, [], `copy the referrer ${referrer.descriptor.digest}`, () => copyReferrer(referrer));
  }));
  return copied.flat();
}

/** The referrers of a referrer, such as the signature of an SBOM. */
function findFurtherReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  return withWarnings(context, [], `find the referrers of ${subject}`, async () => {
    return await listReferrers(context, subject) ?? fallbackReferrers(context, subject);
  });
}

/** Puts a list of referrers under the fallback tag of each subject, when the target has no referrers API. */
export async function listTargetReferrers(context: CopyContext, copy: ImageCopy, referrers: readonly Referrer[]): Promise<void> {
  const subjects = new Set(referrers.filter(({ entry }) => entry !== undefined).map(({ subject }) => subject));
  for (const subject of subjects) {
    await withWarnings(context, undefined, `list the referrers of ${subject}`, async () => {
      if (await lookUpBriefly(context, context.target, () => context.target.referrers(subject)) !== undefined) return;
      const manifests = referrers.filter((referrer) => referrer.subject === subject && referrer.entry !== undefined).map(({ entry }) => entry);
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }), 'utf8');
      await copy.put(readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), context.target.endpoint.registry), fallbackTag(subject));
    });
  }
}

async function copyTagged(copy: ImageCopy, digest: string, tag: string): Promise<void> {
  const manifest = await copy.sourceReader.manifest({ digest });
  await copy.copyContents(manifest);
  await copy.put(manifest, tag);
}

/** The referrers in the registry's own list; undefined when the registry has no referrers API. */
export async function listReferrers(context: CopyContext, subject: string): Promise<Referrer[] | undefined> {
  const { source } = context;
  const pages = await lookUpBriefly(context, source, () => source.referrers(subject));
  return pages?.flatMap((page) => referrersIn(page, subject, source.endpoint.registry));
}

/** The referrers in the list that clients keep under the fallback tag, when the registry has no referrers API. */
export async function fallbackReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  const { source } = context;
  const { registry } = source.endpoint;
  const [list] = await findTaggedReferrer(context, subject, fallbackTag(subject));
  if (list === undefined) return [];
  const { digest } = list.descriptor;
  const read = async () => readManifest(await source.manifest(digest), digest, registry);
  const { bytes, mediaType } = await lookUpBriefly(context, source, read);
  return isIndexType(mediaType) ? referrersIn(bytes, subject, registry) : [];
}

/** The referrers in a list. An entry for the subject itself is not a referrer. */
function referrersIn(list: Buffer, subject: string, registry: string): Referrer[] {
  return readDescriptorList(list, registry).filter(({ descriptor }) => descriptor.digest !== subject).map((listed) => ({ subject, ...listed }));
}

/**
 * The fallback tag for the referrers of a subject. A registry with the referrers API makes its own list.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema
 */
export function fallbackTag(subject: string): string {
  return subject.replace(':', '-');
}

async function findCosignReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  const found = await Promise.all(COSIGN_SUFFIXES.map((suffix) => {
    const tag = `${fallbackTag(subject)}.${suffix}`;
    return withWarnings(context, [], `look up ${tag}`, () => findTaggedReferrer(context, subject, tag));
  }));
  return found.flat();
}

export async function findTaggedReferrer(context: CopyContext, subject: string, tag: string): Promise<Referrer[]> {
  const { source } = context;
  const digest = await lookUpBriefly(context, source, () => source.manifestDigest(tag));
  // GitLab reads the tag `sha256-…` as the digest, and returns the subject itself. @see https://github.com/oras-project/oras-go/issues/1396
  return digest === undefined || digest === subject ? [] : [{ subject, tag, descriptor: { mediaType: '', digest } }];
}

/** Sends a small request with few retries. */
export function lookUpBriefly<T>(context: CopyContext, client: RegistryClient, attempt: () => Promise<T>): Promise<T> {
  const { retry } = context.retryContext;
  const attempts = Math.min(MAX_ATTEMPTS, retry.attempts);
  return lookUp({ ...context, retryContext: { ...context.retryContext, retry: { ...retry, attempts, maxWait: MAX_WAIT } } }, client, attempt);
}

/** Turns an error into a warning, unless the run is interrupted or has reached its deadline. */
export async function withWarnings<T>(context: CopyContext, fallback: T, action: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof MirrorError) || context.retryContext.signal.aborted) throw error;
    if (error.reason === 'limit-exceeded') throw limitError(`${error.message}; to mirror the image without its referrers, turn them off`);
    warn(context, `cannot ${action}: ${error.message}`);
    return fallback;
  }
}
