import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { FixtureImage, multiPlatformImage } from './fixture-images';
import { LocalRegistry, LocalRegistryOptions } from './local-registry';
import { withTools } from './mirror-request';
import { bundleReferrer, ImageSigner } from './signed-images';
import { SigningServices } from './signing-services';
import type { Verdict } from '../../src/engine/admission/check';
import { checkSignature } from '../../src/engine/admission/signatures/signature-check';
import { sharedLimits } from '../../src/engine/copy/copy-context';
import type { MirrorTools } from '../../src/engine/mirror-request';
import { RepositoryAccess } from '../../src/engine/registry/repository-access';
import type { KeylessRule, ProvenanceRule, SignatureRule } from '../../src/image/admission/signature-rule';
import { parseImageReference } from '../../src/image/image-reference';

export const ISSUER = 'https://token.actions.githubusercontent.com';
export const WORKFLOW = 'acme/app/.github/workflows/release.yml';
export const IDENTITY = `https://github.com/${WORKFLOW}@refs/tags/v1.0.0`;
/** A rule for the identity of the release workflow. */
export const KEYLESS: KeylessRule = { kind: 'keyless', issuer: ISSUER, identity: IDENTITY };
export const PROVENANCE: ProvenanceRule = { kind: 'provenance', issuer: ISSUER, repository: 'acme/app', workflow: WORKFLOW, ref: 'refs/tags/*' };
/** The facts in the certificate of the release workflow. */
export const FACTS = { repository: 'https://github.com/acme/app', ref: 'refs/tags/v1.0.0', repositoryId: '1234', ownerId: '99' };

export interface CheckOptions {
  /** The digest that the mirror serves. @default - none */
  readonly served?: string;
  /** The trust root, or a list of them. @default - that of the services */
  readonly trustRoot?: unknown;
  /** Whether the trust root is the engine's own. @default false */
  readonly embedded?: boolean;
  readonly tools?: Partial<MirrorTools>;
}

/** An image upstream, a mirror, and the services that sign. */
export class CheckedSignatures {
  readonly services = new SigningServices();
  readonly signer = new ImageSigner(this.services);
  readonly upstream: LocalRegistry;
  readonly target = new LocalRegistry();
  readonly image = multiPlatformImage({ layers: 1 });
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'signatures-'));
  private files = 0;

  /** @param checkSignatures the check; by default, as the engine has it in its source */
  constructor(options: LocalRegistryOptions = {}, private readonly checkSignatures = checkSignature) {
    this.upstream = new LocalRegistry(options);
  }

  async start(): Promise<this> {
    await Promise.all([this.upstream.start(), this.target.start(), this.services.start()]);
    return this;
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await Promise.all([this.upstream.close(), this.target.close()]);
  }

  /** Removes everything, and pushes the image. */
  reset(): void {
    this.upstream.clear();
    this.target.clear();
    this.push(this.image, 'latest');
  }

  /** Puts an image or an artifact upstream. */
  push(image: FixtureImage, tag?: string): void {
    this.upstream.push('acme/app', tag, image);
  }

  /** Puts bundles upstream, as referrers of the image. */
  attach(...bundles: readonly unknown[]): void {
    for (const bundle of bundles) this.push(bundleReferrer(bundle, this.image));
  }

  /** A signer with the identity of the release workflow. */
  releaseSigner(time?: Date) {
    return this.services.keylessSigner(IDENTITY, ISSUER, { time, facts: FACTS });
  }

  /** Checks the image. */
  async check(rules: SignatureRule | readonly SignatureRule[] = KEYLESS, options: CheckOptions = {}): Promise<Verdict> {
    const { embedded, served, tools, trustRoot = this.services.trustRoot() } = options;
    return withTools(async (all) => {
      const access = new RepositoryAccess(all);
      const source = parseImageReference(`${this.upstream.host}/acme/app:latest`);
      const target = { ...parseImageReference(`${this.target.host}/mirror/app:latest`), tag: 'latest' };
      const { blobs, ...limits } = sharedLimits();
      try {
        return await this.checkSignatures({
          policy: { anyOf: [rules].flat() as SignatureRule[] },
          candidate: { source, target, digest: this.image.digest, served, dryRun: false },
          context: {
            source: access.client(source, 'pull'),
            target: access.client(target, 'pull,push'),
            retryContext: access.retryContext,
            progress: all.progress,
            statistics: { bytesCopied: 0, blobsCopied: 0, blobsSkipped: 0, referrersCopied: 0, warnings: [] },
            ...limits,
            blobs: blobs.image(target.registry, target.repository),
          },
          trustRootFile: embedded ? undefined : this.writeTrustRoot(trustRoot),
        });
      } finally {
        access.close();
      }
    }, tools);
  }

  /** A new file for each trust root, because the engine reads each file once. */
  private writeTrustRoot(trustRoot: unknown): string {
    const file = path.join(this.folder, `${++this.files}.json`);
    writeFileSync(file, typeof trustRoot === 'string' ? trustRoot : JSON.stringify(trustRoot));
    return file;
  }
}
