import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { FixtureImage } from './fixture-images';
import { EcrRepositoryDefinition, LocalEcr, LocalEcrOptions } from './local-ecr';
import { LocalRegistry } from './local-registry';
import { requestOf, RequestOptions, withTools } from './mirror-request';
import { MovingClock } from './moving-clock';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { mirrorAll } from '../../src/engine/mirror-all';
import { mirrorImage } from '../../src/engine/mirror-image';
import type { PlannedImages } from '../../src/engine/mirror-plan';
import type { MirrorTools } from '../../src/engine/mirror-request';
import type { MirrorResult } from '../../src/engine/result';
import { ImageLister, listEcrImages } from '../../src/engine/retention/repository-images';

/** The repository in the mirror, and the upstream repository. */
export const MIRROR = 'mirror/app';
const APP = 'app';

/** An upstream registry, and a mirror in an Amazon ECR with its API and a clock. The engine runs in the process of the test. */
export class UpstreamAndImages {
  readonly upstream = new LocalRegistry();
  readonly clock = new MovingClock();
  readonly ecr: LocalEcr;
  private client?: ECRClient;
  /** The lines of the progress. */
  readonly lines: string[] = [];
  /** Receives each line of the progress at once. */
  onLine?: (line: string) => void;

  constructor(repository: Omit<EcrRepositoryDefinition, 'repositoryName'> = {}, options: LocalEcrOptions = {}) {
    this.ecr = new LocalEcr([{ ...repository, repositoryName: MIRROR }], { now: () => this.clock.now(), ...options });
  }

  async start(): Promise<this> {
    await Promise.all([this.upstream.start(), this.ecr.start()]);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    this.client = new ECRClient({ region: 'eu-west-1', endpoint: this.ecr.url, maxAttempts: 1, credentials });
    return this;
  }

  async close(): Promise<void> {
    this.client?.destroy();
    await Promise.all([this.upstream.close(), this.ecr.close()]);
  }

  /** What went wrong in the registries themselves. */
  get errors(): unknown[] {
    return [...this.upstream.errors, ...this.ecr.errors, ...this.ecr.blobStorage.errors];
  }

  /** Moves a tag upstream, and mirrors it. */
  async move(tag: string, image: FixtureImage, options: RequestOptions = {}, tools: Partial<MirrorTools> = {}): Promise<MirrorResult> {
    this.upstream.push(APP, tag, image);
    return this.run(tag, options, tools);
  }

  /** Mirrors a tag, as its schedule does. */
  run(tag: string, options: RequestOptions = {}, tools: Partial<MirrorTools> = {}): Promise<MirrorResult> {
    const all = { keepPrevious: 3, referrers: false, ...options };
    const request = requestOf(`${this.upstream.host}/${APP}:${tag}`, `${this.ecr.host}/${MIRROR}:${tag}`, all);
    return withTools((own) => mirrorImage(request, own), { ...this.tools, ...tools });
  }

  /** Mirrors all images of a plan. */
  runAll(plan: readonly PlannedImages[]): Promise<MirrorResult[]> {
    return withTools((tools) => mirrorAll(plan, tools, { onResult: (result) => result }), this.tools);
  }

  /** The image that a tag of the mirror names. */
  digest(tag: string): string | undefined {
    return this.ecr.tagDigest(MIRROR, tag);
  }

  /** The tags of an image in the mirror. */
  tagsOf({ digest }: Pick<FixtureImage, 'digest'>): string[] {
    return this.ecr.images(MIRROR).all().find((image) => image.digest === digest)?.tags.slice().sort() ?? [];
  }

  /** All tags of the mirror that are there for retention. */
  get retentionTags(): string[] {
    return [...this.ecr.repository(MIRROR).tags.keys()].filter((tag) => tag.startsWith('mirror.')).sort();
  }

  /** The number of listings of the mirror's images. */
  get listings(): number {
    return this.ecr.apiCalls.filter((call) => call === 'DescribeImages').length;
  }

  /** Lists images as the engine does, with the client that the test has loaded. */
  get listImages(): ImageLister {
    const ecr = { account: '123456789012', region: 'eu-west-1', fips: false };
    return (repository, retryContext) => listEcrImages({ ...ecr, repository }, retryContext, (input, abortSignal) => {
      return this.client!.send(new DescribeImagesCommand(input), { abortSignal });
    });
  }

  private get credentials(): CredentialSource {
    return {
      credentialFor: async (registry) => {
        if (registry !== this.ecr.host) return undefined;
        const [username, password] = Buffer.from(this.ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
        return { username, password };
      },
    };
  }

  private get tools(): Partial<MirrorTools> {
    const silent = () => undefined;
    const line = (text: string) => {
      this.lines.push(text);
      this.onLine?.(text);
    };
    const progress = { line, blobStarted: silent, blobBytes: silent, blobFinished: silent };
    return { credentials: this.credentials, listImages: this.listImages, progress };
  }
}
