import { Token } from 'aws-cdk-lib';
import { RegistryCredentials } from './registry-credentials';
import { MAX_REQUESTS_PER_SECOND, MAX_RESERVED_PULLS, PROJECT_ENVIRONMENT, RegistryRule } from '../image/contract/environment';
import { DOCKER_HUB, parseRegistryHost, parseRegistryNamespace } from '../image/image-reference';
import { quote, redactCredentials } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';
import { describeValue } from '../synthesis/shapes';

/**
 * Options of `RegistrySettings`.
 */
export interface RegistrySettingsOptions {
  /**
   * The registry from which builds pull the images instead, for example a proxy repository of Artifactory, Harbor, or Nexus, or a pull-through cache.
   *
   * Write its host, and after it the path that comes before the original repository: with `artifactory.example.com/docker-remote`, builds pull
   * `docker.io/library/nginx` from `artifactory.example.com/docker-remote/library/nginx`. They always use HTTPS.
   *
   * Names, repositories, results, and `MirroredImagesAspect` keep the original registry. Builds send the credentials for the host of the endpoint.
   * They never send it the credentials for the original registry. For an endpoint in Amazon ECR they use their role.
   *
   * @default - builds pull from the registry itself
   */
  readonly endpoint?: string;

  /**
   * The maximum number of requests to the registry in a second: a whole number, 1 to 1,000.
   *
   * Set it for a registry that refuses requests or blocks addresses when there are too many. A build spreads its requests evenly, over all images
   * that it mirrors. Retries count. Requests to a separate token service, and downloads of blobs from other hosts, don't count.
   *
   * Builds that run at the same time don't share the limit. Set `groupRuns`, so that one build mirrors many images. A low limit makes builds longer,
   * and a build that reaches its timeout fails. The next build continues from there.
   *
   * With an endpoint, set the limit for the registry of the endpoint instead. Copies to the mirror itself are never limited.
   *
   * @default - no limit
   */
  readonly requestsPerSecond?: number;

  /**
   * The number of pulls that builds leave to others who use the same account or IP address on Docker Hub, for example CI: 0 to 100,000.
   *
   * Docker Hub counts each manifest of a copy as a pull, and its responses say how many pulls remain. When fewer than this number would remain,
   * the image fails with the reason `rate-limited`, without retries. A later run continues from there. Unchanged images still succeed, because
   * Docker Hub doesn't count the request that finds this out.
   *
   * Docker Hub says nothing to accounts without a limit, so no reserve applies to them. Builds that run at the same time see each other's pulls only
   * in the responses, so a few of the reserved pulls can be used.
   *
   * It is valid for `docker.io` without an endpoint only.
   *
   * @default - builds use all pulls
   * @see https://docs.docker.com/docker-hub/usage/pulls/
   */
  readonly reservedPulls?: number;
}

/**
 * How builds use an upstream registry.
 */
export class RegistrySettings {
  /**
   * Settings for all images of a registry.
   *
   * @param registry the registry's host in image references, for example `docker.io`
   * @throws Error when the registry or an option is not valid, and when there are no options
   */
  public static of(registry: string, options: RegistrySettingsOptions): RegistrySettings {
    const host = requireHost(registry);
    const { endpoint, requestsPerSecond, reservedPulls } = options;
    if (Object.values(options).every((value) => value === undefined)) {
      throw new Error(`the settings for the registry ${quote(host)} are empty; set an option, or remove them`);
    }
    if (requestsPerSecond !== undefined) requireRate(host, requestsPerSecond, endpoint);
    if (reservedPulls !== undefined) requireReserve(host, reservedPulls, endpoint);
    return new RegistrySettings(host, endpoint === undefined ? undefined : requireEndpoint(host, endpoint), requestsPerSecond, reservedPulls);
  }

  private constructor(
    /** The registry's host in normalized spelling: `docker.io`, `registry.example.com:5000`. */
    public readonly registry: string,
    /** The registry from which builds pull instead, with a path; undefined when they pull from the registry itself. */
    public readonly endpoint?: string,
    /** The maximum number of requests to the registry in a second; undefined for no limit. */
    public readonly requestsPerSecond?: number,
    /** The number of pulls that builds leave to others on Docker Hub; undefined for no reserve. */
    public readonly reservedPulls?: number,
  ) {}
}

function requireHost(text: string): string {
  const host = parseRegistryHost(requireLiteral(text, 'the registry of RegistrySettings', 'write its host, for example "docker.io"'));
  if (host !== undefined) return host;
  throw new Error(`${quote(redactCredentials(text))} is not a valid registry host; write the host as in image references, for example "docker.io"`);
}

function requireEndpoint(registry: string, text: string): string {
  const remedy = 'write a host and a path, for example "artifactory.example.com/docker-remote"';
  const endpoint = parseRegistryNamespace(requireLiteral(text, 'endpoint', remedy));
  if (endpoint === undefined) {
    const rule = text.includes('://') ? 'must have no scheme, because builds always use HTTPS' : 'is not valid';
    throw new Error(`the endpoint ${quote(redactCredentials(text))} of ${quote(registry)} ${rule}; ${remedy}`);
  }
  if (endpoint.registry === registry) throw new Error(`the endpoint of ${quote(registry)} is the registry itself; ${remedy}`);
  return endpoint.namespace === undefined ? endpoint.registry : `${endpoint.registry}/${endpoint.namespace}`;
}

function requireRate(registry: string, requestsPerSecond: number, endpoint: string | undefined): void {
  requireCount(`requestsPerSecond of ${quote(registry)}`, requestsPerSecond, { least: 1, most: MAX_REQUESTS_PER_SECOND });
  if (endpoint === undefined) return;
  throw new Error(`requestsPerSecond of ${quote(registry)} has no effect, because builds pull from the endpoint; `
    + 'set requestsPerSecond in the settings for the registry of the endpoint');
}

function requireReserve(registry: string, reservedPulls: number, endpoint: string | undefined): void {
  if (registry !== DOCKER_HUB) {
    throw new Error(`reservedPulls is set for ${quote(registry)}, but only Docker Hub counts pulls; remove it, or set requestsPerSecond instead`);
  }
  requireCount(`reservedPulls of ${quote(registry)}`, reservedPulls, { least: 0, most: MAX_RESERVED_PULLS });
  if (endpoint === undefined) return;
  throw new Error(`reservedPulls of ${quote(registry)} has no effect, because builds pull from the endpoint, and only Docker Hub counts pulls; `
    + 'remove reservedPulls or the endpoint');
}

function requireCount(property: string, value: number, { least, most }: { readonly least: number; readonly most: number }): void {
  const rule = `it must be a whole number, ${least} to ${most}`;
  if (Token.isUnresolved(value)) throw new Error(`${property} must be known at synthesis, but it is a token; ${rule}`);
  if (!Number.isInteger(value) || value < least || value > most) throw new Error(`${property} is ${describeValue(value)}; ${rule}`);
}

/**
 * Returns the settings of registries as builds read them.
 *
 * @throws Error when a registry has two settings, and when credentials have no effect
 */
export function registryRules(settings: readonly RegistrySettings[], credentials: readonly RegistryCredentials[]): RegistryRule[] {
  const registries = settings.map(({ registry }) => registry);
  const duplicate = registries.find((registry, index) => registries.indexOf(registry) !== index);
  if (duplicate !== undefined) throw new Error(`the registry ${quote(duplicate)} has two settings; write them as one`);
  for (const { registry, endpoint } of settings) {
    if (endpoint === undefined) continue;
    const [host] = endpoint.split('/');
    if (settings.some((other) => other.registry === host && other.endpoint !== undefined)) {
      throw new Error(`the endpoint ${quote(endpoint)} of ${quote(registry)} is on a registry that has an endpoint too; `
        + 'write the last endpoint for both');
    }
    if (credentials.some((credential) => credential.registry === registry)) {
      throw new Error(`the credentials for ${quote(registry)} have no effect, because builds pull from the endpoint ${quote(endpoint)}; `
        + `set credentials for ${quote(host)}, or remove them`);
    }
  }
  return settings.map(({ registry, endpoint, requestsPerSecond, reservedPulls }) => ({ registry, endpoint, requestsPerSecond, reservedPulls }));
}

/** The variable of a project with the settings of registries; none without settings. */
export function registryVariables(rules: readonly RegistryRule[]): { [name: string]: { readonly value: string } } {
  return rules.length === 0 ? {} : { [PROJECT_ENVIRONMENT.REGISTRIES]: { value: JSON.stringify(rules) } };
}
