import { Construct } from 'constructs';
import { Quarantine } from '../admission/admission-repositories';
import { AdmissionOptions } from '../declarations/admission-options';
import { declareAdmission, layersOf } from '../declarations/declared-admission';
import { ImageDefaults } from '../declarations/declared-image';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { RunTimes } from '../declarations/run-interval';
import { AdmissionPolicy, DEFAULT_GAP_HOURS, MAX_AGE_HOURS, tightenPolicy } from '../image/admission/admission-policy';
import { CatalogImages } from '../image/catalog/catalog-entry';
import { quote } from '../image/sanitize';

/** The settings that the checks of a catalog depend on. */
export interface CatalogChecksProps {
  readonly mirror: IImageMirror;
  /** The own options of the catalog. */
  readonly admission?: AdmissionOptions;
  readonly defaults: ImageDefaults;
  readonly times: RunTimes;
  /** The images of the list; `undefined` when they are not known at synthesis. */
  readonly images?: CatalogImages;
}

/** The checks that an entry can add, as far as the quarantine depends on them. */
const CHECKS_OF_ENTRIES: AdmissionPolicy = {
  minimumAge: { hours: MAX_AGE_HOURS, maximumGapHours: DEFAULT_GAP_HOURS },
  scan: { maximumSeverity: 'CRITICAL' },
};

/**
 * Resolves the checks of a catalog, and defines what they need. An entry can only make them stricter.
 *
 * With `admission` of the catalog or of its mirror, also without checks, entries can have checks of their own.
 *
 * @throws Error when the options are not valid, when they have a lock file, and when an entry has checks that nothing is prepared for
 */
export function declareCatalogChecks(catalog: Construct, props: CatalogChecksProps): AdmissionPolicy {
  const { admission, defaults, images, mirror, times } = props;
  const name = `the catalog ${quote(catalog.node.path)}`;
  requireNoLock(name, admission);
  // A lock file has the images of the app. It says nothing about the images of a catalog.
  const ofMirror = { admission: { ...defaults.admission, lockFile: undefined, lockMode: undefined } };
  const policy = declareAdmission(name, layersOf({ admission }, ofMirror), times);
  const isPrepared = [admission, defaults.admission].some((options) => (options ?? undefined) !== undefined);
  const checkedEntries = images?.images.filter(({ checkedAt }) => checkedAt !== undefined);
  if (isPrepared) Quarantine.of(mirror).require(checkedEntries?.length === 0 ? policy : tightenPolicy(policy, CHECKS_OF_ENTRIES));
  else if (checkedEntries !== undefined && checkedEntries.length > 0) throw unpreparedError(name, checkedEntries.map(({ checkedAt }) => checkedAt!));
  return policy;
}

function requireNoLock(name: string, admission: AdmissionOptions | undefined): void {
  const used = (['lockFile', 'lockMode'] as const).find((option) => (admission?.[option] ?? undefined) !== undefined);
  if (used === undefined) return;
  throw new Error(`${name} has the option ${used}, but the template does not know the images of a catalog; `
    + `write the only valid digest of an image in the field "digest" of its entry, and remove ${used}`);
}

function unpreparedError(name: string, positions: readonly string[]): Error {
  const more = positions.length > 1 ? ` and ${positions.length - 1} more` : '';
  return new Error(`${name} has entries with admission (${positions[0]}${more}), but its mirror has no quarantine repository; `
    + 'set admission of the catalog or the mirror, for example admission: {} to prepare it without checks of its own');
}
