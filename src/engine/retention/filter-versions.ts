import { imageLister } from './repository-images';
import { planVersions, TaggedImage } from './retention-plan';
import { carryOutPlan, formatDigests, isRefusal } from './retention-tags';
import type { Platform } from '../../image/platform';
import { platformTag } from '../../image/platform';
import { isRetentionTag } from '../../image/retention';
import type { TagSelection } from '../../image/tag-selection';
import { CopyContext, SharedLimits, sharedLimits, warn } from '../copy/copy-context';
import { describeFailure } from '../failure';
import type { MirrorRequest, MirrorTools } from '../mirror-request';
import { RepositoryAccess } from '../registry/repository-access';
import type { MirrorResult } from '../result';
import { withRunSignal } from '../run-signal';
import { selectTags } from '../tags';

/** The versions of a tag filter that a mirror keeps. */
export interface KeptVersions {
  readonly selection: TagSelection;
  /** The number of the newest versions. */
  readonly keepVersions: number;
  /** The tags that other images of the repository need. */
  readonly otherTags: readonly TagSelection[];
}

/** Lets the old versions of a tag filter expire, after all images of the filter are mirrored. */
export class FilterVersions {
  private pending: number;

  /** @param requests the images of the filter */
  constructor(
    private readonly versions: KeptVersions, private readonly requests: readonly MirrorRequest[], private readonly tools: MirrorTools,
  ) {
    this.pending = requests.length;
  }

  /**
   * Runs after each image of the filter. After the last one, it marks the images of old versions, and adds them to the result of this image.
   *
   * A problem is a warning, because the images that the filter selects are not affected.
   */
  async afterImage(result: MirrorResult): Promise<MirrorResult> {
    this.pending--;
    if (this.pending > 0 || this.requests[0].dryRun) return result;
    const warnings = [...result.warnings ?? []];
    let expired: readonly string[] = [];
    try {
      expired = await withRunSignal(this.tools, () => this.markOldVersions(warnings));
    } catch (error) {
      warnings.push(`old versions are not cleaned up in this run: ${describeFailure(error, this.tools).message}`);
    }
    return {
      ...result,
      ...expired.length === 0 ? {} : { expired: [...result.expired ?? [], ...expired] },
      ...warnings.length === 0 ? {} : { warnings },
    };
  }

  private async markOldVersions(warnings: string[]): Promise<readonly string[]> {
    const { requests: [{ target }], tools } = this;
    const list = tools.listImages ?? imageLister(target.registry);
    if (list === undefined) return [];
    const access = new RepositoryAccess(tools);
    const { lookups, pace }: Pick<SharedLimits, 'lookups' | 'pace'> = tools.limits ?? sharedLimits();
    const { progress } = tools;
    const statistics = { bytesCopied: 0, blobsCopied: 0, blobsSkipped: 0, referrersCopied: 0, warnings };
    const client = access.client(target, 'pull,push');
    const context: Omit<CopyContext, 'source' | 'transfers' | 'blobs'> = {
      target: client, retryContext: access.retryContext, lookups, pace, progress, statistics,
    };
    try {
      const images = await list(target.repository, access.retryContext);
      const { isDeadTag, isKeptTag } = this.judgeTags(images);
      const expired = await carryOutPlan(context, list, images, planVersions(images, isDeadTag, isKeptTag));
      const line = `${target.repository} keeps newer versions than ${formatDigests(expired)}: lifecycle rules can expire them`;
      if (expired.length > 0) progress.line(line);
      return expired;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      warn(context, `old versions are not cleaned up: ${error.message}`);
      return [];
    } finally {
      access.close();
    }
  }

  /** The tags that this run selected, and those of other images, stay, whatever their versions: otherwise the next run would copy them again. */
  private judgeTags(images: readonly TaggedImage[]) {
    const { requests, versions: { keepVersions, otherTags, selection } } = this;
    const all = images.flatMap((image) => image.tags);
    const needed = otherTags.flatMap((other) => selectTags(all, other));
    const selected = [...requests.map(({ target }) => target.tag), ...needed];
    const tags = judgeVersions(all, selection, keepVersions, { selected, platforms: requests[0].platformTags ?? [] });
    return { isDeadTag: (tag: string) => tags.dead.has(tag), isKeptTag: (tag: string) => tags.kept.has(tag) };
  }
}

/** The other facts that decide about the versions of a repository. */
export interface SelectedVersions {
  /** The tags that the run selected, and those that other images need. */
  readonly selected: readonly string[];
  /** The platforms that have a tag of their own for each version. */
  readonly platforms: readonly Platform[];
}

/**
 * The tags of a repository that a filter keeps, and those that it no longer keeps. Other tags are not in it.
 *
 * A version is as new as its number says, whenever it was pushed.
 */
export function judgeVersions(
  all: readonly string[], selection: TagSelection, keepVersions: number, { platforms, selected }: SelectedVersions,
): { readonly kept: ReadonlySet<string>; readonly dead: ReadonlySet<string> } {
  const own = all.filter((tag) => !isRetentionTag(tag));
  const names = new Set(own);
  const withPlatforms = (tag: string) => platforms.map((platform) => platformTag(tag, platform));
  const ofPlatforms = new Set(own.flatMap(withPlatforms));
  // Such a tag can look like a version of its own, but it stands for another version.
  const baseOf = (tag: string) => /^(.+)-[0-9a-f]{12}$/.exec(tag)?.[1] ?? '';
  const candidates = own.filter((tag) => !ofPlatforms.has(tag) && !names.has(baseOf(tag)));
  const kept = new Set([...selectTags(candidates, { ...selection, latest: keepVersions }), ...selected]);
  const old = new Set(selectTags(candidates, { ...selection, latest: undefined }).filter((tag) => !kept.has(tag)));
  const oldSuffixed = own.filter((tag) => old.has(baseOf(tag)));
  return { kept, dead: new Set([...old, ...oldSuffixed, ...[...old].flatMap(withPlatforms).filter((tag) => !kept.has(tag))]) };
}
