import { CatalogFile, readCatalogRuns } from './catalog-file';
import { findAssetFile, SynthesizedRun } from './cloud-assembly';
import type { PlannedImages as EngineRun } from '../../engine/mirror-plan';
import { notAttempted } from '../../engine/result';
import { MAX_SHARD_IMAGES, parseShard } from '../../image/catalog/catalog-shard';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { quote } from '../../image/image-reference';
import { UsageError } from '../usage-error';

/** A list that can be read from here, by its name. */
type ReadableList = Pick<CatalogFile, 'file' | 'text'> & { readonly name: string };

/** The catalogs of a synthesized app, as far as their lists can be read from here. */
export class AppCatalogs {
  /** The lists that change without the app, and what those of them hold that it deploys itself when it does so first. */
  private readonly outside = new Map<string, string | undefined>();

  /**
   * @param app the folder of the app
   * @param file what stands for the list that changes without the app; undefined where nothing does
   * @throws UsageError when it could stand for several lists, or for none
   */
  constructor(private readonly app: string, runs: readonly SynthesizedRun[], private readonly file: string | undefined) {
    for (const { environment: { [RUN_ENVIRONMENT.CATALOG]: location }, firstList } of runs) {
      if (location !== undefined && this.assetOf(location) === undefined) this.outside.set(location, this.outside.get(location) ?? firstList);
    }
    if (file === undefined || this.outside.size === 1) return;
    if (this.outside.size === 0) throw new UsageError('--catalog stands for a list that is not part of the app, and the app has none');
    throw new UsageError(`--catalog could stand for any of ${[...this.outside.keys()].map(quote).join(', ')}; check them one by one, with "check --catalog FILE PLACE"`);
  }

  /** The lists that are not part of the app, and for which nothing stands. */
  get unread(): string[] {
    return this.outsideWhere((firstList) => firstList === undefined);
  }

  /** The lists that are read as the app deploys them first, and may be others by now. */
  get readAsFirst(): string[] {
    return this.outsideWhere((firstList) => firstList !== undefined);
  }

  /** What a run of a catalog would do; nothing where its list cannot be read from here. */
  runsOf(run: SynthesizedRun, environment: Readonly<Record<string, string>>): EngineRun[] {
    const list = this.listOf(run);
    if (list === undefined) return [];
    const shard = parseShard(environment[RUN_ENVIRONMENT.SHARD] ?? '');
    try {
      return readCatalogRuns({ ...list, shard, most: MAX_SHARD_IMAGES }, environment);
    } catch (error) {
      // What is wrong with a file is told at once; what the app deploys is the business of its run.
      if (list.text === undefined || !(error instanceof UsageError)) throw error;
      return [{ result: notAttempted(list.name, '', 'invalid-configuration', error.message) }];
    }
  }

  private outsideWhere(isMeant: (firstList: string | undefined) => boolean): string[] {
    return this.file === undefined ? [...this.outside].filter(([, firstList]) => isMeant(firstList)).map(([location]) => location) : [];
  }

  private listOf({ environment, firstList }: SynthesizedRun): ReadableList | undefined {
    const name = environment[RUN_ENVIRONMENT.CATALOG];
    const asset = this.assetOf(name);
    if (asset !== undefined) return { name, file: asset };
    if (this.file !== undefined) return { name: this.file, file: this.file };
    // Another stack may define the parameter that this one names.
    const text = firstList ?? this.outside.get(name);
    return text === undefined ? undefined : { name, file: name, text };
  }

  /** An asset is uploaded under a key that is its own, whatever the bucket. */
  private assetOf(location: string): string | undefined {
    const [, key] = /^s3:\/\/[^/]*\/(.+)$/.exec(location) ?? [];
    return key === undefined ? undefined : findAssetFile(this.app, key);
  }
}
