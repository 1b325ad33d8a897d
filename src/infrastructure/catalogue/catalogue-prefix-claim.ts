import { Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { floatingRepositoryPrefix } from '../../image/catalogue-repositories';
import { quote } from '../../image/image-reference';
import { isSameRegistry } from '../same-environment';

/** All claims of an app, by its root. */
const CLAIMS = new WeakMap<IConstruct, CataloguePrefixClaim[]>();

/**
 * What a mirror may fill: the repositories of its images, and with a catalogue all under its prefixes. Whoever edits the list of one mirror must not
 * reach what another one keeps.
 */
export class CataloguePrefixClaim {
  private hasCatalogue = false;

  /**
   * @throws Error when a mirror with a catalogue may fill the repositories, in a place that is known to be the same account and Region
   */
  constructor(private readonly mirror: Construct, private readonly prefix: string) {
    const others = this.others();
    for (const other of others) this.refuseOverlap(other);
    CLAIMS.set(mirror.node.root, [...others, this]);
  }

  /**
   * From now on, the mirror has a catalogue.
   *
   * @throws Error when it may fill the repositories of another mirror
   */
  public widen(): void {
    this.hasCatalogue = true;
    for (const other of this.others()) this.refuseOverlap(other);
  }

  private others(): CataloguePrefixClaim[] {
    return (CLAIMS.get(this.mirror.node.root) ?? []).filter((claim) => claim !== this);
  }

  private prefixes(): string[] {
    return this.hasCatalogue ? [this.prefix, floatingRepositoryPrefix(this.prefix)] : [this.prefix];
  }

  private refuseOverlap(other: CataloguePrefixClaim): void {
    const owner = [this, other].find(({ hasCatalogue }) => hasCatalogue);
    const overlaps = this.prefixes().some((one) => other.prefixes().some((another) => contains(one, another) || contains(another, one)));
    if (owner === undefined || !overlaps || !isSameRegistry(Stack.of(this.mirror), Stack.of(other.mirror))) return;
    const mirrors = [this, other].map(({ mirror, prefix }) => `${quote(mirror.node.path)} (${quote(prefix)})`).join(' and ');
    throw new Error(`the repository prefixes of the mirrors ${mirrors} contain each other, and a catalogue of ${quote(owner.mirror.node.path)} may fill all repositories under `
      + `${owner.prefixes().map((prefix) => quote(`${prefix}/`)).join(' and ')}; set another repositoryPrefix for one of them, for example "teams"`);
  }
}

function contains(outer: string, inner: string): boolean {
  return outer === inner || inner.startsWith(`${outer}/`);
}
