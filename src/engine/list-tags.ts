import { setMaxListeners } from 'node:events';
import { signalOf } from './failure';
import { MirrorError } from './mirror-error';
import type { MirrorTools } from './mirror-image';
import { endpointOf } from './registry/endpoint';
import { RegistryClient } from './registry/registry-client';
import { withRetries } from './registry/retry';
import { selectTags } from './tag-selection';
import type { ImageReference } from '../image/image-reference';
import type { TagSelection } from '../image/tag-selection';

/** So many tags at once are a mistake in a pattern rather than a wish. */
const MOST_TAGS = 500;

/**
 * The tags of an upstream repository that a selection means.
 *
 * @throws MirrorError when there is none, when there are too many, or when the registry does not tell
 */
export async function listTags({ registry, repository }: ImageReference, selection: TagSelection, tools: MirrorTools): Promise<string[]> {
  const { credentials, deadline, plainHttp, progress, retry, transport } = tools;
  const signal = signalOf(tools);
  setMaxListeners(0, signal);
  const client = new RegistryClient({ endpoint: endpointOf(registry, plainHttp(registry)), repository, access: 'pull', transport, credentials, signal });
  const onRetry = (error: MirrorError, seconds: number) => progress.line(`${error.message}; trying again in ${seconds.toFixed(1)} s`);
  const all = await withRetries({ retry, deadline, signal, onRetry }, () => client.tags());
  const selected = selectTags(all, selection);
  progress.line(`${registry}/${repository} has ${all.length} tags, ${selected.length} of them are selected`);
  if (selected.length === 0) throw new MirrorError('not-found', `${registry}: none of the ${all.length} tags of ${repository} is selected by ${JSON.stringify(selection)}`);
  if (selected.length <= MOST_TAGS) return selected;
  throw new MirrorError('invalid-configuration', `${registry}: ${selected.length} tags of ${repository} are selected, and ${MOST_TAGS} is the limit; narrow the selection, or set latest`);
}
