import { createHash } from 'node:crypto';
import { blobOf } from './fixture-blob';
import { FixtureImage, FixtureManifest, fixtureOf } from './fixture-images';
import { at, LogEntry, signBytes, Signer, SigningServices } from './signing-services';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types';

/** What proves a signature, other than usual. */
export interface EvidenceOptions {
  /** The time in the log. @default - a minute after the first certificates */
  readonly time?: Date;
  /** The numbers of the logs. @default - the first log; none for a key */
  readonly logs?: readonly number[];
  /** Whether the signature has a timestamp. @default false */
  readonly timestamp?: boolean;
}

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';
const STATEMENT = 'application/vnd.in-toto+json';

/** Makes signatures as cosign and GitHub Actions make them. */
export class ImageSigner {
  constructor(private readonly services: SigningServices) {}

  /** A bundle with a statement about digests. */
  async statementBundle(signer: Signer, digests: readonly string[], predicateType = SIGN_PREDICATE, options: EvidenceOptions = {}): Promise<object> {
    const { entries, envelope, signature } = await this.envelope(signer, digests, predicateType, options);
    return this.bundle(signer, { dsseEnvelope: envelope }, entries, signature, options);
  }

  /** A bundle with a signature of the bytes of a manifest. */
  async messageBundle(signer: Signer, manifest: FixtureManifest, options: EvidenceOptions = {}): Promise<object> {
    const signature = signBytes(manifest.bytes, signer);
    const entries = await this.entries(options, signer, hashedRecord(manifest.bytes, signature, signer));
    const messageDigest = { algorithm: 'SHA2_256', digest: sha256(manifest.bytes).toString('base64') };
    return this.bundle(signer, { messageSignature: { messageDigest, signature: signature.toString('base64') } }, entries, signature, options);
  }

  /** A layer under cosign's tag `.sig`. */
  async simpleSigning(
    signer: Signer, digest: string, { reference = '', type = 'cosign container image signature', hash = 'sha256', ...options }:
    EvidenceOptions & { readonly reference?: string; readonly type?: string; readonly hash?: string } = {},
  ): Promise<Layer> {
    const critical = { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': digest }, type };
    const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
    const signature = signBytes(payload, signer, hash);
    const entries = await this.entries(options, signer, hashedRecord(payload, signature, signer));
    const others = await this.annotations(signer, entries, signature, options);
    const annotations = { 'dev.cosignproject.cosign/signature': signature.toString('base64'), ...others };
    return { mediaType: SIMPLE_SIGNING, bytes: payload, annotations };
  }

  /** A layer under cosign's tag `.att`. */
  async attestation(signer: Signer, digests: readonly string[], predicateType: string, options: EvidenceOptions = {}): Promise<Layer> {
    const { entries, envelope, signature } = await this.envelope(signer, digests, predicateType, options);
    const annotations = { predicateType, ...await this.annotations(signer, entries, signature, options) };
    return { mediaType: 'application/vnd.dsse.envelope.v1+json', bytes: Buffer.from(JSON.stringify(envelope)), annotations };
  }

  private async envelope(signer: Signer, digests: readonly string[], predicateType: string, options: EvidenceOptions) {
    const subject = digests.map((digest) => ({ name: '', digest: { sha256: digest.replace('sha256:', '') } }));
    const payload = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} }));
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${STATEMENT.length} ${STATEMENT} ${payload.length} `), payload]);
    const signature = signBytes(encoded, signer);
    const envelope = { payload: payload.toString('base64'), payloadType: STATEMENT, signatures: [{ keyid: '', sig: signature.toString('base64') }] };
    const entries = await this.entries(options, signer, {
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(Buffer.from(JSON.stringify(envelope))).toString('hex') },
        payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
        signatures: [{ signature: signature.toString('base64'), verifier: Buffer.from(signer.pem).toString('base64') }],
      },
    });
    return { entries, envelope, signature };
  }

  private entries({ logs, time = at(1) }: EvidenceOptions, { certificate }: Signer, body: object): Promise<LogEntry[]> {
    return Promise.all((logs ?? (certificate ? [0] : [])).map((log) => this.services.logEntry(body, time, log)));
  }

  private async bundle(
    { certificate }: Signer, content: object, tlogEntries: readonly LogEntry[], signature: Buffer, options: EvidenceOptions,
  ): Promise<object> {
    const timestamps = options.timestamp ? [{ signedTimestamp: await this.services.timestamp(signature, options.time) }] : [];
    const key = certificate ? { certificate: { rawBytes: certificate.toString('base64') } } : { publicKey: { hint: 'any' } };
    const verificationMaterial = { ...key, tlogEntries, timestampVerificationData: { rfc3161Timestamps: timestamps } };
    return { mediaType: BUNDLE, verificationMaterial, ...content };
  }

  private async annotations(
    { certificate }: Signer, [entry]: readonly LogEntry[], signature: Buffer, options: EvidenceOptions,
  ): Promise<Record<string, string>> {
    const lines = certificate?.toString('base64').replace(/(.{64})/g, '$1\n');
    const pem = lines && `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
    const logged = entry && {
      SignedEntryTimestamp: entry.inclusionPromise!.signedEntryTimestamp,
      Payload: {
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
      },
    };
    const timestamp = options.timestamp && { SignedRFC3161Timestamp: await this.services.timestamp(signature, options.time) };
    return {
      ...pem ? { 'dev.sigstore.cosign/certificate': pem } : {},
      ...logged ? { 'dev.sigstore.cosign/bundle': JSON.stringify(logged) } : {},
      ...timestamp ? { 'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify(timestamp) } : {},
    };
  }
}

/** A layer of an artifact. */
export interface Layer {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations?: Record<string, string>;
}

/** An artifact with layers: a referrer if it has a subject. */
export function artifactOf(layers: readonly Layer[], { artifactType, subject, annotations }: {
  readonly artifactType?: string; readonly subject?: FixtureManifest; readonly annotations?: Record<string, string>;
} = {}): FixtureImage {
  const config = blobOf('{}');
  const blobs = layers.map(({ bytes }) => blobOf(bytes));
  return fixtureOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size: config.size },
    layers: layers.map((layer, index) => ({
      mediaType: layer.mediaType, digest: blobs[index].digest, size: blobs[index].size, annotations: layer.annotations,
    })),
    subject: subject && { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
    annotations,
  }, [], [config, ...blobs]);
}

/** The referrer that holds a bundle. */
export function bundleReferrer(bundle: unknown, subject: FixtureManifest, annotations?: Record<string, string>): FixtureImage {
  const bytes = Buffer.isBuffer(bundle) ? bundle : Buffer.from(JSON.stringify(bundle));
  return artifactOf([{ mediaType: BUNDLE, bytes }], { artifactType: BUNDLE, subject, annotations });
}

/** The list of referrers that clients keep under the fallback tag. */
export function referrersList(referrers: readonly FixtureImage[]): FixtureImage {
  const manifests = referrers.map(({ bytes, digest, mediaType }) => ({ mediaType, digest, size: bytes.length, artifactType: BUNDLE }));
  const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  return fixtureOf(list, referrers.flatMap((referrer) => referrer.manifests), referrers.flatMap(({ blobs }) => blobs));
}

function hashedRecord(bytes: Buffer, signature: Buffer, { pem }: Signer): object {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256(bytes).toString('hex') } },
      signature: { content: signature.toString('base64'), publicKey: { content: Buffer.from(pem).toString('base64') } },
    },
  };
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
