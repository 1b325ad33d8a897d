import { CatalogSource } from './image-catalog';
import type { MirroredCatalogOptions } from './mirrored-catalog-options';
import { formatChecks } from '../declarations/declared-admission';
import { ImageDefaults, requireOwner } from '../declarations/declared-image';
import { requireKeptImages } from '../declarations/kept-images';
import { Attestations, OnTagMoved, OnUpstreamGone } from '../declarations/tag-policy';
import { AdmissionPolicy } from '../image/admission/admission-policy';
import { formatShard } from '../image/catalog/catalog-shard';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';

/** The options for the runs of a catalog, with resolved platforms and checks. */
export interface CatalogRunProps extends Omit<MirroredCatalogOptions, 'platforms' | 'admission'> {
  readonly platforms: readonly string[] | undefined;
  readonly checks: AdmissionPolicy;
}

/** The variables of the runs of a catalog, one run for each shard. Values that are the engine's defaults are omitted. */
export function catalogRuns({ location }: CatalogSource, props: CatalogRunProps, defaults: ImageDefaults): RunVariables[] {
  const { keepPrevious = defaults.keepPrevious, keepVersions = defaults.keepVersions } = props;
  const kept = requireKeptImages({ keepPrevious, keepVersions });
  const { attestations = defaults.attestations, lateReferrers = defaults.lateReferrers, onTagMoved = defaults.onTagMoved, shards = 1 } = props;
  const { checks, onUpstreamGone = defaults.onUpstreamGone, owner, platforms, referrers = defaults.referrers } = props;
  const [own, ofMirror] = [formatChecks(checks), formatChecks(defaults.checks)];
  const shared = {
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: onTagMoved === OnTagMoved.FAIL ? undefined : onTagMoved,
    [RUN_ENVIRONMENT.ON_UPSTREAM_GONE]: onUpstreamGone === OnUpstreamGone.KEEP ? undefined : onUpstreamGone,
    [RUN_ENVIRONMENT.ADMISSION]: own === ofMirror ? undefined : own,
    [RUN_ENVIRONMENT.OWNER]: requireOwner(owner) ?? defaults.owner,
    [RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE]: platforms?.join(','),
    [RUN_ENVIRONMENT.REFERRERS]: referrers ? undefined : 'false',
    [RUN_ENVIRONMENT.ATTESTATIONS]: attestations === Attestations.KEEP_IF_ACCEPTED ? undefined : attestations,
    [RUN_ENVIRONMENT.LATE_REFERRERS]: lateReferrers ? undefined : 'false',
    [RUN_ENVIRONMENT.KEEP_PREVIOUS]: kept.keepPrevious === defaults.keepPrevious ? undefined : String(kept.keepPrevious),
    [RUN_ENVIRONMENT.KEEP_VERSIONS]: kept.keepVersions?.toString(),
  };
  return Array.from({ length: shards }, (_, index) => ({
    [RUN_ENVIRONMENT.CATALOG]: location,
    [RUN_ENVIRONMENT.SHARD]: shards === 1 ? undefined : formatShard({ number: index + 1, of: shards }),
    ...shared,
  }));
}
