import { cp, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { NamedImage } from './cases';
import { Link, LinkName, SHAPES } from './link';
import { CertificateFiles, MeasuredRegistry } from './measured-registry';
import { pushImage } from './push-image';
import { RegistryFront } from './registry-front';

const MEMORY_DISK = '/dev/shm';
const BYTES_NEEDED = 5e9;

/** A folder for the registries' data: in memory where there is room, so that no disk is measured. */
export async function benchFolder(): Promise<string> {
  const free = await statfs(MEMORY_DISK).then(({ bavail, bsize }) => bavail * bsize, () => 0);
  return mkdtemp(path.join(free > BYTES_NEEDED ? MEMORY_DISK : tmpdir(), 'cdk-ecr-mirror-bench-'));
}

/** A target, and where it is reached without a link. */
export interface Target {
  readonly registry: MeasuredRegistry;
  readonly port: number;
  stop(): Promise<void>;
}

/** The two registries of one case, and the links to them. */
export class Stage {
  /** Fills the source, and what each run's target begins with. */
  static async set(folder: string, images: readonly NamedImage[], before: readonly NamedImage[], tls?: CertificateFiles): Promise<Stage> {
    await fill(path.join(folder, 'source'), images);
    await fill(path.join(folder, 'before'), before);
    return new Stage(folder, await MeasuredRegistry.start(path.join(folder, 'source'), tls), tls);
  }

  private readonly links: Partial<Record<LinkName, { source: Link; target: Link }>> = {};

  private constructor(private readonly folder: string, readonly source: MeasuredRegistry, private readonly tls?: CertificateFiles) {}

  /** A registry that has only what the case says: a new process with a folder of its own for each run. */
  async newTarget(mounts = false): Promise<Target> {
    const folder = path.join(this.folder, 'target');
    await rm(folder, { recursive: true, force: true });
    await cp(path.join(this.folder, 'before'), folder, { recursive: true });
    const registry = await MeasuredRegistry.start(folder, mounts ? undefined : this.tls);
    if (!mounts) return { registry, port: registry.port, stop: () => registry.stop() };
    const front = await RegistryFront.start(registry.port, this.tls);
    return { registry, port: front.port, stop: async () => { await Promise.all([front.stop(), registry.stop()]); } };
  }

  /** Where a tool finds the registries over a link; the links themselves count what passes. */
  async route(name: LinkName, target: Target): Promise<{ sourcePort: number; targetPort: number; targetLink?: Link }> {
    if (name === 'loopback') return { sourcePort: this.source.port, targetPort: target.port };
    const links = this.links[name] ??= { source: await Link.start(SHAPES[name]), target: await Link.start(SHAPES[name]) };
    await links.source.leadTo(this.source.port);
    await links.target.leadTo(target.port);
    return { sourcePort: links.source.port, targetPort: links.target.port, targetLink: links.target };
  }

  async clear(): Promise<void> {
    await Promise.all([this.source.stop(), ...Object.values(this.links).flatMap(({ source, target }) => [source.stop(), target.stop()])]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Without TLS, which the data does not show. */
async function fill(folder: string, images: readonly NamedImage[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const registry = await MeasuredRegistry.start(folder);
  try {
    for (const { repository, tag, image } of images) await pushImage(`http://127.0.0.1:${registry.port}`, repository, tag, image);
  } finally {
    await registry.stop();
  }
}
