import { parseImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { azureUpstream, ecrUpstream, PULL_THROUGH_UPSTREAMS, pullThroughUpstream, PullThroughUpstream } from '../image/pull-through';
import { requireLiteral } from '../synthesis/literal';

/**
 * A registry that Amazon ECR pulls from on demand.
 *
 * There are no others: images of all other registries, `gcr.io`, `mcr.microsoft.com` and `nvcr.io` among them, need an `ImageMirror`.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
export class UpstreamRegistry {
  /** Docker Hub: `nginx`, `grafana/grafana`. It needs credentials: a user's name and an access token. */
  public static readonly DOCKER_HUB = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.DOCKER_HUB);

  /** Amazon ECR Public: `public.ecr.aws`. It takes no credentials. */
  public static readonly ECR_PUBLIC = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.ECR_PUBLIC);

  /** Quay: `quay.io`. It takes no credentials, so that only its public images can be pulled. */
  public static readonly QUAY = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.QUAY);

  /** The Kubernetes project's registry: `registry.k8s.io`. It takes no credentials. */
  public static readonly KUBERNETES = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.KUBERNETES);

  /** GitHub's registry: `ghcr.io`. It needs credentials: a user's name and a classic personal access token with the scope `read:packages`. */
  public static readonly GITHUB = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.GITHUB);

  /** GitLab's hosted registry: `registry.gitlab.com`. It needs credentials: a user's name and an access token. Others are not supported. */
  public static readonly GITLAB = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.GITLAB);

  /** Chainguard's registry: `cgr.dev`. It needs credentials: the user's name and the password of a pull token. */
  public static readonly CHAINGUARD = new UpstreamRegistry(PULL_THROUGH_UPSTREAMS.CHAINGUARD);

  /**
   * A registry of Microsoft Azure. It needs credentials.
   *
   * @param host its host, for example `example.azurecr.io`
   * @throws Error when that is the host of no registry of Azure
   */
  public static azure(host: string): UpstreamRegistry {
    requireLiteral(host, 'the host of UpstreamRegistry.azure', 'write it as a string, for example "example.azurecr.io"');
    const found = azureUpstream(host.toLowerCase());
    if (found === undefined) throw new Error(`${quote(host)} is the host of no registry of Azure; write it without scheme and path, for example "example.azurecr.io"`);
    return new UpstreamRegistry(found);
  }

  /**
   * The private Amazon ECR of another account, or of another Region of the same account.
   *
   * It takes no credentials. For another account, Amazon ECR takes a role, and the owner of that account must let this account pull:
   * with a registry or repository policy that allows it `ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`, `ecr:BatchImportUpstreamImage`
   * and `ecr:GetImageCopyStatus`.
   *
   * @param account the account: 12 digits
   * @param region the Region, for example `eu-west-1`
   * @throws Error when one of them is a token or none
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
   */
  public static ecr(account: string, region: string): UpstreamRegistry {
    const remedy = 'write it as a string, for example UpstreamRegistry.ecr("111122223333", "eu-west-1")';
    requireLiteral(account, 'the account of UpstreamRegistry.ecr', remedy);
    requireLiteral(region, 'the region of UpstreamRegistry.ecr', remedy);
    const found = ecrUpstream(`${account}.dkr.ecr.${region}.amazonaws.com`);
    if (found === undefined) throw new Error(`${quote(account)} and ${quote(region)} are no account and Region; write for example UpstreamRegistry.ecr("111122223333", "eu-west-1")`);
    return new UpstreamRegistry(found);
  }

  /**
   * The registry with a host, whichever it is.
   *
   * @param registry the host as image references name it, for example `docker.io`, `ghcr.io` or `example.azurecr.io`
   * @throws Error when Amazon ECR has no pull-through cache for it
   */
  public static of(registry: string): UpstreamRegistry {
    requireLiteral(registry, 'the registry of UpstreamRegistry.of', 'write its host as a string, for example "docker.io"');
    const found = UpstreamRegistry._find(normalized(registry));
    if (found !== undefined) return found;
    const known = Object.values(PULL_THROUGH_UPSTREAMS).map((upstream) => upstream.registry).join(', ');
    throw new Error(`Amazon ECR has no pull-through cache for ${quote(registry)}, only for ${known}, registries of Azure (example.azurecr.io) and Amazon ECR itself; `
      + 'mirror its images with an ImageMirror');
  }

  /**
   * The registry with a host in the spelling of parsed references; undefined when Amazon ECR does not pull from it.
   *
   * @internal
   */
  public static _find(registry: string): UpstreamRegistry | undefined {
    const found = pullThroughUpstream(registry);
    return found === undefined ? undefined : new UpstreamRegistry(found);
  }

  /** The registry's host as image references name it: `docker.io`, `ghcr.io`. */
  public readonly registry: string;

  private constructor(private readonly upstream: PullThroughUpstream) {
    this.registry = upstream.registry;
  }

  /** @internal */
  public _upstream(): PullThroughUpstream {
    return this.upstream;
  }

  /**
   * What a user writes for this registry.
   *
   * @internal
   */
  public _expression(): string {
    const constant = Object.entries(PULL_THROUGH_UPSTREAMS).find(([, { registry }]) => registry === this.registry)?.[0];
    return constant === undefined ? `UpstreamRegistry.of(${quote(this.registry)})` : `UpstreamRegistry.${constant}`;
  }
}

/** The host in the spelling of image references; a text that is no host stays as it is, and is no registry. */
function normalized(host: string): string {
  try {
    const { registry, repository } = parseImageReference(`${host}/a/b:c`);
    return repository === 'a/b' ? registry : host;
  } catch {
    return host;
  }
}
