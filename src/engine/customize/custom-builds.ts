import { readCustomIndex, Recipe } from './recipe';
import { CustomBuilds, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, RunVariables } from '../../image/contract/environment';
import { CustomImage, processorsOf } from '../../image/custom-image';
import { formatImageReference } from '../../image/image-reference';
import type { ProcessorName } from '../../image/platform';
import { describeFailure } from '../failure';
import { MirrorError } from '../mirror-error';
import type { MirrorRequest, MirrorTools } from '../mirror-request';
import { RepositoryAccess } from '../registry/repository-access';
import { isSuccess, MirrorResult, NO_TRANSFER } from '../result';
import { withRunSignal } from '../run-signal';

/** Starts the builds of customized images that are missing or out of date, after their base images are mirrored. */
export class CustomBuildStarter {
  private readonly queue = { isFull: false };

  /** @param settings the project that builds customized images; undefined when there is none */
  constructor(private readonly settings: CustomBuilds | undefined, private readonly tools: MirrorTools) {}

  /**
   * Starts the builds for an image after it was mirrored. They use the image in the mirror, also when a newer one could not be copied.
   *
   * @param request undefined when the image was not attempted
   * @returns the result with the started builds, or with the failure
   */
  async startBuilds(result: MirrorResult, request: MirrorRequest | undefined): Promise<MirrorResult> {
    if (request?.custom === undefined || result.targetDigest === undefined) return result;
    try {
      const { custom } = request;
      const { targetDigest } = result;
      const customBuilds = await withRunSignal(this.tools, () => this.start(request, custom, targetDigest));
      return customBuilds.length === 0 ? result : { ...result, customBuilds };
    } catch (error) {
      if (!isSuccess(result)) return result;
      const { reason, message } = describeFailure(error, this.tools);
      return { ...result, outcome: 'failed', reason, message: `the image is mirrored, but its customized image is not up to date: ${message}` };
    }
  }

  private async start(request: MirrorRequest, custom: CustomImage, baseDigest: string): Promise<string[]> {
    const { settings } = this;
    if (settings === undefined) {
      const problem = `the variable ${RUN_ENVIRONMENT.CUSTOM_IMAGE} requires a project that sets ${PROJECT_ENVIRONMENT.CUSTOM_BUILDS}`;
      throw new MirrorError('invalid-configuration', problem);
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
    const { project, processor: projectProcessor, otherEnvironment } = settings;
    const environment = processor === projectProcessor ? undefined : otherEnvironment;
    if (processor !== projectProcessor && environment === undefined) {
      throw new MirrorError('invalid-configuration', `the image requires ${processor}, but customized images are built on ${projectProcessor} only; `
        + 'use one of CodeBuild\'s own build images, which exist for both');
    }
    // Imported here: runs without customized images, or with up-to-date ones, don't wait for the AWS SDK.
    const { startCustomBuild } = await import('./start-custom-build.js');
    const { id, problem } = await startCustomBuild({ project, variables, environment }, this.tools, this.queue);
    if (id === undefined) throw new MirrorError('build-failed', problem ?? 'the build was not started');
    return id;
  }
}

/** The variables of a build. They name the image's repository in the mirror, however the image was mirrored. */
function variablesOf({ source, target, kind, keepPrevious }: MirrorRequest, custom: CustomImage): RunVariables {
  return {
    [RUN_ENVIRONMENT.IMAGE]: formatImageReference(source),
    [RUN_ENVIRONMENT.REPOSITORY]: target.repository,
    [RUN_ENVIRONMENT.TAG_KIND]: kind,
    [RUN_ENVIRONMENT.KEEP_PREVIOUS]: kind === 'fixed' ? undefined : keepPrevious?.toString(),
    [RUN_ENVIRONMENT.CUSTOM_IMAGE]: JSON.stringify(custom),
  };
}

/**
 * Checks what a run would do for a customized image (dry run).
 *
 * @param result the result of the dry run for the base image
 * @returns no result when the image is not customized, or when the digest of its base image is unknown
 */
export async function checkCustomImage(request: MirrorRequest, result: MirrorResult, tools: MirrorTools): Promise<MirrorResult[]> {
  const { custom, source, target: { registry, repository, tag } } = request;
  // A new upstream image is the new base image. Otherwise its digest in the mirror counts, which differs when platforms are selected.
  const baseDigest = result.outcome === 'copied' ? result.sourceDigest : result.targetDigest;
  if (custom === undefined || baseDigest === undefined) return [];
  const recipe = new Recipe(custom, tag, baseDigest);
  const customResult = {
    ...NO_TRANSFER,
    source: formatImageReference(source),
    target: formatImageReference({ registry, repository: custom.repository, tag: recipe.tag }),
    repository: custom.repository,
    tag: recipe.tag,
    dryRun: true,
    builtFrom: `${registry}/${repository}@${baseDigest}`,
  };
  const access = new RepositoryAccess(tools);
  try {
    const client = access.client({ registry, repository: custom.repository }, 'pull');
    const targetDigest = result.outcome === 'copied' ? undefined : await readCustomIndex(recipe, client, access.retryContext);
    return [{ ...customResult, outcome: targetDigest === undefined ? 'copied' : 'unchanged', targetDigest }];
  } catch (error) {
    return [{ ...customResult, outcome: 'failed', ...describeFailure(error, tools) }];
  } finally {
    access.close();
  }
}
