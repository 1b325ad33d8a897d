import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { CustomCompute, CustomImageBuilds, CustomImageBuildsProps } from './custom-project';
import { customRepositoryName, CustomRepositories } from './custom-repositories';
import { CustomizedImage, customFixedTags, customMutableTags, customTags, fingerprintOf } from './customized-image';
import { DeclaredImage, DeclaredTags } from '../declarations/declared-image';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { orderedPlatforms } from '../image/custom-image';
import { dockerfileLinesProblem, runsCommands } from '../image/dockerfile-lines';
import { platformOfProcessor, processorOfPlatform } from '../image/platform';
import { quote } from '../image/sanitize';
import { MirrorBuilds } from '../project/mirror-project';
import { RepositorySet } from '../repositories/repository-set';
import { requireLiteral } from '../synthesis/literal';

/**
 * Returns the Dockerfile lines of a customized image.
 *
 * @throws Error when a line is a token or not allowed
 */
function requireDockerfileLines(lines: readonly string[]): string[] {
  if (Token.isUnresolved(lines)) throw new Error('dockerfileLines must be known at synthesis, but it is a list token; write the lines as strings');
  for (const line of lines) {
    const remedy = 'write its value into the line, or pass it to the container as an environment variable';
    requireLiteral(line, `the line ${quote(line)} of dockerfileLines`, remedy);
  }
  const problem = dockerfileLinesProblem(lines);
  if (problem !== undefined) throw new Error(`dockerfileLines: ${problem}`);
  return [...lines];
}

/**
 * Returns the platforms that a customized image is built for.
 *
 * @throws Error when a platform is not mirrored, or when no build can run its commands
 */
function requireCustomPlatforms(declared: DeclaredImage, compute: CustomCompute): string[] {
  const { customPlatforms, dockerfileLines = [], platforms: mirrored, platformsIfAvailable } = declared;
  // Upstream may lack some platforms of the mirror, so they are not the default.
  const ownPlatforms = platformsIfAvailable ? undefined : mirrored;
  const platforms = orderedPlatforms(customPlatforms ?? ownPlatforms ?? [platformOfProcessor(compute.processor)])!;
  const available = mirrored && orderedPlatforms(mirrored)!;
  const missing = platforms.filter((platform) => available !== undefined && !available.includes(platform));
  if (missing.length > 0) {
    throw new Error(`customPlatforms ${customPlatforms === undefined ? 'is by default' : 'has'} ${missing.join(', ')}, `
      + `but platforms mirrors only ${available?.join(', ')}; `
      + `add it to platforms, or ${customPlatforms === undefined ? 'set customPlatforms' : 'remove it from customPlatforms'}`);
  }
  if (runsCommands(dockerfileLines)) for (const platform of platforms) requireProcessor(platform, compute);
  return platforms;
}

/**
 * Requires that CodeBuild can run the commands of a platform, which needs a processor of that platform.
 *
 * @throws Error when CodeBuild has no such processor, or when the build image runs on another processor
 */
function requireProcessor(platform: string, { configuration, otherEnvironment, processor }: CustomCompute): void {
  const needed = processorOfPlatform(platform);
  const remedy = 'set customPlatforms to the platforms that you use, or remove RUN';
  if (needed === undefined) throw new Error(`RUN is not possible for ${platform}, because CodeBuild has no compute for it; ${remedy}`);
  if (needed === processor || otherEnvironment !== undefined) return;
  throw new Error(`RUN is not possible for ${platform}, because customized images are built in ${quote(configuration.buildImage.imageId)}, `
    + `which runs on ${processor}; use a build image of CodeBuild with customImageCompute: MirrorCompute.ec2(), or ${remedy}`);
}

/** The settings of the customized images of a mirror. */
export interface CustomImagesProps extends Omit<CustomImageBuildsProps, 'repositories' | 'fingerprints' | 'eventBus' | 'sharedVariables'> {
  readonly repositories: RepositorySet;
  /** The builds that mirror images. */
  readonly builds: MirrorBuilds;
  /** `undefined` when deployments do not mirror images. */
  readonly deployTrigger?: DeployTrigger;
  /** The projects that put the events of the mirror. The project for customized images is added to them. */
  readonly eventProjects: codebuild.IProject[];
}

/**
 * The customized images of a mirror.
 *
 * The project that builds them is defined with the first customized image. A mirror without customized images has no such project.
 */
export class CustomImages {
  private readonly arns: CustomRepositories;
  private readonly fingerprints = new Set<string>();
  private customBuilds?: CustomImageBuilds;

  constructor(private readonly mirror: Construct, private readonly props: CustomImagesProps) {
    this.arns = new CustomRepositories(mirror, props.repositories.prefix);
  }

  /**
   * Adds the customized image of an image; `undefined` when the image is not customized.
   *
   * @param image the construct of the image
   * @param base the repository of the unchanged image
   * @throws Error when the Dockerfile lines or platforms are not possible
   */
  public add(image: Construct, declared: DeclaredImage, base: ecr.IRepository): CustomizedImage | undefined {
    if (declared.dockerfileLines === undefined) return undefined;
    const { compute, repositories } = this.props;
    const { reference, repositoryName, source, tags } = declared;
    const custom = {
      repository: customRepositoryName(repositoryName, reference, repositories.prefix),
      lines: requireDockerfileLines(declared.dockerfileLines),
      platforms: requireCustomPlatforms(declared, compute),
    };
    warnAboutSecrets(image, custom.lines);
    this.customBuilds ??= this.defineBuilds();
    this.arns.add(custom.repository, { name: repositoryName, repository: base });
    const { hasChosenRepository, imageTagMutability, keepPrevious, keepVersions, lifecycleRules } = declared;
    const [mutableTags, fixedTags] = [customMutableTags(declared, custom), customFixedTags(declared, custom)];
    const target = {
      source,
      repositoryName: custom.repository,
      mutableTags,
      fixedTags,
      imageTagMutability,
      hasChosenRepository,
      isCustom: true,
      keepPrevious,
      keepVersions,
      lifecycleRules,
    };
    // The tags that a filter selects are known only when a build runs.
    const targetTags: DeclaredTags[] = 'tag' in tags ? customTags(tags.tag, custom).map((tag) => ({ tag })) : [tags];
    const [repository] = targetTags.map((tagsOfTarget) => repositories.reserve({ ...target, tags: tagsOfTarget }, Stack.of(image)));
    this.fingerprints.add(fingerprintOf({ image: source, base: repositoryName, custom }));
    return new CustomizedImage({ source, custom, repository, buildsNeed: this.customBuilds.needs });
  }

  private defineBuilds(): CustomImageBuilds {
    const { builds, deployTrigger, eventProjects } = this.props;
    const customBuilds = new CustomImageBuilds(new Construct(this.mirror, 'CustomImages'), {
      ...this.props,
      eventBus: builds.eventBus,
      sharedVariables: builds.sharedVariables,
      repositories: this.arns,
      fingerprints: () => [...this.fingerprints].sort(),
    });
    builds.role.allow(customBuilds.statements);
    builds.addPusher((statements) => statements.forEach((statement) => customBuilds.role.addToPrincipalPolicy(statement)));
    customBuilds.addLocationTo(builds.project);
    deployTrigger?.grantReadBuilds(customBuilds.project);
    eventProjects.push(customBuilds.project);
    return customBuilds;
  }
}

/** Words in the names of variables that usually hold secrets. */
const SECRET_WORDS = new Set(['apikey', 'auth', 'credential', 'credentials', 'key', 'passwd', 'password', 'secret', 'token']);

/** Matches `ENV A=1 B=2`, `ENV A 1`, and `ARG A`. */
const VARIABLES = /^(?:ENV|ARG)\s+(.*)$/i;
const NAMES = /(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)(?==|\s|$)/g;

/** Warns about lines that appear to set a secret. Everyone with read access to the template or the image can read these lines. */
function warnAboutSecrets(image: Construct, lines: readonly string[]): void {
  const names = lines.flatMap(variablesOf).filter(isSecret);
  if (names.length === 0) return;
  Annotations.of(image).addWarningV2(
    'cdk-ecr-mirror:MirroredImage.secretInLines',
    `dockerfileLines set ${names.map(quote).join(', ')}, but everyone with read access to the template or the image can read the lines; `
    + 'pass secrets to the container that runs the image, or acknowledge this warning if the value is not a secret',
  );
}

function variablesOf(line: string): string[] {
  const [, variables = ''] = VARIABLES.exec(line.trim()) ?? [];
  const all = [...variables.matchAll(NAMES)].map(([, name]) => name);
  // Without "=", the text after the first word is its value.
  return variables.includes('=') ? all : all.slice(0, 1);
}

function isSecret(name: string): boolean {
  const words = name.toLowerCase().split('_');
  return !words.includes('public') && words.some((word) => SECRET_WORDS.has(word));
}
