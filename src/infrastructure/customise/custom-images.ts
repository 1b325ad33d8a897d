import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { CustomBuildSite, CustomBuildSiteProps, defineCustomBuildSite, tellBuilds } from './custom-build-site';
import { customLines, customPlatforms, isCustomised } from './custom-options';
import { customNameFor, CustomRepositories } from './custom-repositories';
import { customException, CustomisedImage, customTags, markOf } from './customised-image';
import { warnOfSecrets } from './secret-names';
import { ImageReference } from '../../image/image-reference';
import { MirroredImageOptions } from '../../mirrored-image-options';
import { BuildRole } from '../build-role';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { Place, RepositorySet } from '../repository-set';

/** What customised images of a mirror are defined with. */
export interface CustomImagesProps extends Omit<CustomBuildSiteProps, 'repositories' | 'marks'> {
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
  /** The project whose builds mirror, and their role. */
  readonly project: codebuild.IProject;
  readonly buildRole: BuildRole;
  /** Undefined when a deployment mirrors nothing. */
  readonly deployTrigger?: DeployTrigger;
  /** The projects whose builds put the mirror's events. */
  readonly eventProjects: codebuild.IProject[];
}

/** An image of the mirror that may be customised. */
export interface ImageToCustomise {
  readonly image: Construct;
  readonly reference: ImageReference;
  readonly options: MirroredImageOptions;
  /** Where it is mirrored to. */
  readonly place: Place;
  /** Undefined when a filter selects its tags. */
  readonly tag?: string;
  /** The repository that it is mirrored to. */
  readonly repository: ecr.IRepository;
}

/**
 * The customised images of a mirror. The project that builds them, and what it takes, is defined with the first of them, and not without one.
 */
export class CustomImages {
  private readonly arns: CustomRepositories;
  /** What was declared, as the project knows it again. */
  private readonly marks = new Set<string>();
  private site?: CustomBuildSite;

  constructor(private readonly mirror: Construct, private readonly props: CustomImagesProps) {
    this.arns = new CustomRepositories(mirror, props.repositoryPrefix);
  }

  /**
   * What those who use an image get in its place; undefined when it is not customised.
   *
   * @throws Error when its lines or platforms are not possible
   */
  public add({ image, reference, options, place, tag, repository }: ImageToCustomise): CustomisedImage | undefined {
    if (!isCustomised(options)) return undefined;
    const { compute, repositories, repositoryPrefix } = this.props;
    const custom = {
      repository: customNameFor(place.repositoryName, reference, repositoryPrefix),
      lines: customLines(options),
      platforms: customPlatforms(options, compute),
    };
    warnOfSecrets(image, custom.lines);
    this.site ??= this.define();
    this.arns.add(custom.repository, { name: place.repositoryName, repository });
    const mutableTags = place.mutableTags.length === 0 ? [] : [customException(tag, custom)];
    const own = { ...place, repositoryName: custom.repository, mutableTags, existing: undefined, isCustom: true };
    // The tags that a filter selects are known when it runs.
    const [claimed] = (tag === undefined ? [place.tags] : customTags(tag, custom)).map((tags) => repositories.claim({ ...own, tags }));
    this.marks.add(markOf({ image: place.source, base: place.repositoryName, custom }));
    return new CustomisedImage({ source: place.source, custom, repository: claimed, buildsNeed: this.site.needs });
  }

  private define(): CustomBuildSite {
    const { buildRole, deployTrigger, eventProjects, project } = this.props;
    const site = defineCustomBuildSite(new Construct(this.mirror, 'CustomImages'), {
      ...this.props,
      repositories: this.arns,
      marks: () => [...this.marks].sort(),
    });
    buildRole.allow(site.statements);
    tellBuilds(project, site.builds);
    deployTrigger?.follow(site.project);
    eventProjects.push(site.project);
    return site;
  }
}
