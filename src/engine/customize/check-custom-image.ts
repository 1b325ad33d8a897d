import { readCustomIndex } from './custom-target';
import { Recipe } from './recipe';
import { formatImageReference } from '../../image/image-reference';
import { describeFailure } from '../failure';
import type { MirrorRequest, MirrorTools } from '../mirror-image';
import { RepositoryAccess } from '../registry/repository-access';
import { MirrorResult, NO_TRANSFER } from '../result';

/**
 * Tells what a run would do about a customized image, and does nothing.
 *
 * @param result what it would do about the image itself
 * @returns no result where the image is not customized, or where nothing is known of it
 */
export async function checkCustomImage(request: MirrorRequest, result: MirrorResult, tools: MirrorTools): Promise<MirrorResult[]> {
  const { custom, source, target: { registry, repository, tag } } = request;
  // A new image upstream is a new base; its digest in the mirror is another where platforms are chosen.
  const baseDigest = result.outcome === 'copied' ? result.sourceDigest : result.targetDigest;
  if (custom === undefined || baseDigest === undefined) return [];
  const recipe = new Recipe(custom, tag, baseDigest);
  const told = {
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
    return [{ ...told, outcome: targetDigest === undefined ? 'copied' : 'unchanged', targetDigest }];
  } catch (error) {
    return [{ ...told, outcome: 'failed', ...describeFailure(error, tools) }];
  } finally {
    access.close();
  }
}
