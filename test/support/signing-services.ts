import { createHash, generateKeyPairSync, KeyObject, sign } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';

/** The signer of a signature. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** The public key, as log entries and rules have it. */
  readonly pem: string;
  /** The certificate in DER format; undefined for a key alone. */
  readonly certificate?: Buffer;
}

/** An entry of a log, as bundles have it in JSON. */
export interface LogEntry {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: { logIndex: string; rootHash: string; treeSize: string; hashes: string[]; checkpoint: { envelope: string } };
  canonicalizedBody: string;
}

/** An entry, as the log returns it. */
interface LoggedEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly inclusionProof: { readonly logIndex: number; readonly rootHash: string; readonly treeSize: number; readonly checkpoint: string };
    readonly signedEntryTimestamp: string;
  };
}

/** The extensions of a certificate of GitHub Actions. */
export interface BuildFacts {
  readonly repository?: string;
  readonly ref?: string;
  readonly repositoryId?: string;
  readonly ownerId?: string;
}

/** A certificate other than usual. */
export interface CertificateOptions {
  /** The start of its ten minutes. @default - the first time of the services */
  readonly time?: Date;
  readonly facts?: BuildFacts;
  /** Whether the log of certificates has it. @default true */
  readonly logged?: boolean;
}

const MINUTE = 60_000;
const OIDS = { repository: '12', ref: '14', repositoryId: '15', ownerId: '17' };

/**
 * The times of the services start in the future: the mocked roots are valid from now on. They are whole seconds, because the mocked authority encodes
 * some fractions of a second in a form that the verification refuses.
 */
const START = Math.floor(Date.now() / 1000) * 1000 + 60 * MINUTE;

/** A time, in minutes after the first one. */
export function at(minutes: number): Date {
  return new Date(START + minutes * MINUTE);
}

/** A keypair of a kind that rules accept. */
export function keySigner(kind: 'P-256' | 'P-384' | 'P-521' | 'rsa' | 'ed25519' = 'P-256'): Signer {
  const keys = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: kind });
  return { privateKey: keys.privateKey, pem: keys.publicKey.export({ format: 'pem', type: 'spki' }) as string };
}

/** A certificate authority, a log of certificates, two logs of signatures, and a time-stamp authority: what Sigstore runs, in this process. */
export class SigningServices {
  private readonly keys = { ca: ec('P-384'), ctLog: ec('P-256'), tsa: ec('P-384'), logs: [ec('P-256'), ec('P-256')] };
  private root?: Buffer;
  private ctLog?: { readonly publicKey: Buffer; readonly logID: Buffer };
  private timestampAuthority?: Awaited<ReturnType<typeof initializeTSA>>;
  private timestampChain?: readonly Buffer[];

  /** Starts the services. */
  async start(): Promise<this> {
    this.root = Buffer.from((await this.authority(at(0))).rootCertificate as Buffer);
    const { logID, publicKey } = await initializeCTLog(this.keys.ctLog, at(0));
    this.ctLog = { publicKey, logID: Buffer.from(logID as Buffer) };
    this.timestampAuthority = await initializeTSA(this.keys.tsa);
    const { intCertificate, rootCertificate } = this.timestampAuthority;
    this.timestampChain = [Buffer.from(intCertificate as Buffer), Buffer.from(rootCertificate as Buffer)];
    return this;
  }

  /** The trust root with all services, or without some. */
  trustRoot({ logs = 2, ca = true, ctLog = true }: { readonly logs?: number; readonly ca?: boolean; readonly ctLog?: boolean } = {}): object {
    const forever = { start: '2020-01-01T00:00:00Z' };
    const authority = (certificates: readonly Buffer[]) => ({
      subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
      uri: 'https://fulcio.example.com',
      certChain: { certificates: certificates.map((rawBytes) => ({ rawBytes: rawBytes.toString('base64') })) },
      validFor: forever,
    });
    const log = (baseUrl: string, publicKey: Buffer, keyId: Buffer) => ({
      baseUrl,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: publicKey.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: forever },
      logId: { keyId: keyId.toString('base64') },
    });
    const tlogs = this.keys.logs.slice(0, logs).map(({ publicKey }, index) => {
      const key = publicKey.export({ format: 'der', type: 'spki' });
      return log(logUrl(index), key, createHash('sha256').update(key).digest());
    });
    return {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs,
      certificateAuthorities: [authority([ca ? this.root! : this.timestampChain![1]])],
      ctlogs: ctLog ? [log('https://ctfe.example.com', this.ctLog!.publicKey, this.ctLog!.logID)] : [],
      timestampAuthorities: [authority(this.timestampChain!)],
    };
  }

  /** A signer with a certificate for ten minutes. */
  async keylessSigner(identity: string, issuer: string, { facts = {}, logged = true, time = at(0) }: CertificateOptions = {}): Promise<Signer> {
    const { privateKey, publicKey } = ec('P-256');
    const oid = (number: string) => `1.3.6.1.4.1.57264.1.${number}`;
    const extensions = Object.entries(facts).map(([name, value]) => ({ oid: oid(OIDS[name as keyof BuildFacts]), value }));
    const certificate = await (await this.authority(time, logged)).issueCertificate({
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      subjectAltName: identity,
      extensions: [{ oid: oid('8'), value: issuer }, ...extensions],
    });
    return { privateKey, pem: publicKey.export({ format: 'pem', type: 'spki' }) as string, certificate: Buffer.from(certificate as Buffer) };
  }

  /** Writes a signature into a log. */
  async logEntry(body: object, time = at(1), log = 0): Promise<LogEntry> {
    const service = await initializeTLog(logUrl(log), this.keys.logs[log], time);
    const [entry] = Object.values(await service.log(body) as Record<string, LoggedEntry>);
    const { inclusionProof, signedEntryTimestamp } = entry.verification;
    const { apiVersion, kind } = body as { apiVersion: string; kind: string };
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp: signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(inclusionProof.logIndex),
        rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
        treeSize: String(inclusionProof.treeSize),
        hashes: [],
        checkpoint: { envelope: inclusionProof.checkpoint },
      },
      canonicalizedBody: entry.body,
    };
  }

  /** The timestamp of a signature, in base64. */
  async timestamp(signature: Buffer, time = at(1)): Promise<string> {
    // The chain stays that of the first one: an authority with another clock has other certificates.
    Object.assign(this.timestampAuthority!, { getCurrentTime: () => time });
    const response = await this.timestampAuthority!.timestamp({
      artifactHash: createHash('sha256').update(signature).digest(),
      hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
      nonce: 1,
      policyOID: '1.3.6.1.4.1.57264.2',
      certReq: true,
    });
    return Buffer.from(response as Buffer).toString('base64');
  }

  private async authority(time: Date, logged = true) {
    return initializeCA(this.keys.ca, logged ? await initializeCTLog(this.keys.ctLog, time) : undefined, time);
  }
}

/** The signature of bytes. */
export function signBytes(bytes: Buffer, { privateKey }: Signer, hash = 'sha256'): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? undefined : hash, bytes, privateKey);
}

function logUrl(index: number): string {
  return `https://rekor${index}.example.com`;
}

function ec(namedCurve: string) {
  return generateKeyPairSync('ec', { namedCurve });
}
