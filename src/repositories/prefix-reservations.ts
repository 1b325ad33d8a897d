import { Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { quote } from '../image/sanitize';
import { isSameEnvironment } from '../synthesis/environments';

/** The resources that need a unique prefix in an account and Region. */
export type PrefixUse = 'pull-through cache rule' | 'repository creation template' | typeof PUBLISHED_LIST;

/** The list of images that a mirror publishes for other apps. */
export const PUBLISHED_LIST = 'published list of images';

interface PrefixReservation {
  readonly use: PrefixUse;
  readonly prefix: string;
  readonly owner: Construct;
}

/** The reservations of each app, by its root. */
const PREFIX_RESERVATIONS = new WeakMap<IConstruct, PrefixReservation[]>();

/** The construct of the app that has reserved a prefix in the same account and Region; `undefined` when the prefix is free. */
export function prefixOwner(construct: Construct, use: PrefixUse, prefix: string): Construct | undefined {
  const isConflict = (other: PrefixReservation) => {
    return other.use === use && other.prefix === prefix && isSameEnvironment(Stack.of(other.owner), Stack.of(construct));
  };
  return PREFIX_RESERVATIONS.get(construct.node.root)?.find(isConflict)?.owner;
}

/**
 * Reserves a prefix for a rule, a template, or a list.
 *
 * @param remedy what to do when the prefix is in use
 * @throws Error when another construct of the app has reserved the prefix in the same account and Region
 */
export function reservePrefix(owner: Construct, use: PrefixUse, prefix: string, remedy: string): void {
  const other = prefixOwner(owner, use, prefix);
  if (other !== undefined) {
    const rule = use === PUBLISHED_LIST ? 'the name of its parameter is unique' : 'Amazon ECR allows one';
    throw new Error(`the prefix ${quote(prefix)} already has a ${use}, which ${quote(other.node.path)} defines, `
      + `but ${rule} in an account and Region; ${remedy}`);
  }
  PREFIX_RESERVATIONS.set(owner.node.root, [...PREFIX_RESERVATIONS.get(owner.node.root) ?? [], { use, prefix, owner }]);
}

/** The syntax of prefixes of repository creation templates. It is stricter than the syntax of repository names. */
const TEMPLATE_PREFIX = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Whether a repository prefix is valid for a repository creation template: `__` and `--` are not. */
export function isTemplatePrefix(prefix: string): boolean {
  return TEMPLATE_PREFIX.test(prefix);
}

/** The reservations of the mirrors of each app, by its root. */
const CATALOG_RESERVATIONS = new WeakMap<IConstruct, CatalogPrefixReservation[]>();

/**
 * The prefixes under which a mirror can create repositories: with a catalog, its builds can create any repository under its prefixes.
 *
 * Two mirrors must not overlap. Otherwise, an edit of the list of one mirror could change the repositories of the other mirror.
 */
export class CatalogPrefixReservation {
  private hasCatalog = false;

  /**
   * @throws Error when a mirror with a catalog in the same account and Region can create repositories under the prefix
   */
  constructor(private readonly mirror: Construct, private readonly prefix: string) {
    const others = this.others();
    for (const other of others) this.requireNoOverlap(other);
    CATALOG_RESERVATIONS.set(mirror.node.root, [...others, this]);
  }

  /**
   * Extends the reservation to all repositories of catalogs.
   *
   * @throws Error when the prefixes overlap with the prefixes of another mirror
   */
  public addCatalog(): void {
    this.hasCatalog = true;
    for (const other of this.others()) this.requireNoOverlap(other);
  }

  private others(): CatalogPrefixReservation[] {
    return (CATALOG_RESERVATIONS.get(this.mirror.node.root) ?? []).filter((reservation) => reservation !== this);
  }

  private prefixes(): string[] {
    return this.hasCatalog ? [this.prefix, floatingRepositoryPrefix(this.prefix)] : [this.prefix];
  }

  private requireNoOverlap(other: CatalogPrefixReservation): void {
    const withCatalog = [this, other].find(({ hasCatalog }) => hasCatalog);
    const overlaps = this.prefixes().some((own) => other.prefixes().some((foreign) => contains(own, foreign) || contains(foreign, own)));
    if (withCatalog === undefined || !overlaps || !isSameEnvironment(Stack.of(this.mirror), Stack.of(other.mirror))) return;
    const mirrors = [this, other].map(({ mirror, prefix }) => `${quote(mirror.node.path)} (${quote(prefix)})`).join(' and ');
    const folders = withCatalog.prefixes().map((prefix) => quote(`${prefix}/`)).join(' and ');
    throw new Error(`the repository prefixes of the mirrors ${mirrors} overlap, but a catalog of ${quote(withCatalog.mirror.node.path)} `
      + `can create all repositories under ${folders}; set another repositoryPrefix for one of them, for example "teams"`);
  }
}

function contains(outer: string, inner: string): boolean {
  return outer === inner || inner.startsWith(`${outer}/`);
}
