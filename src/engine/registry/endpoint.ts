import type { Challenge } from './challenge';
import { DOCKER_HUB } from '../../image/image-reference';
import { ecrHost, PUBLIC_GALLERY } from '../../image/registry-hosts';

/** Where a registry answers, and what is known about it beforehand. */
export interface Endpoint {
  /** The host as image references name it. */
  readonly registry: string;
  /** Scheme, host and port that requests go to. */
  readonly origin: string;
  /** What the registry will ask for, where that is documented: it saves the request that would be answered 401. */
  readonly challenge?: Challenge;
}

/**
 * Challenges that registries document or have sent unchanged for years.
 *
 * A registry that answers another one is believed, so a change there costs one request and breaks nothing.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/ for Docker Hub's token service
 */
const KNOWN_CHALLENGES: ReadonlyMap<string, Challenge> = new Map([
  [DOCKER_HUB, { scheme: 'bearer', realm: 'https://auth.docker.io/token', service: 'registry.docker.io' }],
  ['ghcr.io', { scheme: 'bearer', realm: 'https://ghcr.io/token', service: 'ghcr.io' }],
  [PUBLIC_GALLERY, { scheme: 'bearer', realm: 'https://public.ecr.aws/token/', service: 'public.ecr.aws', scope: 'aws' }],
  ['quay.io', { scheme: 'bearer', realm: 'https://quay.io/v2/auth', service: 'quay.io' }],
]);

/** Docker Hub's API answers under another name than its references. */
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** The endpoint of a registry; with `plainHttp` for registries on the developer's own machine. */
export function endpointOf(registry: string, plainHttp: boolean = false): Endpoint {
  if (plainHttp) return { registry, origin: `http://${registry}` };
  const host = registry === DOCKER_HUB ? DOCKER_HUB_HOST : registry;
  const challenge = ecrHost(registry) ? { scheme: 'basic' } as const : KNOWN_CHALLENGES.get(registry);
  return { registry, origin: `https://${host}`, challenge };
}
