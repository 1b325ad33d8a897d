/**
 * Copies referrers that were published after their image was mirrored. Signatures come after the push, so a run between the two misses them.
 */
import type { CopyContext } from './copy-context';
import {
  copyReferrers, fallbackReferrers, fallbackTag, findTaggedReferrer, listReferrers, listTargetReferrers, lookUpBriefly, MAX_REFERRERS, Referrer,
  withWarnings,
} from './copy-referrers';
import { ImageCopy } from './image-copy';
import { readDescriptorList } from './manifest';

/** A place where referrers are found, apart from the referrers API: a tag of cosign, or the list under the fallback tag. */
type TaggedPlace = 'sig' | 'att' | 'sbom' | 'fallback';

/**
 * The tag that a look asks for, by day. A look has two requests to the source: the referrers API, and one tag.
 *
 * Signatures have the most turns. The number of turns is a prime, so schedules of each interval up to ten days reach all of them.
 */
const TURNS: readonly TaggedPlace[] = ['sig', 'att', 'sig', 'sbom', 'sig', 'att', 'sig', 'sig', 'att', 'sig', 'sbom'];
/** The turns when the registry has no referrers API: clients then keep a list under the fallback tag. */
const TURNS_WITHOUT_API: readonly TaggedPlace[] = [
  'sig', 'fallback', 'sig', 'fallback', 'att', 'sig', 'fallback', 'sig', 'fallback', 'sbom', 'att',
];

const MILLISECONDS_PER_DAY = 86_400_000;

/**
 * Looks for new referrers of an image that both sides have, and copies them. It asks the source twice, and neither request counts as a pull.
 *
 * It asks the target only about what the source has. A referrer that cannot be copied is a warning.
 *
 * @param subject the digest of the image
 */
export async function copyLateReferrers(context: CopyContext, subject: string): Promise<void> {
  const found = await findLateReferrers(context, subject);
  if (found.length === 0) return;
  const action = `find out which referrers of ${subject} the mirror has`;
  const missing = await withWarnings<Referrer[]>(context, [], action, () => missingOf(context, found));
  if (missing.length === 0) return;
  const copy = new ImageCopy(context);
  const copied = await copyReferrers(context, copy, missing);
  if (copied.length > 0) await listTargetReferrers(context, copy, [...found.filter((referrer) => !missing.includes(referrer)), ...copied]);
}

/** @returns the referrers in the referrers API, and under the tag of the day */
async function findLateReferrers(context: CopyContext, subject: string): Promise<Referrer[]> {
  const day = Math.floor(Date.now() / MILLISECONDS_PER_DAY);
  return withWarnings<Referrer[]>(context, [], `look for new referrers of ${subject}`, async () => {
    const listed = await listReferrers(context, subject);
    const turns = listed === undefined ? TURNS_WITHOUT_API : TURNS;
    const place = turns[day % turns.length];
    const tagged = place === 'fallback'
      ? await fallbackReferrers(context, subject)
      : await findTaggedReferrer(context, subject, `${fallbackTag(subject)}.${place}`);
    const byTag = new Set(tagged.map(({ descriptor }) => descriptor.digest));
    return [...tagged, ...(listed ?? []).filter(({ descriptor }) => !byTag.has(descriptor.digest))].slice(0, MAX_REFERRERS);
  });
}

/** The referrers that the target does not have. */
async function missingOf(context: CopyContext, found: readonly Referrer[]): Promise<Referrer[]> {
  const { target } = context;
  const [{ subject }] = found;
  const ask = <T>(request: () => Promise<T>) => lookUpBriefly(context, target, request);
  const pages = found.some(({ tag }) => tag === undefined) ? await ask(() => target.referrers(subject)) : undefined;
  const listed = new Set(pages?.flatMap((page) => readDescriptorList(page, target.endpoint.registry)).map(({ descriptor }) => descriptor.digest));
  const missing = await Promise.all(found.map(async (referrer) => {
    const { descriptor: { digest }, tag } = referrer;
    if (tag === undefined && listed.has(digest)) return [];
    return await ask(() => target.manifestDigest(tag ?? digest)) === digest ? [] : [referrer];
  }));
  return missing.flat();
}
