import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { ServerCertificate } from './local-server';

/** A certificate authority of this process alone, and one server certificate that it signed for all names. */
export interface Certificates {
  /** For the servers. */
  readonly server: ServerCertificate;
  /** The authority's certificate in PEM. */
  readonly authority: string;
  /** A file with the authority's certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly authorityFile: string;
  /** Removes the file. */
  dispose(): Promise<void>;
}

/**
 * Makes an authority and a certificate for some host names, and for 127.0.0.1 besides.
 *
 * @param alsoTrusted PEM certificates that the file holds besides, for example those that the user's own NODE_EXTRA_CA_CERTS names
 */
export async function createCertificates(hosts: readonly string[], alsoTrusted = ''): Promise<Certificates> {
  // No two authorities share a name: who trusts both looks one up by it.
  const authority = await generate([{ name: 'commonName', value: `Local authority ${randomUUID()}` }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'Local servers' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [...hosts.map((value) => ({ type: 2 as const, value })), { type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), 'local-authority-'));
  const authorityFile = join(folder, 'authority.pem');
  await writeFile(authorityFile, `${authority.cert}\n${alsoTrusted}`);
  return {
    server: { key: server.private, cert: server.cert },
    authority: authority.cert,
    authorityFile,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
