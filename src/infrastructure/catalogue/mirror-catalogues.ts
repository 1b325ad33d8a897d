import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IDependable } from 'constructs';
import { BuildRole } from '../build-role';
import { CataloguePrefixClaim } from './catalogue-prefix-claim';
import { CatalogueSource } from './catalogue-source';
import { defineCatalogueTemplates } from './catalogue-templates';
import { floatingRepositoryPrefix } from '../../image/catalogue-repositories';
import { PUBLIC_GALLERY } from '../../image/public-gallery';
import { suppressRepositoryPrefixes } from '../check-suppressions';
import { FirstCopy } from '../docker-hub-budget';
import { RepositorySet } from '../repository-set';

/** What the catalogues of a mirror work on. */
export interface MirrorCataloguesProps {
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
  readonly buildRole: BuildRole;
}

/**
 * The catalogues of a mirror. The first one widens what builds may do, from the repositories that the template defines to all under the mirror's
 * prefixes, and to the creation of those; a mirror without one stays as it is.
 */
export class MirrorCatalogues {
  private readonly sources: CatalogueSource[] = [];
  private readonly claim: CataloguePrefixClaim;
  private templates: readonly IDependable[] = [];

  /**
   * @throws Error when another mirror of the app has a catalogue that may fill the repositories of this one
   */
  constructor(private readonly mirror: Construct, private readonly props: MirrorCataloguesProps) {
    this.claim = new CataloguePrefixClaim(mirror, props.repositoryPrefix);
  }

  /** How many there are. */
  public get count(): number {
    return this.sources.length;
  }

  /**
   * Lets builds mirror one more; returns what must be there before they do.
   *
   * @throws Error when the mirror's prefix is none that templates take, or one that another mirror or template of the app has
   */
  public add(source: CatalogueSource): IDependable[] {
    if (this.sources.length === 0) this.prepare();
    this.sources.push(source);
    this.props.buildRole.allow(source.statements);
    source.grantDecrypt?.(this.props.buildRole.role);
    // Where nobody knows the images, any registry may be among theirs.
    const hasGallery = source.images?.images.some(({ registry }) => registry === PUBLIC_GALLERY) ?? true;
    if (hasGallery) this.props.repositories.tell(PUBLIC_GALLERY);
    return [...this.templates, ...source.dependencies];
  }

  /** What is first copied from an upstream registry, as far as that is known. */
  public firstCopiesFrom(registry: string): FirstCopy[] {
    const images = this.sources.flatMap((source) => source.images?.images ?? []);
    return images.filter((image) => image.registry === registry).map(({ tags, platforms }) => ({ tags, platforms }));
  }

  /** What is first copied of all lists; one that nobody knows stands for as many tags as there are. */
  public allFirstCopies(): FirstCopy[] {
    const unknown = { tags: undefined, platforms: undefined };
    return this.sources.flatMap((source) => source.images?.images.map(({ tags, platforms }) => ({ tags, platforms })) ?? [unknown]);
  }

  private prepare(): void {
    const { repositories, repositoryPrefix, buildRole } = this.props;
    this.claim.widen();
    const prefixes = [repositoryPrefix, floatingRepositoryPrefix(repositoryPrefix)];
    this.templates = defineCatalogueTemplates(new Construct(this.mirror, 'CreationTemplates'), repositoryPrefix, repositories);
    suppressRepositoryPrefixes(buildRole.role, prefixes);
    for (const prefix of prefixes) buildRole.repositories.includeAllUnder(prefix);
    const resources = prefixes.map((prefix) => Stack.of(this.mirror).formatArn({ service: 'ecr', resource: 'repository', resourceName: `${prefix}/*` }));
    buildRole.allow([new iam.PolicyStatement({ actions: ['ecr:CreateRepository'], resources })]);
  }
}
