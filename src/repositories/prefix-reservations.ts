import { Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { quote } from '../image/sanitize';
import { isSameEnvironment } from '../synthesis/environments';

/** What Amazon ECR has one of for each prefix in an account and Region. */
export type PrefixUse = 'pull-through cache rule' | 'repository creation template';

interface Claim {
  readonly use: PrefixUse;
  readonly prefix: string;
  readonly claimant: Construct;
}

/** All claims of an app, by its root. */
const PREFIXES_IN_USE = new WeakMap<IConstruct, Claim[]>();

/**
 * Takes a prefix for a cache.
 *
 * @param remedy what to do when it is taken
 * @throws Error when another cache of the app has taken it, in a place that is known to be the same account and Region
 */
export function reservePrefix(claimant: Construct, use: PrefixUse, prefix: string, remedy: string): void {
  const claims = PREFIXES_IN_USE.get(claimant.node.root) ?? [];
  const twin = claims.find((claim) => claim.use === use && claim.prefix === prefix && isSameEnvironment(Stack.of(claim.claimant), Stack.of(claimant)));
  if (twin !== undefined) {
    throw new Error(`the prefix ${quote(prefix)} has a ${use} already, which ${quote(twin.claimant.node.path)} defines, and Amazon ECR takes one in an account and Region; ${remedy}`);
  }
  PREFIXES_IN_USE.set(claimant.node.root, [...claims, { use, prefix, claimant }]);
}

/** All claims of an app, by its root. */
const CATALOG_CLAIMS = new WeakMap<IConstruct, CatalogPrefixReservation[]>();

/**
 * What a mirror may fill: the repositories of its images, and with a catalog all under its prefixes. Whoever edits the list of one mirror must not
 * reach what another one keeps.
 */
export class CatalogPrefixReservation {
  private hasCatalog = false;

  /**
   * @throws Error when a mirror with a catalog may fill the repositories, in a place that is known to be the same account and Region
   */
  constructor(private readonly mirror: Construct, private readonly prefix: string) {
    const others = this.others();
    for (const other of others) this.refuseOverlap(other);
    CATALOG_CLAIMS.set(mirror.node.root, [...others, this]);
  }

  /**
   * From now on, the mirror has a catalog.
   *
   * @throws Error when it may fill the repositories of another mirror
   */
  public widen(): void {
    this.hasCatalog = true;
    for (const other of this.others()) this.refuseOverlap(other);
  }

  private others(): CatalogPrefixReservation[] {
    return (CATALOG_CLAIMS.get(this.mirror.node.root) ?? []).filter((claim) => claim !== this);
  }

  private prefixes(): string[] {
    return this.hasCatalog ? [this.prefix, floatingRepositoryPrefix(this.prefix)] : [this.prefix];
  }

  private refuseOverlap(other: CatalogPrefixReservation): void {
    const owner = [this, other].find(({ hasCatalog }) => hasCatalog);
    const overlaps = this.prefixes().some((one) => other.prefixes().some((another) => contains(one, another) || contains(another, one)));
    if (owner === undefined || !overlaps || !isSameEnvironment(Stack.of(this.mirror), Stack.of(other.mirror))) return;
    const mirrors = [this, other].map(({ mirror, prefix }) => `${quote(mirror.node.path)} (${quote(prefix)})`).join(' and ');
    throw new Error(`the repository prefixes of the mirrors ${mirrors} contain each other, and a catalog of ${quote(owner.mirror.node.path)} may fill all repositories under `
      + `${owner.prefixes().map((prefix) => quote(`${prefix}/`)).join(' and ')}; set another repositoryPrefix for one of them, for example "teams"`);
  }
}

function contains(outer: string, inner: string): boolean {
  return outer === inner || inner.startsWith(`${outer}/`);
}
