import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository of The Update Framework with a trust root, as Sigstore and GitHub have one. */
export class LocalTrustRoots {
  /** The files by their paths. */
  readonly files = new Map<string, string>();
  /** The first root of trust. */
  readonly root: string;
  private readonly keys = generateKeyPairSync('ed25519');
  private readonly server: Server;

  constructor(trustRoot: object) {
    const role = { keyids: ['key'], threshold: 1 };
    const value = this.keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    const target = JSON.stringify(trustRoot);
    const hash = createHash('sha256').update(target).digest('hex');
    this.root = this.signed('root', {
      consistent_snapshot: true,
      keys: { key: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: value } } },
      roles: { root: role, timestamp: role, snapshot: role, targets: role },
    });
    this.files.set('/timestamp.json', this.signed('timestamp', { meta: { 'snapshot.json': { version: 1 } } }));
    this.files.set('/1.snapshot.json', this.signed('snapshot', { meta: { 'targets.json': { version: 1 } } }));
    this.files.set('/1.targets.json', this.signed('targets', { targets: { 'trusted_root.json': { length: target.length, hashes: { sha256: hash } } } }));
    this.files.set(`/targets/${hash}.trusted_root.json`, target);
    this.server = createServer(({ url = '' }, response) => {
      const file = this.files.get(url);
      response.writeHead(file === undefined ? 404 : 200).end(file);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private signed(type: string, fields: object): string {
    const signed = sorted({ _type: type, spec_version: '1.0.31', version: 1, expires: '2999-01-01T00:00:00Z', ...fields });
    const sig = sign(undefined, Buffer.from(JSON.stringify(signed)), this.keys.privateKey).toString('hex');
    return JSON.stringify({ signatures: [{ keyid: 'key', sig }], signed });
  }
}

/** A value with the fields of its objects in the order of their names, which is what is signed. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1).map(([name, field]) => [name, sorted(field)]));
}
