/**
 * Signatures, bills of materials and attestations that are kept beside an image instead of in it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md for the tags of cosign
 */
import type { CopyContext } from './copy-context';
import type { ImageCopy } from './image-copy';
import { Descriptor, Manifest, readDescriptorList } from './manifest';
import { MirrorError } from '../mirror-error';
import { RetryContext, withRetries } from '../registry/retry';

/** Something that refers to a subject. */
export interface Referrer {
  readonly subject: string;
  readonly descriptor: Descriptor;
  /** The tag by which it is found, where it has no field that names its subject. */
  readonly tag?: string;
}

/** Signatures of signatures exist; chains of them do not. */
const DEEPEST_CHAIN = 2;
const COSIGN_SUFFIXES = ['sig', 'att', 'sbom'];
/** Referrers are worth a second try, and not half a minute of the image's time. */
const ATTEMPTS = 2;

/** What refers to an image upstream: to the whole, and where the registry has the referrers API, to each of its platforms. */
export async function findReferrers(context: CopyContext, root: Manifest): Promise<Referrer[]> {
  return tolerated(context, [], 'look for referrers', async () => {
    const [listed, cosign] = await Promise.all([listReferrers(context, root.digest), cosignReferrers(context, root.digest)]);
    if (listed === undefined) return [...cosign, ...await fallbackReferrers(context, root.digest)];
    const ofPlatforms = await Promise.all(root.children.map(async ({ digest }) => await listReferrers(context, digest) ?? []));
    return [...listed, ...ofPlatforms.flat(), ...cosign];
  });
}

/** Brings referrers to the target. One that cannot come is a warning: the image itself is whole without it. */
export async function copyReferrers(context: CopyContext, copy: ImageCopy, referrers: readonly Referrer[], depth: number = 1): Promise<void> {
  await Promise.all(referrers.map((referrer) => tolerated(context, undefined, `copy the referrer ${referrer.descriptor.digest}`, async () => {
    await (referrer.tag === undefined ? copy.bringManifest(referrer.descriptor) : bringTagged(copy, referrer.descriptor.digest, referrer.tag));
    context.statistics.referrersCopied++;
    const further = depth < DEEPEST_CHAIN && referrer.tag === undefined ? await listReferrers(context, referrer.descriptor.digest) ?? [] : [];
    await copyReferrers(context, copy, further, depth + 1);
  })));
}

async function bringTagged(copy: ImageCopy, digest: string, tag: string): Promise<void> {
  const manifest = await copy.fetch(digest);
  await copy.bringContents(manifest);
  await copy.put(manifest, tag);
}

/** The registry's own list; undefined when it keeps none. */
async function listReferrers(context: CopyContext, subject: string): Promise<Referrer[] | undefined> {
  const { lookups, source } = context;
  const pages = await lookups.run(() => withRetries(patience(context), () => source.referrers(subject)));
  return pages?.flatMap((page) => readDescriptorList(page, source.endpoint.registry)).map((descriptor) => ({ subject, descriptor }));
}

/** Without the API, a list is kept under a tag made of the subject's digest; it travels with what it lists. */
async function fallbackReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  return taggedReferrer(context, subject, fallbackTag(subject));
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema */
function fallbackTag(subject: string): string {
  return subject.replace(':', '-');
}

async function cosignReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  const found = await Promise.all(COSIGN_SUFFIXES.map((suffix) => taggedReferrer(context, subject, `${fallbackTag(subject)}.${suffix}`)));
  return found.flat();
}

async function taggedReferrer(context: CopyContext, subject: string, tag: string): Promise<Referrer[]> {
  const { lookups, source } = context;
  const digest = await lookups.run(() => withRetries(patience(context), () => source.manifestDigest(tag)));
  return digest === undefined ? [] : [{ subject, tag, descriptor: { mediaType: '', digest } }];
}

function patience({ run }: CopyContext): RetryContext {
  return { ...run, retry: { ...run.retry, attempts: Math.min(ATTEMPTS, run.retry.attempts) } };
}

/** Failures here are warnings; the end of the run is not. */
async function tolerated<T>(context: CopyContext, otherwise: T, action: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof MirrorError) || context.run.signal.aborted) throw error;
    const warning = `cannot ${action}: ${error.message}`;
    context.statistics.warnings.push(warning);
    context.progress.line(warning);
    return otherwise;
  }
}
