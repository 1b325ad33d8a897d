import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { requireNoBuildTriggers } from './build-triggers';
import type { Docker } from './docker';
import { BuiltImage, readCustomPlatformImage, readCustomIndex } from './custom-target';
import { Recipe, recipeTag } from './recipe';
import { CustomImage, platformsBuiltOn } from '../../image/custom-image';
import { formatImageReference } from '../../image/image-reference';
import { OCI_INDEX } from '../../image/media-types';
import { formatPlatform, parsePlatform, processorOfPlatform } from '../../image/platform';
import { DEFAULT_LOOKUPS, Semaphore } from '../copy/copy-context';
import { putManifest } from '../copy/image-copy';
import { ImageReader } from '../copy/image-reader';
import { Manifest, readManifest } from '../copy/manifest';
import { platformImages } from '../copy/platforms';
import { digestOf } from '../digest';
import { describeFailure } from '../failure';
import { MirrorError } from '../mirror-error';
import type { MirrorRequest, MirrorTools } from '../mirror-image';
import type { RegistryClient } from '../registry/registry-client';
import { RepositoryAccess } from '../registry/repository-access';
import { withRetries } from '../registry/retry';
import { MirrorResult, NO_TRANSFER } from '../result';

/** An image to customize: the mirror's copy of it, and how. */
export type CustomizingRequest = Pick<MirrorRequest, 'source' | 'target'> & { readonly custom: CustomImage };

/** What an image is customized with. */
export interface CustomizingTools extends MirrorTools {
  readonly docker: Docker;
}

/** Brings one customized image up to date with the mirror's copy that it is built from. Never throws: whatever goes wrong is told in the result. */
export async function customizeImage(request: CustomizingRequest, tools: CustomizingTools): Promise<MirrorResult> {
  return new ImageCustomizing(request, tools).run();
}

/** Whether the customized image is there for all of its platforms; while another build has some of them to make, it is not. */
export function isCustomized({ outcome, targetDigest }: MirrorResult): boolean {
  return outcome === 'unchanged' || (outcome === 'copied' && targetDigest !== undefined);
}

type Finding = Pick<MirrorResult, 'outcome' | 'reason' | 'message' | 'targetDigest'>;

class ImageCustomizing {
  private readonly started = performance.now();
  private readonly access: RepositoryAccess;
  private readonly base: RegistryClient;
  private readonly target: RegistryClient;
  private builtFrom?: string;

  constructor(private readonly request: CustomizingRequest, private readonly tools: CustomizingTools) {
    const { custom: { repository }, target: { registry } } = request;
    this.access = new RepositoryAccess(tools);
    this.base = this.access.client(request.target, 'pull');
    this.target = this.access.client({ registry, repository }, 'pull,push');
  }

  async run(): Promise<MirrorResult> {
    let finding: Finding;
    try {
      finding = await this.customize();
    } catch (error) {
      finding = { outcome: 'failed', ...describeFailure(error, this.tools) };
    } finally {
      this.access.close();
    }
    return this.result(finding);
  }

  private async customize(): Promise<Finding> {
    const { custom, target: { registry, repository, tag } } = this.request;
    const { retryContext: run } = this.access;
    const digest = await withRetries(run, () => this.base.manifestDigest(tag));
    if (digest === undefined) throw new MirrorError('not-found', `${repository}:${tag} is not in the mirror yet, so there is nothing to customize; mirror it first`);
    const recipe = new Recipe(custom, tag, digest);
    this.builtFrom = `${registry}/${repository}@${digest}`;
    const there = await readCustomIndex(recipe, this.target, run);
    this.tools.progress.line(`${this.builtFrom}, customized as ${custom.repository}:${recipe.tag}: ${there === undefined ? 'building' : 'up to date'}`);
    if (there !== undefined) return { outcome: 'unchanged', targetDigest: there };
    const images = await this.build(recipe, digest);
    const missing = recipe.platforms.filter((_, index) => images[index] === undefined);
    if (missing.length > 0) return { outcome: 'copied', message: `the build for ${missing.join(', ')} is not done; it will complete the image` };
    return { outcome: 'copied', targetDigest: await this.putIndex(images.filter((image) => image !== undefined), recipe) };
  }

  private async putIndex(images: readonly BuiltImage[], recipe: Recipe): Promise<string> {
    const { retryContext: run } = this.access;
    const index = builtIndex(images, recipe, this.request.target.registry);
    try {
      await putManifest({ retryContext: run, target: this.target }, index, recipe.tag);
    } catch (error) {
      // The build of another platform may have completed the image at the same time.
      if (await readCustomIndex(recipe, this.target, run) !== index.digest) throw error;
    }
    return index.digest;
  }

  /** Builds the images of this machine's platforms. Resolves to those of all; undefined for what another build has yet to make. */
  private async build(recipe: Recipe, baseDigest: string): Promise<readonly (BuiltImage | undefined)[]> {
    const own = await this.ownPlatforms();
    const { retryContext: run } = this.access;
    const reader = new ImageReader(this.base, run, new Semaphore(DEFAULT_LOOKUPS));
    const bases = await platformImages(await reader.manifest({ digest: baseDigest }), own.map((platform) => parsePlatform(platform)!), reader);
    for (const image of bases) await requireNoBuildTriggers(await reader.manifest(image), this.base, run);
    for (const { platform, digest } of bases) await this.buildPlatform(formatPlatform(platform), digest, recipe);
    return Promise.all(recipe.platforms.map((platform) => this.held(platform, recipe)));
  }

  private async ownPlatforms(): Promise<string[]> {
    const { custom } = this.request;
    const platform = await this.tools.docker.platform();
    const processor = processorOfPlatform(platform);
    const own = processor === undefined ? [] : platformsBuiltOn(custom, processor);
    if (own.length > 0) return own;
    throw new MirrorError('invalid-configuration', `this build runs on ${platform}, and the image is wanted for ${custom.platforms.join(', ')}; start it on a processor of one of these`);
  }

  /** @param baseDigest that of the image of the platform, which was looked at: of an index, Docker would choose for itself */
  private async buildPlatform(platform: string, baseDigest: string, recipe: Recipe): Promise<void> {
    if (await this.held(platform, recipe) !== undefined) return;
    const { custom: { lines, repository }, target } = this.request;
    const { registry } = target;
    const { docker, credentials } = this.tools;
    await docker.signIn(registry, credentials);
    const tag = recipe.platformTag(platform);
    const labels = Object.entries(recipe.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    try {
      await withDockerfile(`${registry}/${target.repository}@${baseDigest}`, lines, ({ dockerfile, folder }) => docker.run([
        // Docker's own builder: any other would be an image that comes past the mirror.
        'buildx', 'build', '--builder', 'default', '--platform', platform, '--progress', 'plain',
        // Attestations would make an index of the image of one platform, which AWS Lambda does not take.
        '--provenance=false', '--sbom=false', ...labels, '--tag', `${registry}/${repository}:${tag}`, '--push', '--file', dockerfile, folder,
      ]));
    } catch (error) {
      // Another run may have pushed the same meanwhile, to a tag that is immutable.
      if (await this.held(platform, recipe) === undefined) throw error;
    }
    if (await this.held(platform, recipe) === undefined) {
      throw new MirrorError('build-failed', `${repository}:${tag} does not hold what was built for ${platform} and pushed there; look into the log of the build`);
    }
  }

  private held(platform: string, recipe: Recipe): Promise<BuiltImage | undefined> {
    return readCustomPlatformImage(platform, recipe, this.target, this.access.retryContext);
  }

  private result(finding: Finding): MirrorResult {
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
      ...finding,
      requests: { source: this.base.requests, target: this.target.requests },
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }
}

/**
 * The index of the customized images of all platforms: the same bytes from the same images, whoever makes it.
 *
 * It is OCI's, also where Docker pushes manifests of its own kind, for only OCI's has annotations.
 *
 * @param registry where it goes, for errors
 */
export function builtIndex(images: readonly BuiltImage[], recipe: Recipe, registry: string): Manifest {
  const manifests = images.map(({ platform, manifest: { mediaType, digest, bytes } }) => ({ mediaType, digest, size: bytes.length, platform }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations: recipe.labels }), 'utf8');
  return readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), registry);
}

/** A folder with nothing but a Dockerfile in it: all that a build can see. */
export interface BuildFolder {
  readonly folder: string;
  readonly dockerfile: string;
}

/**
 * Does something with a Dockerfile, which is gone afterward.
 *
 * @param base the image to build from, by its digest in the mirror
 * @param lines the instructions that follow
 */
export async function withDockerfile<T>(base: string, lines: readonly string[], use: (build: BuildFolder) => Promise<T>): Promise<T> {
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
