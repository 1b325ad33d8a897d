import { Exchange } from './exchange';
import { RegistryError } from './registry-error';

/** Refuses a request whose method its path does not have. */
export function requireMethod(exchange: Exchange, methods: readonly string[]): void {
  if (!methods.includes(exchange.method)) throw new RegistryError(405, 'UNSUPPORTED', 'the operation is unsupported', { allow: methods.join(', ') });
}
