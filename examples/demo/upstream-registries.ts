import { formatImageReference, ImageReference } from '../../src/image/image-reference';
import { BearerRegistry } from '../../test/support/bearer-registry';
import { BlobStorageHost } from '../../test/support/blob-storage-host';
import { FixtureImage } from '../../test/support/fixture-images';
import { LocalDockerHub } from '../../test/support/local-docker-hub';
import { LocalServer, ServerCertificate } from '../../test/support/local-server';

/** The names under which an upstream registry is reached on the internet. */
interface RegistryNames {
  /** The host that answers `/v2/`. */
  readonly host: string;
  /** Where it gives tokens. */
  readonly realm: string;
  readonly service: string;
  /** The scope that all its tokens have, where repositories have none of their own. */
  readonly publicScope?: string;
  /** The host that it redirects to for blobs. */
  readonly blobHost: string;
}

const WELL_KNOWN: Readonly<Record<string, RegistryNames>> = {
  'docker.io': {
    host: 'registry-1.docker.io',
    realm: 'https://auth.docker.io/token',
    service: 'registry.docker.io',
    blobHost: 'production.cloudflare.docker.com',
  },
  'quay.io': { host: 'quay.io', realm: 'https://quay.io/v2/auth', service: 'quay.io', blobHost: 'cdn01.quay.io' },
  'public.ecr.aws': {
    host: 'public.ecr.aws',
    realm: 'https://public.ecr.aws/token/',
    service: 'public.ecr.aws',
    publicScope: 'aws',
    blobHost: 'd2glxqk2uabbnd.cloudfront.net',
  },
  'ghcr.io': { host: 'ghcr.io', realm: 'https://ghcr.io/token', service: 'ghcr.io', blobHost: 'pkg-containers.githubusercontent.com' },
};

function namesOf(registry: string): RegistryNames {
  return WELL_KNOWN[registry] ?? { host: registry, realm: `https://${registry}/token`, service: registry, blobHost: `blobs.${registry}` };
}

/** Local registries that stand in for the upstream ones, under their real names. */
export class UpstreamRegistries {
  /** All names that lead to them. */
  static hosts(registries: readonly string[]): string[] {
    return [...new Set(registries)].map(namesOf).flatMap(({ host, realm, blobHost }) => [...new Set([host, new URL(realm).host, blobHost])]);
  }

  private readonly registries = new Map<string, BearerRegistry>();
  private readonly blobHosts = new Map<string, BlobStorageHost>();
  private readonly published = new Map<string, FixtureImage>();

  /** Starts one registry for each of these names as image references write them, such as `docker.io`. */
  async start(registries: readonly string[], certificate: ServerCertificate): Promise<this> {
    for (const registry of new Set(registries)) {
      const { realm, service, publicScope, blobHost } = namesOf(registry);
      const blobStorage = await new BlobStorageHost({ certificate, origin: `https://${blobHost}` }).start();
      const options = { certificate, realm, service, publicScope, blobStorage };
      const server = registry === 'docker.io' ? new LocalDockerHub({ ...options, pullBudget: 100 }) : new BearerRegistry(options);
      this.registries.set(registry, await server.start());
      this.blobHosts.set(registry, blobStorage);
    }
    return this;
  }

  /** Each name and the local port that it leads to. */
  routes(): { host: string; port: number }[] {
    return [...this.registries].flatMap(([registry, { port }]) => {
      const { host, realm, blobHost } = namesOf(registry);
      return [{ host, port }, { host: new URL(realm).host, port }, { host: blobHost, port: this.blobHosts.get(registry)!.port }];
    });
  }

  /** Lets a tag name an image from now on. */
  publish(reference: ImageReference, image: FixtureImage): void {
    this.registries.get(reference.registry)!.push(reference.repository, reference.tag, image);
    this.published.set(formatImageReference(reference), image);
  }

  /** The image that a tag names, by its canonical spelling. */
  image(reference: string): FixtureImage | undefined {
    return this.published.get(reference);
  }

  /** Manifests and blobs that were fetched with GET so far. */
  get downloads(): number {
    const blobs = [...this.blobHosts.values()].reduce((sum, host) => sum + host.count(), 0);
    return blobs + [...this.registries.values()].reduce((sum, registry) => sum + registry.count({ method: 'GET', path: /\/(manifests|blobs)\// }), 0);
  }

  resetRequests(): void {
    for (const server of this.servers) server.resetRequests();
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map(async (server) => server.close()));
  }

  private get servers(): LocalServer[] {
    return [...this.registries.values(), ...this.blobHosts.values()];
  }
}
