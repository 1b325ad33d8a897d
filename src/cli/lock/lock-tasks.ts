import type { LockResult, UpstreamFacts } from './lock-result';
import { UpstreamImage } from './upstream-images';
import type { WantedImage, WantedImages, WantedTags } from './wanted-images';
import { describeFailure } from '../../engine/failure';
import { listTags } from '../../engine/list-tags';
import { MAX_IMAGES, MAX_IMAGES_PER_HOST } from '../../engine/mirror-all';
import { MirrorError } from '../../engine/mirror-error';
import type { RegistryTools } from '../../engine/registry/repository-access';
import { Semaphore } from '../../engine/semaphore';
import { orderedVersions } from '../../engine/tags';
import type { LockEntry, LockedImages } from '../../image/admission/lock-file';
import { formatImageReference, ImageReference } from '../../image/image-reference';
import { escapeControlCharacters } from '../../image/sanitize';

/** `ADD` changes no digest, `UPDATE` changes digests, `CHECK` and `CHECK_OFFLINE` change nothing. */
export type LockMode = 'ADD' | 'UPDATE' | 'CHECK' | 'CHECK_OFFLINE';

/** A task for the images of a lock file. */
export interface LockTask {
  readonly mode: LockMode;
  readonly locked: LockedImages;
  readonly wanted: WantedImages;
  /** Whether an image that is not wanted does not belong in the file. */
  readonly isComplete: boolean;
}

/** Compares the images of a lock file with upstream, several at a time. An image that fails does not stop the others. */
export class LockRun {
  private readonly images = new Semaphore(MAX_IMAGES, MAX_IMAGES_PER_HOST);
  private readonly tools: RegistryTools;

  constructor(private readonly task: LockTask, tools: RegistryTools) {
    this.tools = { largeDocuments: new Semaphore(1), ...tools };
  }

  /** The results in alphabetical order. */
  async run(): Promise<LockResult[]> {
    const { wanted } = this.task;
    const fromTags = await Promise.all(wanted.tags.map((one) => this.selectTags(one)));
    const images = new Map([...wanted.images, ...fromTags.flatMap(({ images: selected }) => selected)].map((one) => [one.image, one]));
    const results = await Promise.all([...images.values()].map((one) => this.judge(one)));
    const all = [...wanted.failed, ...fromTags.flatMap(({ results: own }) => own), ...results, ...this.superfluous(images, fromTags)];
    return all.sort((one, other) => one.image < other.image ? -1 : 1);
  }

  /** The tags that a filter selects. Without a request, these are locked tags that it can select. */
  private async selectTags(wanted: WantedTags): Promise<SelectedTags> {
    const { repository, selection, source } = wanted;
    const possible = this.possibleTags(wanted);
    const imagesOf = (tags: readonly string[]) => tags.map((tag): WantedImage => ({ image: `${repository}:${tag}`, source: { ...source, tag } }));
    const filter = JSON.stringify(selection);
    if (this.task.mode === 'CHECK_OFFLINE') {
      const message = `the lock file has no tag that the tag filter ${filter} selects; ${ADD}`;
      return { images: imagesOf(possible), results: possible.length > 0 ? [] : [{ image: repository, outcome: 'missing', message }], kept: [] };
    }
    try {
      return { images: imagesOf(await this.limited(source, () => listTags(source, selection, this.tools))), results: [], kept: [] };
    } catch (error) {
      return { images: [], results: [this.failure(repository, source, error)], kept: imagesOf(possible).map(({ image }) => image) };
    }
  }

  /** The locked tags that a filter can select, without its `latest`. */
  private possibleTags({ repository, selection }: WantedTags): string[] {
    const start = `${repository}:`;
    const tags = [...this.task.locked.keys()].filter((image) => image.startsWith(start)).map((image) => image.slice(start.length));
    return orderedVersions(tags, { ...selection, latest: undefined }).flat();
  }

  private superfluous(images: ReadonlyMap<string, WantedImage>, tags: readonly SelectedTags[]): LockResult[] {
    const { isComplete, locked, mode, wanted } = this.task;
    if (!isComplete || wanted.failed.length > 0) return [];
    const kept = new Set(tags.flatMap((one) => one.kept));
    const others = [...locked].filter(([image]) => !images.has(image) && !kept.has(image));
    const isCheck = mode === 'CHECK' || mode === 'CHECK_OFFLINE';
    const message = 'the app does not mirror this image; remove it with "cdk-ecr-mirror lock --app"';
    return others.map(([image, before]) => isCheck ? { image, outcome: 'superfluous', before, message } : { image, outcome: 'removed', before });
  }

  private async judge(wanted: WantedImage): Promise<LockResult> {
    const { image, source } = wanted;
    const { locked, mode } = this.task;
    const before = locked.get(image);
    const isOther = wanted.digest !== undefined && wanted.digest !== before?.digest;
    if (mode === 'CHECK_OFFLINE') return before === undefined ? missing(image) : unchanged(image, before);
    if (mode === 'ADD' && before !== undefined) return isOther ? { ...failed(image, before), message: USE_UPDATE } : unchanged(image, before);
    try {
      return await this.limited(source, () => this.compare(wanted, before));
    } catch (error) {
      return { ...this.failure(image, source, error), ...before === undefined ? {} : { before, after: before } };
    }
  }

  private async compare(wanted: WantedImage, before: LockEntry | undefined): Promise<LockResult> {
    const { image, source } = wanted;
    const upstream = new UpstreamImage(source, this.tools);
    try {
      const digest = await upstream.digest(wanted.digest ?? source.tag);
      if (this.task.mode === 'CHECK') return await checked(image, before, digest, upstream);
      if (digest === undefined) throw notFound(wanted, before);
      if (before !== undefined && digest === before.digest) return unchanged(image, before);
      const facts = await this.facts(upstream, digest);
      const { signature, ...after } = facts;
      return { image, outcome: before === undefined ? 'added' : 'updated', ...before === undefined ? {} : { before }, after, signature };
    } finally {
      upstream.close();
    }
  }

  /** The facts about an image. They help reviewers, so an image is locked without them. */
  private async facts(upstream: UpstreamImage, digest: string): Promise<UpstreamFacts> {
    try {
      return await upstream.facts(digest);
    } catch (error) {
      if (!(error instanceof MirrorError) || this.tools.signal.aborted) throw error;
      this.tools.progress.line(`warning: the platforms and the size of ${digest} are not known: ${error.message}`);
      return { digest, signature: 'unknown' };
    }
  }

  private failure(image: string, source: ImageReference, error: unknown): LockResult {
    const { message, reason } = describeFailure(error, this.tools, source);
    const ended = reason === 'interrupted' ? 'interrupted' : 'the command reached its timeout; set a longer --timeout';
    const text = reason === 'interrupted' || reason === 'deadline-exceeded' ? ended : message;
    return { image, outcome: 'failed', reason, message: escapeControlCharacters(text) };
  }

  private limited<T>(source: ImageReference, task: () => Promise<T>): Promise<T> {
    return this.images.run(task, (this.tools.upstreams?.locate(source) ?? source).registry);
  }
}

interface SelectedTags {
  readonly images: readonly WantedImage[];
  readonly results: readonly LockResult[];
  /** The locked images that stay, because the tags upstream are not known. */
  readonly kept: readonly string[];
}

const ADD = 'add it with "cdk-ecr-mirror lock"';
const UPDATE = 'review the new image, then lock it with "cdk-ecr-mirror lock --update"';
const USE_UPDATE = 'the lock file has another digest; to change it, use "cdk-ecr-mirror lock --update"';

function unchanged(image: string, before: LockEntry): LockResult {
  return { image, outcome: 'unchanged', before, after: before };
}

function missing(image: string, digest?: string): LockResult {
  return { image, outcome: 'missing', ...digest === undefined ? {} : { after: { digest } }, message: `the lock file has no such image; ${ADD}` };
}

function failed(image: string, before: LockEntry): LockResult {
  return { image, outcome: 'failed', reason: 'invalid-configuration', before, after: before };
}

/** Compares a locked image with the digest that its tag has upstream. */
async function checked(image: string, before: LockEntry | undefined, digest: string | undefined, upstream: UpstreamImage): Promise<LockResult> {
  if (before === undefined) return missing(image, digest);
  if (digest === before.digest) return { image, outcome: 'unchanged', before, after: { digest } };
  const isServed = await upstream.digest(before.digest) !== undefined;
  const gone = isServed ? '' : ', and no longer has the locked digest, so a new mirror cannot copy it';
  const moved = digest === undefined ? `upstream no longer has the tag${gone}` : `upstream moved the tag to ${digest}${gone}`;
  const remedy = digest === undefined ? 'replace the image in the app' : UPDATE;
  return { image, outcome: 'outdated', before, ...digest === undefined ? {} : { after: { digest } }, message: `${moved}; ${remedy}` };
}

function notFound({ digest, image, source }: WantedImage, before: LockEntry | undefined): MirrorError {
  const name = digest === undefined ? image : formatImageReference({ ...source, tag: undefined, digest });
  const kept = before === undefined ? '' : '; the lock file keeps its digest';
  return new MirrorError('not-found', `${source.registry}: there is no ${name}${kept}; check the spelling, or set credentials if it is private`);
}
