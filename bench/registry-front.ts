import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startLinkProgram } from './link';
import type { CertificateFiles } from './measured-registry';

/** What stands before a registry, and mounts a blob only when a manifest in the other repository refers to it, as Amazon ECR does. */
export class RegistryFront {
  static async start(registryPort: number, tls?: CertificateFiles): Promise<RegistryFront> {
    const { child, lines } = startLinkProgram(['front', String(registryPort), ...tls ? [tls.certificate, tls.key] : []]);
    const [line] = await once(lines, 'line') as [string];
    return new RegistryFront(child, (JSON.parse(line) as { listeningPort: number }).listeningPort);
  }

  private constructor(private readonly child: ChildProcess, readonly port: number) {}

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin?.end();
    await ended;
  }
}
