import type { LockResult } from './lock-result';
import type { PlannedImages } from '../../engine/mirror-plan';
import { formatImageReference, ImageReference, InvalidReferenceError, parseImageReference } from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import type { TagSelection } from '../../image/tag-selection';
import { lineProblem, readLines } from '../commands/image-pairs';
import { inputName, UsageError } from '../usage-error';

/** An image that a lock file should have. */
export interface WantedImage {
  /** The image in canonical spelling, without a digest: `docker.io/library/nginx:stable`. */
  readonly image: string;
  readonly source: ImageReference & { readonly tag: string };
  /** The digest that the image should have; undefined for that of upstream. */
  readonly digest?: string;
}

/** A repository with a tag filter. A lock file should have the tags that the filter selects. */
export interface WantedTags {
  /** The repository in canonical spelling: `docker.io/library/redis`. */
  readonly repository: string;
  readonly source: ImageReference;
  readonly selection: TagSelection;
}

/** The images that a lock file should have. */
export interface WantedImages {
  readonly images: readonly WantedImage[];
  readonly tags: readonly WantedTags[];
  /** The images of the app that are not known, because their variables are not valid. */
  readonly failed: readonly LockResult[];
}

/** A text with an image, and where it is. */
interface Listed {
  readonly text: string;
  /** `line 3`; undefined for an argument. */
  readonly where?: string;
}

/**
 * Reads the images of a command: its arguments, and the lines of a file.
 *
 * @throws UsageError with all images that are not valid
 */
export function readWantedImages(args: readonly string[], file: string | undefined): WantedImages {
  const problems: string[] = [];
  const images = new Map<string, WantedImage>();
  for (const { text, where } of [...args.map((argument): Listed => ({ text: argument })), ...file === undefined ? [] : listedIn(file)]) {
    try {
      const wanted = parseWanted(text);
      const known = images.get(wanted.image)?.digest ?? wanted.digest;
      if (known !== wanted.digest && wanted.digest !== undefined) throw new UsageError(`${quote(wanted.image)} is listed with two digests; keep one`);
      images.set(wanted.image, { ...wanted, digest: known });
    } catch (error) {
      if (!(error instanceof UsageError) && !(error instanceof InvalidReferenceError)) throw error;
      problems.push(where === undefined ? error.message : `${where}: ${error.message}`);
    }
  }
  if (problems.length === 1) throw new UsageError(problems[0]);
  if (problems.length > 1) throw new UsageError(`${problems.length} images are not valid, so the lock file was not changed:`, problems);
  return { images: [...images.values()], tags: [], failed: [] };
}

function listedIn(file: string): Listed[] {
  return readLines(file).map(({ number, text }) => ({ text, where: `${quote(inputName(file))}, line ${number}` }));
}

function parseWanted(text: string): WantedImage {
  const problem = lineProblem(text);
  if (problem !== undefined) throw new UsageError(problem);
  // A list of images for copy can have a target after each source.
  const { digest, tag, ...repository } = parseImageReference(text.split(/\s+/)[0]);
  if (tag === undefined) throw new UsageError(`${quote(text)} has no tag, and a lock file has tags; write for example "nginx:stable@sha256:..."`);
  return wantedImage({ ...repository, tag }, digest);
}

function wantedImage(source: WantedImage['source'], digest?: string): WantedImage {
  return { image: formatImageReference(source), source, ...digest === undefined ? {} : { digest } };
}

/** The images of a synthesized app. An image with a digest needs no lock, and is not there. */
export function plannedWantedImages(plan: readonly PlannedImages[]): WantedImages {
  const images = new Map<string, WantedImage>();
  const tags = new Map<string, WantedTags>();
  const failed: LockResult[] = [];
  for (const planned of plan) {
    if ('result' in planned) {
      const { message, reason, source } = planned.result;
      failed.push({ image: source, outcome: 'failed', reason, message });
      continue;
    }
    const { image: { registry, repository, tag, digest }, tags: selection } = planned.configuration;
    const source = { registry, repository };
    if (selection !== undefined) {
      const name = formatImageReference(source);
      tags.set(`${name} ${JSON.stringify(selection)}`, { repository: name, source, selection });
    } else if (digest === undefined) {
      const wanted = wantedImage({ ...source, tag: tag! });
      images.set(wanted.image, wanted);
    }
  }
  return { images: [...images.values()], tags: [...tags.values()], failed };
}
