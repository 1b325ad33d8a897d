import type { Challenge } from './challenge';
import { DOCKER_HUB } from '../../image/image-reference';
import { ecrHost, PUBLIC_GALLERY } from '../../image/registry-hosts';

/** The API endpoint of a registry. */
export interface Endpoint {
  /** The host, as written in image references. */
  readonly registry: string;
  /** The scheme, host and port of the API. */
  readonly origin: string;
  /** The challenge that the registry is known to send. It saves the first request, which the registry would answer with status 401. */
  readonly challenge?: Challenge;
}

/**
 * Challenges that registries document, or have sent unchanged for years.
 *
 * A different challenge in a response overrides the known challenge. So a change costs one more request and breaks nothing.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/ for Docker Hub's token service
 */
const KNOWN_CHALLENGES: ReadonlyMap<string, Challenge> = new Map([
  [DOCKER_HUB, { scheme: 'bearer', realm: 'https://auth.docker.io/token', service: 'registry.docker.io' }],
  ['ghcr.io', { scheme: 'bearer', realm: 'https://ghcr.io/token', service: 'ghcr.io' }],
  [PUBLIC_GALLERY, { scheme: 'bearer', realm: 'https://public.ecr.aws/token/', service: 'public.ecr.aws', scope: 'aws' }],
  ['quay.io', { scheme: 'bearer', realm: 'https://quay.io/v2/auth', service: 'quay.io' }],
]);

/** The API host of Docker Hub, which is not the host in image references. */
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** @param plainHttp whether to use HTTP without TLS, for registries on the developer's machine */
export function endpointOf(registry: string, plainHttp: boolean = false): Endpoint {
  if (plainHttp) return { registry, origin: `http://${registry}` };
  const host = registry === DOCKER_HUB ? DOCKER_HUB_HOST : registry;
  const challenge = ecrHost(registry) ? { scheme: 'basic' } as const : KNOWN_CHALLENGES.get(registry);
  return { registry, origin: `https://${host}`, challenge };
}
