import { parseRegistryHost } from '../image/image-reference';
import { azureUpstream, ecrUpstream, PULL_THROUGH_UPSTREAMS, pullThroughUpstream, PullThroughUpstream } from '../image/pull-through';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/**
 * An upstream registry that pull-through caches of Amazon ECR support.
 *
 * Other registries, such as `gcr.io`, `mcr.microsoft.com`, and `nvcr.io`, are not supported; use an `ImageMirror` for their images.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
export class UpstreamRegistry {
  /** Docker Hub: `nginx`, `grafana/grafana`. Requires credentials: a user name and an access token. */
  public static readonly DOCKER_HUB = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.DOCKER_HUB);

  /** Amazon ECR Public: `public.ecr.aws`. Doesn't support credentials. */
  public static readonly ECR_PUBLIC = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.ECR_PUBLIC);

  /** Quay: `quay.io`. Doesn't support credentials, so only public images can be pulled. */
  public static readonly QUAY = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.QUAY);

  /** The registry of the Kubernetes project: `registry.k8s.io`. Doesn't support credentials. */
  public static readonly KUBERNETES = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.KUBERNETES);

  /** GitHub Container Registry: `ghcr.io`. Requires credentials: a user name and a classic personal access token with the scope `read:packages`. */
  public static readonly GITHUB = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.GITHUB);

  /** GitLab Container Registry: `registry.gitlab.com`. Requires credentials: a user name and an access token. Doesn't support self-managed GitLab. */
  public static readonly GITLAB = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.GITLAB);

  /** Chainguard Registry: `cgr.dev`. Requires credentials: the user name and the password of a pull token. */
  public static readonly CHAINGUARD = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.CHAINGUARD);

  /**
   * An Azure Container Registry. Requires credentials.
   *
   * @param host the registry's host, for example `example.azurecr.io`
   * @throws Error when the host is not valid, and when it is a token
   */
  public static azure(host: string): UpstreamRegistry {
    requireLiteral(host, 'the host of UpstreamRegistry.azure', 'write it as a string, for example "example.azurecr.io"');
    const found = azureUpstream(host.toLowerCase());
    if (found === undefined) {
      throw new Error(`${quote(host)} is not a valid Azure Container Registry host; `
        + 'write it without scheme and path, for example "example.azurecr.io"');
    }
    return new UpstreamRegistry(found);
  }

  /**
   * The private Amazon ECR registry of another account, or of another Region of the same account.
   *
   * Doesn't support credentials. For another account, Amazon ECR assumes a role; see `upstreamRole`. A registry or repository policy in the other
   * account must allow this account the actions `ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`, `ecr:BatchImportUpstreamImage`, and
   * `ecr:GetImageCopyStatus`.
   *
   * @param account the account ID: 12 digits
   * @param region the Region, for example `eu-west-1`
   * @throws Error when the account or the Region is not valid, and when it is a token
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
   */
  public static ecr(account: string, region: string): UpstreamRegistry {
    const remedy = 'write it as a string, for example UpstreamRegistry.ecr("111122223333", "eu-west-1")';
    requireLiteral(account, 'the account of UpstreamRegistry.ecr', remedy);
    requireLiteral(region, 'the region of UpstreamRegistry.ecr', remedy);
    const found = ecrUpstream(`${account}.dkr.ecr.${region}.amazonaws.com`);
    if (found === undefined) {
      throw new Error(`${quote(account)} and ${quote(region)} are not a valid account ID and Region; `
        + 'write them for example as UpstreamRegistry.ecr("111122223333", "eu-west-1")');
    }
    return new UpstreamRegistry(found);
  }

  /**
   * The upstream registry with a host.
   *
   * @param registry the host in image references, for example `docker.io`, `ghcr.io`, or `example.azurecr.io`
   * @throws Error when pull-through caches don't support the registry, and when the host is a token
   */
  public static of(registry: string): UpstreamRegistry {
    requireLiteral(registry, 'the registry of UpstreamRegistry.of', 'write its host as a string, for example "docker.io"');
    const host = parseRegistryHost(registry);
    const found = host === undefined ? undefined : UpstreamRegistry._find(host);
    if (found !== undefined) return found;
    const supported = Object.values(PULL_THROUGH_UPSTREAMS).map((upstream) => upstream.registry).join(', ');
    throw new Error(`pull-through caches don't support ${quote(registry)}; use ${supported}, an Azure Container Registry (example.azurecr.io) `
      + 'or another Amazon ECR, or use an ImageMirror');
  }

  /**
   * The upstream registry with a host in the spelling of parsed references; undefined when pull-through caches don't support it.
   *
   * @internal
   */
  public static _find(registry: string): UpstreamRegistry | undefined {
    const found = pullThroughUpstream(registry);
    return found === undefined ? undefined : new UpstreamRegistry(found);
  }

  /** The registry's host in image references: `docker.io`, `ghcr.io`. */
  public readonly registry: string;

  private constructor(private readonly upstream: PullThroughUpstream) {
    this.registry = upstream.registry;
  }

  /** @internal */
  public _upstream(): PullThroughUpstream {
    return this.upstream;
  }

  /**
   * The TypeScript expression for this registry.
   *
   * @internal
   */
  public _expression(): string {
    const constant = Object.entries(PULL_THROUGH_UPSTREAMS).find(([, { registry }]) => registry === this.registry)?.[0];
    return constant === undefined ? `UpstreamRegistry.of(${quote(this.registry)})` : `UpstreamRegistry.${constant}`;
  }
}
