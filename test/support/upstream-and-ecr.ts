import { FixtureImage, indexOf, multiPlatformImage, singleImage } from './fixture-images';
import { LocalEcr, LocalEcrOptions } from './local-ecr';
import { LocalRegistry } from './local-registry';
import { mirror, MirroringOptions } from './mirroring';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import type { MirrorResult } from '../../src/engine/result';

/** What upstream has: an index of indexes, with attestations. */
export const IMAGE = indexOf([multiPlatformImage({ attestations: true }), singleImage({ seed: 'beside' })]);
/** Another image than that. */
export const OTHER = singleImage({ seed: 'other' });

/** An upstream registry, and an Amazon ECR with a repository of each kind: `mirror/app`, `mirror/fixed` and `mirror/mixed`. */
export class UpstreamAndEcr {
  readonly upstream = new LocalRegistry();
  readonly ecr: LocalEcr;

  /** What `GetAuthorizationToken` gives, anew each time that it is asked for. */
  readonly credentials: CredentialSource = {
    credentialFor: async (registry) => {
      if (registry !== this.ecr.host) return undefined;
      const [username, password] = Buffer.from(this.ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
      return { username, password };
    },
  };

  constructor(options: LocalEcrOptions = {}) {
    this.ecr = new LocalEcr([
      'mirror/app',
      { repositoryName: 'mirror/fixed', imageTagMutability: 'IMMUTABLE' },
      { repositoryName: 'mirror/mixed', imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['stable'] },
    ], options);
  }

  async start(image: FixtureImage = IMAGE): Promise<this> {
    await Promise.all([this.upstream.start(), this.ecr.start()]);
    this.upstream.push('app', '1.0.0', image);
    return this;
  }

  /** Mirrors upstream's image to a repository, as a fixed tag unless told otherwise. */
  run(repository: string, options: MirroringOptions = {}): Promise<MirrorResult> {
    return mirror(`${this.upstream.host}/app:1.0.0`, `${this.ecr.host}/${repository}:1.0.0`, { kind: 'fixed', credentials: this.credentials, ...options });
  }

  /** Mirrors an image of Amazon ECR to the other registry. */
  pull(image: FixtureImage): Promise<MirrorResult> {
    this.ecr.push('mirror/app', '1.0.0', image);
    return mirror(`${this.ecr.host}/mirror/app:1.0.0`, `${this.upstream.host}/copy:1.0.0`, { credentials: this.credentials });
  }

  /** What went wrong in the registries themselves, which is never meant. */
  get errors(): unknown[] {
    return [...this.upstream.errors, ...this.ecr.errors, ...this.ecr.blobStorage.errors];
  }

  async close(): Promise<void> {
    await Promise.all([this.upstream.close(), this.ecr.close()]);
  }
}
