/**
 * Amazon ECR on one machine: the rules in which it differs from a plain registry.
 *
 * Imitated, from AWS's documentation and from error messages in public issue trackers:
 * - Basic authentication with `AWS:<token>`; without it 401 and the challenge `Basic realm="https://<host>/",service="ecr.amazonaws.com"`;
 *   an expired token is 403 DENIED without any challenge.
 * - Repositories exist or do not; a push does not define one (404 NAME_UNKNOWN), unless a repository creation template with CREATE_ON_PUSH is for its
 *   name: then the first upload to it does, with the template's mutability. Of several templates the one with the longest prefix counts.
 * - Immutable tags: 400 TAG_INVALID, for the identical manifest too; IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION with wildcard filters.
 * - An index whose children are not there, and a manifest whose blobs are not there, are refused with ECR's sentences.
 * - Manifests of at most 4 MiB; digests are sha256 only; schema 1 and other manifest types are refused.
 * - Blob GET is answered 307 to a signed address on another host that refuses an `Authorization` header.
 * - A mount is answered 202 (blob mounting is off unless an account switches it on; where it is on, only what a manifest of the other repository
 *   lists is mounted); a single POST only begins an upload.
 * - `PutImage` over its rate is answered 429 TOOMANYREQUESTS without `Retry-After`; the quota is 10 a second.
 * - Manifests that name a media type with parameters (`…+json;version=0.2`), as some attestations do, are 405 UNSUPPORTED.
 * - In the strict mode, artifacts with a subject and the empty config, and a config with annotations, are 405 UNSUPPORTED in the same words.
 * - `DescribeImages` of a tag or of all images, in pages. It has only active images unless the filter says otherwise. An archived image is 404 to
 *   all who want to read it. The time of the push is that of the first push of the manifest.
 * - An image has at most 1,000 tags. For scans, see `ecr-scans.ts`.
 * - An upload without bytes cannot be completed; one whose time is over is unknown.
 * - `GetAuthorizationToken` of the JSON API, on the same server (`POST /`), with tokens that expire.
 *
 * Not imitated: IAM policies and signatures, the rates of other actions (use faults), lifecycle rules (see `lifecycle-policy.ts`), replication,
 * parts smaller than 5 MiB.
 * Not verified against the real service: the HTTP status of the two "do not exist" refusals, of an oversized manifest and of an upload that is
 * unknown, whose sentence is that of the JSON API; how large a burst of `PutImage` may be; which request of a push creates a repository.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html for the rates
 * @see https://github.com/google/go-containerregistry/pull/750 for the body of 429, and https://github.com/containerd/containerd/issues/10447
 * @see https://github.com/aws/containers-roadmap/issues/2306 for media types with parameters, and https://github.com/opcr-io/policy/issues/149 for the body of 405
 * @see https://github.com/moby/buildkit/issues/5747 for attestations of BuildKit that were refused; also https://github.com/moby/buildkit/issues/6171
 * and https://github.com/aws/containers-roadmap/issues/2783; https://github.com/moby/buildkit/issues/6914 says that registries take them now
 * @see https://github.com/goharbor/acceleration-service/issues/353 for a config with annotations that was refused
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html for archived images
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html for the default of the filter
 * @see https://github.com/radius-project/radius/issues/7855 for an upload without bytes
 * @see https://github.com/aws/containers-roadmap/issues/2860 for what is mounted
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UploadLayerPart.html for UploadNotFoundException
 */
import { awsOperation, AwsApiError, replyToAws } from './aws-json-api';
import { BlobStorageHost } from './blob-storage-host';
import { BlobUpload } from './blob-upload';
import { DescribeImagesInput, EcrImages } from './ecr-images';
import { isRefusedByStrict, typesOf } from './ecr-refusals';
import { EcrScans, ScanInput } from './ecr-scans';
import { Exchange } from './exchange';
import { digestOf, FixtureBlob } from './fixture-blob';
import { FixtureImage, FixtureManifest } from './fixture-images';
import { matchesTagPattern } from './lifecycle-policy';
import { LocalRegistry, RegistryAction } from './local-registry';
import { LocalServerOptions } from './local-server';
import { RateLimit } from './rate-limit';
import { RegistryError } from './registry-error';
import { RepositoryStorage } from './repository-storage';

/** A repository as CloudFormation defines it. */
export interface EcrRepositoryDefinition {
  readonly repositoryName: string;
  /** @default 'MUTABLE' */
  readonly imageTagMutability?: 'MUTABLE' | 'IMMUTABLE' | 'IMMUTABLE_WITH_EXCLUSION' | 'MUTABLE_WITH_EXCLUSION';
  /** Wildcard filters of the tags that are excluded. @default - none */
  readonly exclusionFilters?: readonly string[];
  /** Whether basic scanning scans images that are pushed, without a rule of the registry. @default false */
  readonly scanOnPush?: boolean;
}

/** A repository creation template, as far as it matters to pushes. */
export interface EcrCreationTemplate extends Pick<EcrRepositoryDefinition, 'imageTagMutability' | 'exclusionFilters'> {
  /** What the names of the repositories start with, before a slash. */
  readonly prefix: string;
}

export interface LocalEcrOptions extends LocalServerOptions {
  /** @default '123456789012' */
  readonly account?: string;
  /** The origin under which the blob storage is reached. @default - its own `http://127.0.0.1:<port>` */
  readonly blobOrigin?: string;
  /** Whether blobs can be mounted from another repository (an account setting). @default false */
  readonly mounting?: boolean;
  /** Keep only digest and size of uploads larger than a few MB. @default false */
  readonly discardUploads?: boolean;
  /** How many manifests may be put in a second; the service's quota is 10. @default - any number */
  readonly putImagesPerSecond?: number;
  /** The templates by which pushes create repositories. @default - none */
  readonly creationTemplates?: readonly EcrCreationTemplate[];
  /** Types of artifacts that are refused besides those with parameters. @default - none */
  readonly refusedArtifactTypes?: readonly string[];
  /**
   * Whether everything is refused that Amazon ECR was ever seen to refuse. Accounts, Regions and years differ, so the default accepts most of it.
   *
   * @default false
   */
  readonly strict?: boolean;
  /** Seconds for which a token is valid. @default 43200 */
  readonly tokenSeconds?: number;
  /** The time in milliseconds. @default Date.now */
  readonly now?: () => number;
  /** Whether a further tag renews the time of the push, which AWS does not document. @default false */
  readonly tagsRenewPushTime?: boolean;
}

export class LocalEcr extends LocalRegistry {
  /** The host that blobs are redirected to; starts and closes with the registry. */
  readonly blobStorage: BlobStorageHost;
  /** The operations of the API that were called. */
  readonly apiCalls: string[] = [];
  /** What `DescribeImages` is refused with. */
  describeRefusal?: AwsApiError;
  readonly scans: EcrScans;
  private readonly definitions: Map<string, EcrRepositoryDefinition>;
  private readonly tokens = new Map<string, number>();
  private readonly imagesByName = new Map<string, EcrImages>();
  private readonly putImageRate: RateLimit | undefined;

  constructor(repositories: readonly (EcrRepositoryDefinition | string)[], private readonly ecrOptions: LocalEcrOptions = {}) {
    const { certificate, blobOrigin, mounting = false, discardUploads } = ecrOptions;
    const blobStorage = new BlobStorageHost({ certificate, origin: blobOrigin });
    super({ certificate, discardUploads, mounting, blobStorage, absoluteLocations: true, singlePostUploads: false });
    this.blobStorage = blobStorage;
    const definitions = repositories.map((repository) => typeof repository === 'string' ? { repositoryName: repository } : repository);
    this.definitions = new Map(definitions.map((definition) => [definition.repositoryName, definition]));
    for (const name of this.definitions.keys()) this.repository(name);
    this.scans = new EcrScans({
      account: this.account,
      scansOnPush: (name) => this.definitions.get(name)?.scanOnPush === true,
      repository: (name) => this.definitions.has(name) ? this.repository(name) : undefined,
      now: () => this.now(),
    });
    const { putImagesPerSecond } = ecrOptions;
    this.putImageRate = putImagesPerSecond === undefined ? undefined : new RateLimit(putImagesPerSecond, () => this.now());
  }

  async start(): Promise<this> {
    await this.blobStorage.start();
    return super.start();
  }

  async close(): Promise<void> {
    await Promise.all([super.close(), this.blobStorage.close()]);
  }

  /** A new token, as `GetAuthorizationToken` gives it: base64 of `AWS:<password>`. */
  issueToken(): string {
    const token = Buffer.from(`AWS:${digestOf(`token ${this.tokens.size}`)}`).toString('base64');
    this.tokens.set(token, this.now() + (this.ecrOptions.tokenSeconds ?? 43_200) * 1000);
    return token;
  }

  /** How many tokens were given out. */
  get issuedTokens(): number {
    return this.tokens.size;
  }

  /** Makes all tokens given out so far expire now. */
  expireTokens(): void {
    for (const token of this.tokens.keys()) this.tokens.set(token, 0);
  }

  protected async handle(exchange: Exchange): Promise<void> {
    if (exchange.path !== '/') return super.handle(exchange);
    return replyToAws(exchange, (input) => {
      const operation = awsOperation(exchange);
      this.apiCalls.push(operation ?? '');
      if (operation === 'DescribeImages') return this.describeImages(input as unknown as DescribeImagesInput);
      const scan = this.scans.operation(operation);
      if (scan !== undefined) return scan(input as unknown as ScanInput);
      if (operation !== 'GetAuthorizationToken') throw new AwsApiError(400, 'UnknownOperationException', `${operation} is not imitated`);
      const authorizationToken = this.issueToken();
      const expiresAt = this.tokens.get(authorizationToken)! / 1000;
      return { authorizationData: [{ authorizationToken, expiresAt, proxyEndpoint: this.url }] };
    });
  }

  /** Archives the image that a tag names, or begins to restore it. */
  setStatus(name: string, tag: string, status: 'ARCHIVED' | 'ACTIVATING'): void {
    this.images(name).setStatus(this.tagDigest(name, tag)!, status);
  }

  /** The images of a repository, with what Amazon ECR knows about them. */
  images(name: string): EcrImages {
    const images = this.imagesByName.get(name) ?? new EcrImages(this.repository(name), () => this.now());
    this.imagesByName.set(name, images);
    return images;
  }

  push(name: string, tag: string | undefined, image: FixtureImage): void {
    super.push(name, tag, image);
    for (const manifest of image.manifests) this.notePush(name, manifest);
  }

  private notePush(name: string, manifest: FixtureManifest, renew?: boolean): void {
    this.images(name).pushed(manifest.digest, renew);
    this.scans.pushed(name, manifest);
  }

  clear(): void {
    super.clear();
    this.imagesByName?.clear();
  }

  private describeImages(input: DescribeImagesInput) {
    if (this.describeRefusal !== undefined) throw this.describeRefusal;
    const { registryId, repositoryName } = input;
    if (registryId !== this.account || !this.definitions.has(repositoryName)) {
      throw new AwsApiError(400, 'RepositoryNotFoundException', `The repository with name '${repositoryName}' does not exist`);
    }
    return this.images(repositoryName).describe(input);
  }

  protected manifestHeaders(exchange: Exchange): Record<string, string> {
    const [, name, reference] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(exchange.path)!;
    const digest = reference.includes(':') ? reference : this.tagDigest(name, reference);
    if (digest !== undefined && !this.images(name).isActive(digest)) throw this.manifestUnknown();
    return super.manifestHeaders(exchange);
  }

  protected async authorize(exchange: Exchange): Promise<void> {
    const [scheme, token] = (exchange.header('authorization') ?? '').split(' ');
    const expires = scheme === 'Basic' ? this.tokens.get(token) : undefined;
    if (expires === undefined) {
      const challenge = `Basic realm="https://${exchange.record.host}/",service="ecr.amazonaws.com"`;
      throw new RegistryError(401, 'UNAUTHORIZED', 'Not Authorized', { 'www-authenticate': challenge });
    }
    if (expires <= this.now()) {
      throw new RegistryError(403, 'DENIED', 'Your authorization token has expired. Reauthenticate and try again.');
    }
  }

  /** The repositories that there are, those included that pushes created. */
  get repositoryNames(): string[] {
    return [...this.definitions.keys()].sort();
  }

  protected open(name: string, action: RegistryAction): RepositoryStorage {
    if (action === 'push') this.createOnPush(name);
    if (!this.definitions.has(name)) {
      throw new RegistryError(404, 'NAME_UNKNOWN', `The repository with name '${name}' does not exist in the registry with id '${this.account}'`);
    }
    return this.repository(name);
  }

  protected checkManifest(storage: RepositoryStorage, name: string, reference: string, manifest: FixtureManifest): void {
    if (this.putImageRate?.take() === false) throw new RegistryError(429, 'TOOMANYREQUESTS', 'Rate exceeded');
    const refused = this.ecrOptions.refusedArtifactTypes ?? [];
    const isRefused = typesOf(manifest).some((type) => type.includes(';') || refused.includes(type));
    if (isRefused || (this.ecrOptions.strict && isRefusedByStrict(manifest))) {
      throw new RegistryError(405, 'UNSUPPORTED', "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'");
    }
    const missing = storage.missing(manifest);
    const where = `required for pushing image into repository with name '${name}' in the registry with id '${this.account}' do not exist`;
    if (missing.blobs.length > 0) {
      throw new RegistryError(404, 'MANIFEST_BLOB_UNKNOWN', `Layers with digests '[${missing.blobs.join(', ')}]' ${where}`);
    }
    if (missing.manifests.length > 0) {
      throw new RegistryError(404, 'MANIFEST_BLOB_UNKNOWN', `Images with digests '[${missing.manifests.join(', ')}]' ${where}`);
    }
    const immutable = reference.includes(':') || !storage.tags.has(reference) ? undefined : this.immutability(name, reference);
    if (immutable) {
      const sentence = `The image tag '${reference}' already exists in the '${name}' repository and cannot be overwritten because the ${immutable} is immutable.`;
      throw new RegistryError(400, 'TAG_INVALID', sentence);
    }
    this.requireFewTags(storage, reference, manifest);
    this.notePush(name, manifest, this.ecrOptions.tagsRenewPushTime);
  }

  /** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
  private requireFewTags({ tags }: RepositoryStorage, reference: string, { digest }: FixtureManifest): void {
    const count = reference.includes(':') || tags.get(reference) === digest ? 0 : [...tags.values()].filter((named) => named === digest).length;
    if (count >= 1000) throw new RegistryError(400, 'LIMIT_EXCEEDED', 'The maximum number of tags per image is 1000');
  }

  protected manifestUnknown(): RegistryError {
    return new RegistryError(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
  }

  protected mountable(digest: string, from: string | undefined): FixtureBlob | undefined {
    const manifests = this.definitions.has(from ?? '') ? [...this.repository(from!).manifests.values()] : [];
    return manifests.some(({ bytes }) => bytes.includes(digest)) ? super.mountable(digest, from) : undefined;
  }

  protected checkUpload({ id, repository, size }: BlobUpload): void {
    if (size > 0) return;
    const upload = `The upload with id '${id}' in the repository with name '${repository}' in registry with id '${this.account}'`;
    throw new RegistryError(400, 'BLOB_UPLOAD_INVALID', `${upload} cannot be completed because it does not have any parts.`);
  }

  protected uploadUnknown(): RegistryError {
    return new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', 'The upload could not be found, or the specified upload id is not valid for this repository.');
  }

  private createOnPush(name: string): void {
    const templates = (this.ecrOptions.creationTemplates ?? []).filter(({ prefix }) => name.startsWith(`${prefix}/`));
    const [template] = [...templates].sort((a, b) => b.prefix.length - a.prefix.length);
    if (template === undefined || this.definitions.has(name)) return;
    const { imageTagMutability, exclusionFilters } = template;
    this.definitions.set(name, { repositoryName: name, imageTagMutability, exclusionFilters });
  }

  /** What makes a tag immutable, in ECR's words, which differ between its years; undefined when it may move. */
  private immutability(name: string, tag: string): 'repository' | 'tag' | undefined {
    const { imageTagMutability = 'MUTABLE', exclusionFilters = [] } = this.definitions.get(name)!;
    const excluded = exclusionFilters.some((filter) => matchesTagPattern(tag, filter));
    switch (imageTagMutability) {
      case 'IMMUTABLE': return 'repository';
      case 'IMMUTABLE_WITH_EXCLUSION': return excluded ? undefined : 'tag';
      case 'MUTABLE_WITH_EXCLUSION': return excluded ? 'tag' : undefined;
      default: return undefined;
    }
  }

  private get account(): string {
    return this.ecrOptions.account ?? '123456789012';
  }

  private now(): number {
    return (this.ecrOptions.now ?? Date.now)();
  }
}
