import { PullReserve } from './pull-reserve';
import { RequestRate } from './request-rate';
import {
  MAX_REQUESTS_PER_SECOND, MAX_RESERVED_PULLS, PROJECT_ENVIRONMENT, pulledFrom, RegistryRule,
} from '../../image/contract/environment';
import { DOCKER_HUB, ImageReference, parseRegistryHost, parseRegistryNamespace } from '../../image/image-reference';
import { parseJson } from '../../image/parse-json';
import { MirrorError } from '../mirror-error';

/** A repository of a registry. */
type RepositoryLocation = Pick<ImageReference, 'registry' | 'repository'>;

/** The maximum number of registries with settings. */
const MAX_RULES = 100;

/** How a run uses its upstream registries. All images of a run share it. */
export class UpstreamSettings {
  private readonly rates = new Map<string, RequestRate>();
  private readonly reserves = new Map<string, PullReserve>();

  constructor(private readonly rules: readonly RegistryRule[] = []) {
    for (const { registry, requestsPerSecond, reservedPulls } of rules) {
      if (requestsPerSecond !== undefined) this.rates.set(registry, new RequestRate(requestsPerSecond));
      if (reservedPulls !== undefined) this.reserves.set(registry, new PullReserve(reservedPulls));
    }
  }

  /** The repository from which an upstream repository is pulled: at the endpoint of its registry, or the repository itself. */
  locate({ registry, repository }: RepositoryLocation): RepositoryLocation {
    const [host, ...path] = pulledFrom(this.rules, `${registry}/${repository}`).split('/');
    return { registry: host, repository: path.join('/') };
  }

  /**
   * The limit of requests to a registry; undefined when it has none.
   *
   * @param registry the registry that images are pulled from, after `locate()`
   */
  requestRate(registry: string): RequestRate | undefined {
    return this.rates.get(registry);
  }

  /**
   * The reserve of pulls of a registry; undefined when it has none.
   *
   * @param registry the registry that images are pulled from, after `locate()`
   */
  pullReserve(registry: string): PullReserve | undefined {
    return this.reserves.get(registry);
  }

  /** Adds the name of the upstream registry to the message of an error of its endpoint, which the message starts with. */
  describe({ registry }: Pick<ImageReference, 'registry'>, message: string): string {
    const endpoint = this.rules.find((rule) => rule.registry === registry)?.endpoint;
    const isFromEndpoint = endpoint !== undefined && message.startsWith(`${endpoint.split('/')[0]}: `);
    return isFromEndpoint ? `${message}; builds pull images of ${registry} from the endpoint ${endpoint}` : message;
  }
}

/**
 * Reads the settings of registries. The parsing is strict.
 *
 * @param text a list of `RegistryRule` as JSON; undefined or empty for no settings
 * @throws MirrorError without the value, which can be anything
 */
export function readUpstreamSettings(text: string | undefined): UpstreamSettings {
  if (!text) return new UpstreamSettings();
  const list = parseJson(text);
  if (Array.isArray(list) && list.length <= MAX_RULES && list.every(isRule) && new Set(list.map(({ registry }) => registry)).size === list.length) {
    return new UpstreamSettings(list);
  }
  const expected = `a JSON list of at most ${MAX_RULES} objects with a registry and its settings, each for another registry`;
  throw new MirrorError('invalid-configuration', `the variable ${PROJECT_ENVIRONMENT.REGISTRIES} must be ${expected}`);
}

function isRule(entry: unknown): entry is RegistryRule {
  const { registry, endpoint, requestsPerSecond, reservedPulls, ...others } = Object(entry) as Record<string, unknown>;
  const isRegistry = typeof registry === 'string' && parseRegistryHost(registry) === registry;
  // Requests to an endpoint count for the registry of the endpoint.
  const isRate = requestsPerSecond === undefined || (endpoint === undefined && isCount(requestsPerSecond, 1, MAX_REQUESTS_PER_SECOND));
  const isDockerHub = registry === DOCKER_HUB && endpoint === undefined;
  const isReserve = reservedPulls === undefined || (isDockerHub && isCount(reservedPulls, 0, MAX_RESERVED_PULLS));
  return isRegistry && isEndpoint(endpoint) && isRate && isReserve && Object.keys(others).length === 0;
}

function isCount(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isEndpoint(value: unknown): boolean {
  if (value === undefined) return true;
  const endpoint = typeof value === 'string' ? parseRegistryNamespace(value) : undefined;
  return endpoint !== undefined && value === [endpoint.registry, ...endpoint.namespace === undefined ? [] : [endpoint.namespace]].join('/');
}
