import { FixtureImage } from './fixture-images';
import { LocalEcr } from './local-ecr';
import { LocalRegistry } from './local-registry';
import { mirror, MirroringOptions, QUICK_RETRY } from './mirroring';
import { putMarker } from '../../src/engine/admission/marker-manifest';
import { sharedLimits } from '../../src/engine/copy/copy-context';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { digestOf } from '../../src/engine/digest';
import { RepositoryAccess } from '../../src/engine/registry/repository-access';
import { Transport } from '../../src/engine/registry/transport';
import type { MirrorResult } from '../../src/engine/result';
import type { ImageLister } from '../../src/engine/retention/repository-images';
import type { AdmissionPolicy } from '../../src/image/admission/admission-policy';
import { imageKey, parseMarkerTag } from '../../src/image/admission/quarantine';

const HOUR = 3_600_000;
const START = Date.UTC(2027, 0, 1);
const REPOSITORY = 'mirror/app';

/** An upstream registry and an Amazon ECR with a gated image, and a clock that a test moves. */
export class GatedMirror {
  readonly upstream = new LocalRegistry();
  readonly ecr = new LocalEcr([
    REPOSITORY,
    { repositoryName: 'mirror-held', imageTagMutability: 'IMMUTABLE' },
    { repositoryName: 'mirror-decisions', imageTagMutability: 'IMMUTABLE' },
  ]);
  private readonly clock = jest.spyOn(Date, 'now');
  private time = START;

  async start(): Promise<this> {
    this.clock.mockImplementation(() => this.time);
    await Promise.all([this.upstream.start(), this.ecr.start()]);
    return this;
  }

  async close(): Promise<void> {
    this.clock.mockRestore();
    await Promise.all([this.upstream.close(), this.ecr.close()]);
  }

  get source(): string {
    return `${this.upstream.host}/app:stable`;
  }

  /** Moves the tag upstream, and returns the digest. */
  serve(image: FixtureImage, tag: string = 'stable'): string {
    this.upstream.push('app', tag, image);
    return this.upstream.tagDigest('app', tag)!;
  }

  pass(hours: number): void {
    this.time += hours * HOUR;
  }

  /** Runs the mirror for the image; of an image that the app names, unless told otherwise. */
  run(admission: AdmissionPolicy, options: MirroringOptions & { readonly tag?: string } = {}): Promise<MirrorResult> {
    const { tag = 'stable', ...others } = options;
    return mirror(`${this.upstream.host}/app:${tag}`, `${this.ecr.host}/${REPOSITORY}:${tag}`, {
      admission,
      isNamed: true,
      keepPrevious: 5,
      credentials: this.credentials,
      listImages: this.listImages,
      admissionTools: { quarantine: 'mirror-held', decisions: 'mirror-decisions' },
      ...others,
    });
  }

  /** Runs the mirror every hour, and returns the last result. */
  async runHourly(hours: number, admission: AdmissionPolicy, options?: MirroringOptions): Promise<MirrorResult> {
    let result = await this.run(admission, options);
    for (let hour = 0; hour < hours; hour++) {
      this.pass(1);
      result = await this.run(admission, options);
    }
    return result;
  }

  /** The digest that the tag serves in the mirror. */
  served(tag: string = 'stable'): string | undefined {
    return this.ecr.tagDigest(REPOSITORY, tag);
  }

  /** The digests of the markers of runs, the oldest first. */
  seen(): string[] {
    const markers = this.ecr.images('mirror-held').all().flatMap(({ tags }) => tags.flatMap((tag) => parseMarkerTag(tag) ?? []));
    return markers.sort((one, other) => one.seconds - other.seconds).map(({ digest }) => digest);
  }

  /** Records the decision of a person, as the decision program does. */
  async decide(kind: 'released' | 'refused', digest: string, { lock = '', tag = 'stable' }: { readonly lock?: string; readonly tag?: string } = {}): Promise<void> {
    const transport = new Transport();
    const tools = {
      transport,
      credentials: this.credentials,
      retry: QUICK_RETRY,
      deadline: Date.now() + 60_000,
      signal: new AbortController().signal,
      plainHttp: () => true,
      progress: { line: () => undefined },
    };
    const access = new RepositoryAccess(tools);
    const image = { source: `${this.upstream.host}/app`, repository: REPOSITORY };
    const key = imageKey({ ...image, tag }, (text) => digestOf(Buffer.from(text)));
    const marker = { kind, key, seconds: Math.floor(Date.now() / 1000), digest };
    try {
      const target = access.client({ registry: this.ecr.host, repository: 'mirror-decisions' }, 'pull,push');
      const facts = { by: 'security-team', reason: 'a test', lock };
      await putMarker({ ...sharedLimits(), retryContext: access.retryContext, target }, { marker, image, tag, facts });
    } finally {
      access.close();
      await transport.close();
    }
  }

  readonly listImages: ImageLister = async (repository) => this.ecr.images(repository).all().filter(({ tags }) => tags.length > 0);

  get credentials(): CredentialSource {
    return {
      credentialFor: async (registry) => {
        if (registry !== this.ecr.host) return undefined;
        const [username, password] = Buffer.from(this.ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
        return { username, password };
      },
    };
  }
}
