import { isIP } from 'node:net';

/**
 * Whether `--plain-http` means this registry.
 *
 * It is for registries of one's own: named by an address, by a name without a dot, or with a port. A public registry keeps TLS,
 * so that one command can copy from it to a local registry.
 */
export function isOwnRegistry(registry: string): boolean {
  const { hostname } = new URL(`http://${registry}`);
  return /:[0-9]+$/.test(registry) || !hostname.includes('.') || isIP(hostname.replace(/[[\]]/g, '')) !== 0;
}
