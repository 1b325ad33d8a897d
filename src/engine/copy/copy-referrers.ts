/**
 * Signatures, bills of materials and attestations that are kept beside an image instead of in it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md for the tags of cosign
 */
import type { CopyContext } from './copy-context';
import type { ImageCopy } from './image-copy';
import { Descriptor, Manifest, readDescriptorList, readManifest } from './manifest';
import { OCI_INDEX } from '../../image/media-types';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import { RetryContext, withRetries } from '../registry/retry';

/** Something that refers to a subject. */
export interface Referrer {
  readonly subject: string;
  readonly descriptor: Descriptor;
  /** Its entry in the registry's list, as it stands there. */
  readonly entry?: unknown;
  /** The tag by which it is found, where it has no field that names its subject. */
  readonly tag?: string;
}

/** Signatures of signatures exist; chains of them do not. */
const DEEPEST_CHAIN = 2;
const COSIGN_SUFFIXES = ['sig', 'att', 'sbom'];
/** Referrers are worth a second try, and not half a minute of the image's time. */
const ATTEMPTS = 2;
/** Milliseconds that a registry may ask to wait before the second. */
const LONGEST_WAIT = 10_000;
/** More than any image has; a list without end is no list. */
const MOST_REFERRERS = 200;

/** What refers to an image upstream: to the whole, and where the registry has the referrers API, to each of its platforms. */
export async function findReferrers(context: CopyContext, root: Manifest): Promise<Referrer[]> {
  const [tagged, listed] = await Promise.all([cosignReferrers(context, root.digest), listedReferrers(context, root)]);
  const byTag = new Set(tagged.map(({ descriptor }) => descriptor.digest));
  const found = [...tagged, ...listed.filter(({ descriptor }) => !byTag.has(descriptor.digest))];
  if (found.length > MOST_REFERRERS) warn(context, `${found.length} things refer to ${root.digest}; the first ${MOST_REFERRERS} come along`);
  return found.slice(0, MOST_REFERRERS);
}

function listedReferrers(context: CopyContext, root: Manifest): Promise<Referrer[]> {
  return tolerated(context, [], `look for what refers to ${root.digest}`, async () => {
    const listed = await listReferrers(context, root.digest);
    if (listed === undefined) return fallbackReferrers(context, root.digest);
    const ofPlatforms = await Promise.all(root.children.map(async ({ digest }) => await listReferrers(context, digest) ?? []));
    return [...listed, ...ofPlatforms.flat()];
  });
}

/**
 * Brings referrers to the target. One that cannot come is a warning: the image itself is whole without it.
 *
 * @returns those that came
 */
export async function copyReferrers(context: CopyContext, copy: ImageCopy, referrers: readonly Referrer[], depth: number = 1): Promise<Referrer[]> {
  const came = await Promise.all(referrers.map((referrer) => tolerated<Referrer[]>(context, [], `copy the referrer ${referrer.descriptor.digest}`, async () => {
    await (referrer.tag === undefined ? copy.bringManifest(referrer.descriptor) : bringTagged(copy, referrer.descriptor.digest, referrer.tag));
    context.statistics.referrersCopied++;
    if (depth === DEEPEST_CHAIN || referrer.tag !== undefined) return [referrer];
    return [referrer, ...await copyReferrers(context, copy, await furtherReferrers(context, referrer.descriptor.digest), depth + 1)];
  })));
  return came.flat();
}

/** What refers to a referrer, such as the signature of a bill of materials. */
function furtherReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  return tolerated(context, [], `look for what refers to ${subject}`, async () => {
    return await listReferrers(context, subject) ?? fallbackReferrers(context, subject);
  });
}

/** A target without the referrers API learns of them by a list of ours under the fall-back tag. */
export async function listTargetReferrers(context: CopyContext, copy: ImageCopy, referrers: readonly Referrer[]): Promise<void> {
  const subjects = new Set(referrers.filter(({ entry }) => entry !== undefined).map(({ subject }) => subject));
  for (const subject of subjects) {
    await tolerated(context, undefined, `list what refers to ${subject}`, async () => {
      if (await withRetries(patience(context), () => context.target.referrers(subject)) !== undefined) return;
      const manifests = referrers.filter((referrer) => referrer.subject === subject && referrer.entry !== undefined).map(({ entry }) => entry);
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }), 'utf8');
      await copy.put(readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), context.target.endpoint.registry), fallbackTag(subject));
    });
  }
}

async function bringTagged(copy: ImageCopy, digest: string, tag: string): Promise<void> {
  const manifest = await copy.upstream.manifest({ digest });
  await copy.bringContents(manifest);
  await copy.put(manifest, tag);
}

/** The registry's own list; undefined when it keeps none. */
async function listReferrers(context: CopyContext, subject: string): Promise<Referrer[] | undefined> {
  const { lookups, source } = context;
  const pages = await lookups.run(() => withRetries(patience(context), () => source.referrers(subject)));
  return pages?.flatMap((page) => readDescriptorList(page, source.endpoint.registry)).map((listed) => ({ subject, ...listed }));
}

/** The list that clients keep under a tag where the registry keeps none. */
async function fallbackReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  const { lookups, source } = context;
  const { registry } = source.endpoint;
  const [list] = await taggedReferrer(context, subject, fallbackTag(subject));
  if (list === undefined) return [];
  const { digest } = list.descriptor;
  const read = async () => readManifest(await source.manifest(digest), digest, registry);
  const { bytes } = await lookups.run(() => withRetries(patience(context), read));
  return readDescriptorList(bytes, registry).map((listed) => ({ subject, ...listed }));
}

/**
 * Where a list is kept without the API. A target with the API makes its own of what it is sent.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema
 */
function fallbackTag(subject: string): string {
  return subject.replace(':', '-');
}

async function cosignReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  const found = await Promise.all(COSIGN_SUFFIXES.map((suffix) => {
    const tag = `${fallbackTag(subject)}.${suffix}`;
    return tolerated(context, [], `look for ${tag}`, () => taggedReferrer(context, subject, tag));
  }));
  return found.flat();
}

async function taggedReferrer(context: CopyContext, subject: string, tag: string): Promise<Referrer[]> {
  const { lookups, source } = context;
  const digest = await lookups.run(() => withRetries(patience(context), () => source.manifestDigest(tag)));
  return digest === undefined ? [] : [{ subject, tag, descriptor: { mediaType: '', digest } }];
}

function patience({ run }: CopyContext): RetryContext {
  return { ...run, retry: { ...run.retry, attempts: Math.min(ATTEMPTS, run.retry.attempts), maxWait: LONGEST_WAIT } };
}

/** Failures here are warnings; the end of the run is not. */
async function tolerated<T>(context: CopyContext, otherwise: T, action: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof MirrorError) || context.run.signal.aborted) throw error;
    warn(context, `cannot ${action}: ${error.message}`);
    return otherwise;
  }
}

function warn({ progress, statistics }: CopyContext, warning: string): void {
  statistics.warnings.push(warning);
  progress.line(warning);
}
