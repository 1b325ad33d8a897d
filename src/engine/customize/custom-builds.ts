import { readCustomIndex } from './custom-target';
import { Recipe } from './recipe';
import { CustomBuilds, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, RunVariables } from '../../image/contract/environment';
import { CustomImage, processorsOf } from '../../image/custom-image';
import { formatImageReference } from '../../image/image-reference';
import type { ProcessorName } from '../../image/platform';
import { describeFailure } from '../failure';
import { MirrorError } from '../mirror-error';
import type { MirrorRequest, MirrorTools } from '../mirror-image';
import { RepositoryAccess } from '../registry/repository-access';
import { isSuccess, MirrorResult } from '../result';

/** Sees to the customized images of a run: once an image is in the mirror, it has those built that are not what their lines make of it. */
export class CustomBuildStarter {
  /** @param settings where customized images are built; undefined where there are none */
  constructor(private readonly settings: CustomBuilds | undefined, private readonly tools: MirrorTools) {}

  /**
   * Starts the builds that an image needs after it was mirrored: from what the mirror holds, also where a newer one could not be had.
   *
   * @param request undefined where the image was not attempted
   * @returns the result, with the builds that were started, or with what went wrong
   */
  async follow(result: MirrorResult, request: MirrorRequest | undefined): Promise<MirrorResult> {
    if (request?.custom === undefined || result.targetDigest === undefined) return result;
    try {
      const customBuilds = await this.start(request, request.custom, result.targetDigest);
      return customBuilds.length === 0 ? result : { ...result, customBuilds };
    } catch (error) {
      if (!isSuccess(result)) return result;
      const { reason, message } = describeFailure(error, this.tools);
      return { ...result, outcome: 'failed', reason, message: `the image is mirrored, and its customized image could not be brought up to date: ${message}` };
    }
  }

  private async start(request: MirrorRequest, custom: CustomImage, baseDigest: string): Promise<string[]> {
    const { settings } = this;
    if (settings === undefined) {
      throw new MirrorError('invalid-configuration', `the variable ${RUN_ENVIRONMENT.CUSTOM_IMAGE} needs a project that sets ${PROJECT_ENVIRONMENT.CUSTOM_BUILDS}`);
    }
    if (await this.isUpToDate(new Recipe(custom, request.target.tag, baseDigest), request, custom)) return [];
    const builds: string[] = [];
    for (const processor of processorsOf(custom, settings.processor)) {
      builds.push(await this.startOn(processor, settings, variablesOf(request, custom)));
    }
    return builds;
  }

  private async isUpToDate(recipe: Recipe, { target: { registry } }: MirrorRequest, { repository }: CustomImage): Promise<boolean> {
    const access = new RepositoryAccess(this.tools);
    try {
      return await readCustomIndex(recipe, access.client({ registry, repository }, 'pull'), access.retryContext) !== undefined;
    } finally {
      access.close();
    }
  }

  private async startOn(processor: ProcessorName, settings: CustomBuilds, variables: RunVariables): Promise<string> {
    const { project, processor: own, otherEnvironment } = settings;
    const environment = processor === own ? undefined : otherEnvironment;
    if (processor !== own && environment === undefined) {
      throw new MirrorError('invalid-configuration', `customized images are built on ${own} here, and ${processor} is wanted; let builds run in one of CodeBuild's own images, which there are for both`);
    }
    // Loaded only here: runs without customized images, and those whose images are up to date, do not wait for the AWS SDK.
    const { startCustomBuild } = await import('./start-custom-build.js');
    const { id, problem } = await startCustomBuild({ project, variables, environment }, this.tools);
    if (id === undefined) throw new MirrorError('build-failed', problem ?? 'the build was not started');
    return id;
  }
}

/** What the build is told: the image by its place in the mirror, whatever it was mirrored by. */
function variablesOf({ source, target, kind }: MirrorRequest, custom: CustomImage): RunVariables {
  return {
    [RUN_ENVIRONMENT.IMAGE]: formatImageReference(source),
    [RUN_ENVIRONMENT.REPOSITORY]: target.repository,
    [RUN_ENVIRONMENT.TAG_KIND]: kind,
    [RUN_ENVIRONMENT.CUSTOM_IMAGE]: JSON.stringify(custom),
  };
}
