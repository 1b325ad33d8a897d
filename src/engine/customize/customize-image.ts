import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { requireNoBuildTriggers } from './build-triggers';
import type { Docker } from './docker';
import { CustomPlatformImage, readCustomPlatformImage, readCustomIndex, Recipe, recipeTag } from './recipe';
import { CustomImage, platformsBuiltOn } from '../../image/custom-image';
import { formatImageReference } from '../../image/image-reference';
import { OCI_INDEX } from '../../image/media-types';
import { formatPlatform, parsePlatform, processorOfPlatform } from '../../image/platform';
import { CopyContext, lookupLimit, sharedLimits } from '../copy/copy-context';
import { putManifest } from '../copy/image-copy';
import { ImageReader } from '../copy/image-reader';
import { Manifest, readManifest } from '../copy/manifest';
import { platformImages } from '../copy/platforms';
import { digestOf } from '../digest';
import { describeFailure } from '../failure';
import { connectedRegistry } from '../fips';
import { MirrorError } from '../mirror-error';
import type { MirrorRequest, MirrorTools } from '../mirror-request';
import type { RegistryClient } from '../registry/registry-client';
import { RepositoryAccess } from '../registry/repository-access';
import { withRetries } from '../registry/retry';
import { MirrorResult, NO_TRANSFER } from '../result';
import { PreviousImages } from '../retention/previous-images';

/** A customized image to build: its base image in the mirror, and its Dockerfile lines. */
export type CustomizeRequest = Pick<MirrorRequest, 'source' | 'target' | 'keepPrevious'> & Partial<Pick<MirrorRequest, 'kind'>>
  & { readonly custom: CustomImage };

/** The tools for customizing images. */
export interface CustomizeTools extends MirrorTools {
  readonly docker: Docker;
}

/** Builds a customized image, unless it is up to date with its base image in the mirror. Never throws: the result has the error. */
export async function customizeImage(request: CustomizeRequest, tools: CustomizeTools): Promise<MirrorResult> {
  return new ImageCustomization(request, tools).run();
}

/** Whether the customized image exists for all its platforms. While another build has yet to build some of them, it doesn't. */
export function isCustomized({ outcome, targetDigest }: MirrorResult): boolean {
  return outcome === 'unchanged' || (outcome === 'copied' && targetDigest !== undefined);
}

type PartialResult = Pick<MirrorResult, 'outcome' | 'reason' | 'message' | 'targetDigest'>;

class ImageCustomization {
  private readonly started = performance.now();
  private readonly access: RepositoryAccess;
  private readonly base: RegistryClient;
  private readonly target: RegistryClient;
  private readonly warnings: string[] = [];
  private builtFrom?: string;
  private previous?: PreviousImages;

  constructor(private readonly request: CustomizeRequest, private readonly tools: CustomizeTools) {
    const { custom: { repository }, target: { registry } } = request;
    this.access = new RepositoryAccess(tools);
    this.base = this.access.client(request.target, 'pull');
    this.target = this.access.client({ registry, repository }, 'pull,push');
  }

  async run(): Promise<MirrorResult> {
    let partial: PartialResult;
    try {
      partial = await this.customize();
    } catch (error) {
      partial = { outcome: 'failed', ...describeFailure(error, this.tools) };
    } finally {
      this.access.close();
    }
    return this.result(partial);
  }

  private async customize(): Promise<PartialResult> {
    const { custom, target: { registry, repository, tag } } = this.request;
    const { retryContext } = this.access;
    const digest = await withRetries(retryContext, () => this.base.manifestDigest(tag));
    if (digest === undefined) {
      throw new MirrorError('not-found', `${repository}:${tag} is not in the mirror yet, so it cannot be customized; mirror it first`);
    }
    const recipe = new Recipe(custom, tag, digest);
    this.builtFrom = `${registry}/${repository}@${digest}`;
    const targetDigest = await readCustomIndex(recipe, this.target, retryContext);
    const state = targetDigest === undefined ? 'building' : 'up to date';
    this.tools.progress.line(`${this.builtFrom}, customized as ${custom.repository}:${recipe.tag}: ${state}`);
    if (targetDigest !== undefined) return { outcome: 'unchanged', targetDigest };
    const images = await this.build(recipe, digest);
    const missing = recipe.platforms.filter((_, index) => images[index] === undefined);
    if (missing.length > 0) return { outcome: 'copied', message: `the build for ${missing.join(', ')} is not finished; it completes the image` };
    return { outcome: 'copied', targetDigest: await this.putIndex(images.filter((image) => image !== undefined), recipe) };
  }

  private async putIndex(images: readonly CustomPlatformImage[], recipe: Recipe): Promise<string> {
    const { retryContext } = this.access;
    const index = customIndex(images, recipe, this.request.target.registry);
    const context = { ...sharedLimits(), retryContext, target: this.target };
    const previous = this.previousImages(context, recipe);
    await previous.keep(index.digest);
    try {
      await putManifest(context, index, recipe.tag);
    } catch (error) {
      // The build of another platform may have completed the image at the same time.
      if (await readCustomIndex(recipe, this.target, retryContext) !== index.digest) throw error;
    }
    await previous.release(index.digest);
    return index.digest;
  }

  /** The customized image of a floating tag moves with its base image, so services can run a previous one. */
  private previousImages(context: Pick<CopyContext, 'lookups' | 'pace' | 'retryContext' | 'target'>, { tag }: Recipe): PreviousImages {
    const { keepPrevious = 0, kind } = this.request;
    const { listImages, progress } = this.tools;
    const statistics = { bytesCopied: 0, blobsCopied: 0, blobsSkipped: 0, referrersCopied: 0, warnings: this.warnings };
    const options = { tag, keepPrevious: kind === 'fixed' ? 0 : keepPrevious, listImages };
    this.previous = new PreviousImages({ ...context, progress, statistics }, options);
    return this.previous;
  }

  /** Builds the images for this build's processor. Returns the images of all platforms: undefined for those that another build has yet to build. */
  private async build(recipe: Recipe, baseDigest: string): Promise<readonly (CustomPlatformImage | undefined)[]> {
    const platforms = await this.platformsOfProcessor();
    const { retryContext } = this.access;
    const reader = new ImageReader(this.base, retryContext, lookupLimit());
    const bases = await platformImages(await reader.manifest({ digest: baseDigest }), platforms.map((platform) => parsePlatform(platform)!), reader);
    for (const image of bases) await requireNoBuildTriggers(await reader.manifest(image), reader);
    for (const { platform, digest } of bases) await this.buildPlatform(formatPlatform(platform), digest, recipe);
    return Promise.all(recipe.platforms.map((platform) => this.readPlatformImage(platform, recipe)));
  }

  private async platformsOfProcessor(): Promise<string[]> {
    const { custom } = this.request;
    const platform = await this.tools.docker.platform();
    const processor = processorOfPlatform(platform);
    const platforms = processor === undefined ? [] : platformsBuiltOn(custom, processor);
    if (platforms.length > 0) return platforms;
    const problem = `this build runs on ${platform}, but the image is for ${custom.platforms.join(', ')}`;
    throw new MirrorError('invalid-configuration', `${problem}; start the build on a processor of one of these platforms`);
  }

  /** @param baseDigest the digest of the platform's image, which was checked; from the digest of an index, Docker would select an image itself */
  private async buildPlatform(platform: string, baseDigest: string, recipe: Recipe): Promise<void> {
    if (await this.readPlatformImage(platform, recipe) !== undefined) return;
    const { custom: { lines, repository }, target } = this.request;
    const registry = connectedRegistry(target.registry);
    const { docker, credentials } = this.tools;
    await docker.signIn(registry, credentials);
    const tag = recipe.platformTag(platform);
    const labels = Object.entries(recipe.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    try {
      await withDockerfile(`${registry}/${target.repository}@${baseDigest}`, lines, ({ dockerfile, folder }) => docker.run([
        // The default builder: other builders run in an image that would bypass the mirror.
        'buildx', 'build', '--builder', 'default', '--platform', platform, '--progress', 'plain',
        // Attestations would turn the image into an index, which AWS Lambda doesn't support.
        '--provenance=false', '--sbom=false', ...labels, ...proxyArguments(process.env),
        '--tag', `${registry}/${repository}:${tag}`, '--push', '--file', dockerfile, folder,
      ]));
    } catch (error) {
      // Another build may have pushed the same image to the immutable tag at the same time.
      if (await this.readPlatformImage(platform, recipe) === undefined) throw error;
    }
    if (await this.readPlatformImage(platform, recipe) === undefined) {
      const problem = `${repository}:${tag} is not the image that was built and pushed for ${platform}`;
      throw new MirrorError('build-failed', `${problem}; check the log of the build`);
    }
  }

  private readPlatformImage(platform: string, recipe: Recipe): Promise<CustomPlatformImage | undefined> {
    return readCustomPlatformImage(platform, recipe, this.target, this.access.retryContext);
  }

  private result(partial: PartialResult): MirrorResult {
    const { custom, source, target } = this.request;
    const { repository } = custom;
    const tag = recipeTag(custom, target.tag);
    return {
      ...NO_TRANSFER,
      source: formatImageReference(source),
      target: formatImageReference({ registry: target.registry, repository, tag }),
      repository,
      tag,
      ...this.builtFrom === undefined ? {} : { builtFrom: this.builtFrom },
      ...partial,
      ...this.previous?.result,
      ...this.warnings.length === 0 ? {} : { warnings: this.warnings },
      requests: { source: this.base.requests, target: this.target.requests },
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }
}

/** The variables of a proxy, for programs that RUN instructions start. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy'];

/**
 * The build arguments with the proxy. Docker reads their values from its environment, and keeps these arguments out of the image and its history.
 *
 * @see https://docs.docker.com/reference/dockerfile/#predefined-args
 */
function proxyArguments(environment: NodeJS.ProcessEnv): string[] {
  return PROXY_VARIABLES.filter((name) => environment[name]).flatMap((name) => ['--build-arg', name]);
}

/**
 * Creates the index of the images of all platforms. The same images always result in the same bytes.
 *
 * The index has the OCI media type even when the images have Docker media types, because only OCI indexes have annotations.
 *
 * @param registry the target registry, for error messages
 */
function customIndex(images: readonly CustomPlatformImage[], recipe: Recipe, registry: string): Manifest {
  const manifests = images.map(({ platform, manifest: { mediaType, digest, bytes } }) => ({ mediaType, digest, size: bytes.length, platform }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations: recipe.labels }), 'utf8');
  return readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), registry);
}

/** A build context that contains only a Dockerfile. */
interface BuildFolder {
  readonly folder: string;
  readonly dockerfile: string;
}

/**
 * Runs a function with a temporary Dockerfile, and deletes the file afterward.
 *
 * @param base the base image in the mirror, with its digest
 * @param lines the Dockerfile lines after FROM
 */
async function withDockerfile<T>(base: string, lines: readonly string[], use: (build: BuildFolder) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'custom-image-'));
  try {
    const dockerfile = path.join(folder, 'Dockerfile');
    // FROM is the first line, so no line after it can be a parser directive.
    await writeFile(dockerfile, [`FROM ${base}`, ...lines, ''].join('\n'), { mode: 0o600 });
    return await use({ folder, dockerfile });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
