import { Annotations, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { CustomCompute } from './custom-compute';
import { CustomBuildSite, CustomBuildSiteProps, defineCustomBuildSite, setCustomBuildsVariable } from './custom-project';
import { customNameFor, CustomRepositories } from './custom-repositories';
import { customMutableTag, CustomizedImage, customTags, fingerprintOf } from './customized-image';
import { platformList } from '../declarations/image-settings';
import { MirroredImageOptions } from '../declarations/mirrored-image-props';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { orderedPlatforms } from '../image/custom-image';
import { dockerfileLinesProblem, runsCommands } from '../image/dockerfile-lines';
import { ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { platformOfProcessor, processorOfPlatform } from '../image/platform';
import { BuildRole } from '../project/build-role';
import { ImageTarget, RepositorySet } from '../repositories/repository-set';
import { requireLiteral } from '../synthesis/literal';

/** Whether an image is customized. */
export function hasDockerfileLines({ dockerfileLines, customPlatforms: platforms }: MirroredImageOptions): boolean {
  if (dockerfileLines === undefined && platforms !== undefined) throw new Error('customPlatforms are those of a customized image, and there are no dockerfileLines; set these too, or leave customPlatforms out');
  return dockerfileLines !== undefined;
}

/**
 * The lines by which an image is customized.
 *
 * @throws Error when one of them is a token, or is not allowed
 */
export function customLines({ dockerfileLines = [] }: MirroredImageOptions): string[] {
  if (Token.isUnresolved(dockerfileLines)) throw new Error('dockerfileLines must be known at synthesis, but it is a list token; write the lines as strings');
  for (const line of dockerfileLines) {
    requireLiteral(line, `the line ${quote(line)} of dockerfileLines`, 'write its value into the line, or give it to the container as an environment variable');
  }
  const problem = dockerfileLinesProblem(dockerfileLines);
  if (problem !== undefined) throw new Error(`dockerfileLines: ${problem}`);
  return dockerfileLines;
}

/**
 * The platforms that a customized image is built for.
 *
 * @throws Error when one of them is not mirrored, or when its commands cannot be run
 */
export function customPlatforms(options: MirroredImageOptions, { configuration, otherEnvironment, processor }: CustomCompute): string[] {
  if (options.customPlatforms?.length === 0) throw new Error('customPlatforms is an empty list, and an image without platforms is none; leave it out');
  const mirrored = options.platforms && orderedPlatforms(platformList(options.platforms)!)!;
  const platforms = orderedPlatforms(platformList(options.customPlatforms ?? options.platforms) ?? [platformOfProcessor(processor)])!;
  const missing = platforms.filter((platform) => mirrored !== undefined && !mirrored.includes(platform));
  if (missing.length > 0) throw new Error(`customPlatforms has ${missing.join(', ')}, and platforms mirrors ${mirrored?.join(', ')} only; add it there, or leave it out`);
  if (!runsCommands(options.dockerfileLines ?? [])) return platforms;
  for (const platform of platforms) {
    const needed = processorOfPlatform(platform);
    const remedy = 'set customPlatforms to those that you run, or leave RUN out';
    if (needed === undefined) throw new Error(`RUN cannot be carried out for ${platform}, for no builds of AWS CodeBuild run on that; ${remedy}`);
    if (needed !== processor && otherEnvironment === undefined) {
      throw new Error(`RUN cannot be carried out for ${platform}, for customized images are built in ${quote(configuration.buildImage.imageId)}, which is for ${processor}; `
        + `let them be built in one of CodeBuild's own images with customImageCompute: MirrorCompute.ec2(), or ${remedy}`);
    }
  }
  return platforms;
}

/** What customized images of a mirror are defined with. */
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

/** An image of the mirror that may be customized. */
export interface ImageToCustomize {
  readonly image: Construct;
  readonly reference: ImageReference;
  readonly options: MirroredImageOptions;
  /** Where it is mirrored to. */
  readonly place: ImageTarget;
  /** Undefined when a filter selects its tags. */
  readonly tag?: string;
  /** The repository that it is mirrored to. */
  readonly repository: ecr.IRepository;
}

/**
 * The customized images of a mirror. The project that builds them, and what it takes, is defined with the first of them, and not without one.
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
   * What those who use an image get in its place; undefined when it is not customized.
   *
   * @throws Error when its lines or platforms are not possible
   */
  public add({ image, reference, options, place, tag, repository }: ImageToCustomize): CustomizedImage | undefined {
    if (!hasDockerfileLines(options)) return undefined;
    const { compute, repositories, repositoryPrefix } = this.props;
    const custom = {
      repository: customNameFor(place.repositoryName, reference, repositoryPrefix),
      lines: customLines(options),
      platforms: customPlatforms(options, compute),
    };
    warnAboutSecrets(image, custom.lines);
    this.site ??= this.define();
    this.arns.add(custom.repository, { name: place.repositoryName, repository });
    const mutableTags = place.mutableTags.length === 0 ? [] : [customMutableTag(tag, custom)];
    const own = { ...place, repositoryName: custom.repository, mutableTags, existing: undefined, isCustom: true };
    // The tags that a filter selects are known when it runs.
    const [claimed] = (tag === undefined ? [place.tags] : customTags(tag, custom)).map((tags) => repositories.reserve({ ...own, tags }));
    this.marks.add(fingerprintOf({ image: place.source, base: place.repositoryName, custom }));
    return new CustomizedImage({ source: place.source, custom, repository: claimed, buildsNeed: this.site.needs });
  }

  private define(): CustomBuildSite {
    const { buildRole, deployTrigger, eventProjects, project } = this.props;
    const site = defineCustomBuildSite(new Construct(this.mirror, 'CustomImages'), {
      ...this.props,
      repositories: this.arns,
      marks: () => [...this.marks].sort(),
    });
    buildRole.allow(site.statements);
    setCustomBuildsVariable(project, site.builds);
    deployTrigger?.follow(site.project);
    eventProjects.push(site.project);
    return site;
  }
}

/** Words in the name of a variable that is likely to hold a secret. */
const SECRET_WORDS = new Set(['apikey', 'auth', 'credential', 'credentials', 'key', 'passwd', 'password', 'secret', 'token']);

/** `ENV A=1 B=2`, `ENV A 1` and `ARG A`. */
const VARIABLES = /^(?:ENV|ARG)\s+(.*)$/i;
const NAMES = /(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)(?==|\s|$)/g;

/** Warns of lines that look as if they held a secret, which the template and the image would tell to all who may read them. */
export function warnAboutSecrets(image: Construct, lines: readonly string[]): void {
  const names = lines.flatMap(variablesOf).filter(isSecret);
  if (names.length === 0) return;
  Annotations.of(image).addWarningV2(
    'cdk-ecr-mirror:MirroredImage.secretInLines',
    `dockerfileLines set ${names.map(quote).join(', ')}, and are in the template and in the image for all who may read them; `
    + 'give secrets to the container that runs the image, or acknowledge this where it is none',
  );
}

function variablesOf(line: string): string[] {
  const [, variables = ''] = VARIABLES.exec(line.trim()) ?? [];
  const all = [...variables.matchAll(NAMES)].map(([, name]) => name);
  // Without "=", all that follows the first word is its value.
  return variables.includes('=') ? all : all.slice(0, 1);
}

function isSecret(name: string): boolean {
  const words = name.toLowerCase().split('_');
  return !words.includes('public') && words.some((word) => SECRET_WORDS.has(word));
}
