import { CatalogFile, planCatalogFile } from './catalog-file';
import { AssetFile, readAssetFiles, SynthesizedBuild } from './cloud-assembly';
import type { PlannedImages } from '../../engine/mirror-plan';
import { notAttempted } from '../../engine/result';
import { MAX_SHARD_IMAGES, parseShard } from '../../image/catalog/catalog-shard';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { quote } from '../../image/sanitize';
import { UsageError } from '../usage-error';

/** The list of a catalog that this machine can read. */
type ReadableList = Pick<CatalogFile, 'file' | 'text'> & { readonly name: string };

/** The catalogs of a synthesized app. A list in a parameter or a bucket of AWS is not read. */
export class AppCatalogs {
  /** The locations of the lists that are not assets of the app, each with the list of its first deployment, if the app has it. */
  private readonly externalLists = new Map<string, string | undefined>();
  private assetFiles?: ReadonlyMap<string, AssetFile>;

  /**
   * @param app the folder of the synthesized app
   * @param builds the builds that the schedules of the app start
   * @param file the file that replaces the external list of the app; undefined without such a file
   * @throws UsageError when there is a file, and the app has several external lists or none
   */
  constructor(private readonly app: string, builds: readonly SynthesizedBuild[], private readonly file: string | undefined) {
    for (const { environment: { [RUN_ENVIRONMENT.CATALOG]: location }, firstList } of builds) {
      if (location === undefined || this.assetOf(location) !== undefined) continue;
      this.externalLists.set(location, this.externalLists.get(location) ?? firstList);
    }
    if (file === undefined || this.externalLists.size === 1) return;
    if (this.externalLists.size === 0) {
      throw new UsageError('--catalog replaces a list that is not part of the app, but the app has no such list; remove --catalog');
    }
    const locations = [...this.externalLists.keys()].map(quote).join(', ');
    throw new UsageError(`--catalog is ambiguous: the app has the lists ${locations}; check each one with "check --catalog FILE TARGET_FOLDER"`);
  }

  /** The locations of the external lists that were not read. */
  get unreadCatalogs(): string[] {
    return this.locationsWhere((firstList) => firstList === undefined);
  }

  /** The locations of the external lists that were read from the first deployment. The deployed lists can differ. */
  get firstCatalogs(): string[] {
    return this.locationsWhere((firstList) => firstList !== undefined);
  }

  /** The images that a build of a catalog would mirror; none when the list cannot be read. */
  planImages(build: SynthesizedBuild, environment: Readonly<Record<string, string>>): PlannedImages[] {
    const list = this.listOf(build);
    if (list === undefined) return [];
    const shard = parseShard(environment[RUN_ENVIRONMENT.SHARD] ?? '');
    try {
      return planCatalogFile({ ...list, shard, maxEntries: MAX_SHARD_IMAGES }, environment);
    } catch (error) {
      // An invalid file stops the command. An invalid list of the app is a result, as in the build.
      if (list.text === undefined || !(error instanceof UsageError)) throw error;
      return [{ result: notAttempted(list.name, '', 'invalid-configuration', error.message) }];
    }
  }

  private locationsWhere(matches: (firstList: string | undefined) => boolean): string[] {
    if (this.file !== undefined) return [];
    return [...this.externalLists].filter(([, firstList]) => matches(firstList)).map(([location]) => location);
  }

  private listOf({ environment, firstList }: SynthesizedBuild): ReadableList | undefined {
    const name = environment[RUN_ENVIRONMENT.CATALOG];
    const asset = this.assetOf(name);
    if (asset !== undefined) return { name, file: asset };
    if (this.file !== undefined) return { name: this.file, file: this.file };
    // The parameter can be defined in another stack.
    const text = firstList ?? this.externalLists.get(name);
    return text === undefined ? undefined : { name, file: name, text };
  }

  /** The asset at a location. The key of an asset is unique, so the bucket does not matter. */
  private assetOf(location: string): string | undefined {
    const [, key] = /^s3:\/\/[^/]*\/(.+)$/.exec(location) ?? [];
    if (key === undefined) return undefined;
    this.assetFiles ??= readAssetFiles(this.app);
    return this.assetFiles.get(key)?.();
  }
}
