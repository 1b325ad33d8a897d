import { RegistryCredentials } from './registry-credentials';
import { PROJECT_ENVIRONMENT, RegistryRule } from '../image/contract/environment';
import { parseRegistryHost, parseRegistryNamespace } from '../image/image-reference';
import { quote, redactCredentials } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

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
    const { endpoint } = options;
    if (endpoint === undefined) throw new Error(`the settings for the registry ${quote(host)} are empty; set an option, or remove them`);
    return new RegistrySettings(host, requireEndpoint(host, endpoint));
  }

  private constructor(
    /** The registry's host in normalized spelling: `docker.io`, `registry.example.com:5000`. */
    public readonly registry: string,
    /** The registry from which builds pull instead, with a path; undefined when they pull from the registry itself. */
    public readonly endpoint?: string,
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
  return settings.map(({ registry, endpoint }) => ({ registry, endpoint }));
}

/** The variable of a project with the settings of registries; none without settings. */
export function registryVariables(rules: readonly RegistryRule[]): { [name: string]: { readonly value: string } } {
  return rules.length === 0 ? {} : { [PROJECT_ENVIRONMENT.REGISTRIES]: { value: JSON.stringify(rules) } };
}
