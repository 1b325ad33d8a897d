import { cp, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { NamedImage } from './cases';
import { Link, LinkName, SHAPED } from './link';
import { CertificateFiles, MeasuredRegistry } from './measured-registry';
import { pushImage } from './push-image';

const MEMORY_DISK = '/dev/shm';
const BYTES_NEEDED = 5e9;

/** A folder for the registries' data: in memory where there is room, so that no disk is measured. */
export async function benchFolder(): Promise<string> {
  const free = await statfs(MEMORY_DISK).then(({ bavail, bsize }) => bavail * bsize, () => 0);
  return mkdtemp(path.join(free > BYTES_NEEDED ? MEMORY_DISK : tmpdir(), 'cdk-ecr-mirror-bench-'));
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
  async newTarget(): Promise<MeasuredRegistry> {
    const folder = path.join(this.folder, 'target');
    await rm(folder, { recursive: true, force: true });
    await cp(path.join(this.folder, 'before'), folder, { recursive: true });
    return MeasuredRegistry.start(folder, this.tls);
  }

  /** Where a tool finds the registries over a link; the links themselves count what passes. */
  async route(name: LinkName, target: MeasuredRegistry): Promise<{ sourcePort: number; targetPort: number; targetLink?: Link }> {
    if (name === 'loopback') return { sourcePort: this.source.port, targetPort: target.port };
    const links = this.links[name] ??= { source: await Link.start(SHAPED), target: await Link.start(SHAPED) };
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
