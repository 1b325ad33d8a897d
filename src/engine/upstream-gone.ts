import { describeEcrImage, MAX_DESCRIBE_TIME } from './archived-image';
import { connectedRegistry } from './fips';
import { withRunSignal } from './run-signal';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { ecrHost } from '../image/registry-hosts';

const MILLISECONDS_PER_DAY = 86_400_000;

/** The warning about an image that upstream no longer has, with the age of the copy if Amazon ECR knows it. */
export async function upstreamGoneMessage(
  source: ImageReference, target: ImageReference & { readonly tag: string }, signal: AbortSignal,
): Promise<string> {
  const days = await ageInDays(target, signal);
  const age = days === undefined ? '' : `, which is ${days} ${days === 1 ? 'day' : 'days'} old and gets no more updates`;
  return `upstream no longer has ${formatImageReference(source)}: the mirror keeps its copy ${target.repository}:${target.tag}${age}; `
    + 'move to another image, or set onUpstreamGone to fail';
}

/** The days since the image was pushed to the mirror; undefined when they are not known. */
async function ageInDays(target: ImageReference & { readonly tag: string }, signal: AbortSignal): Promise<number | undefined> {
  const host = ecrHost(connectedRegistry(target.registry));
  if (host === undefined) return undefined;
  const limits = { deadline: Date.now() + MAX_DESCRIBE_TIME, signal };
  const image = await withRunSignal(limits, (wait) => describeEcrImage(target, host, wait)).catch(() => undefined);
  return image?.imagePushedAt && Math.floor((Date.now() - image.imagePushedAt.getTime()) / MILLISECONDS_PER_DAY);
}
