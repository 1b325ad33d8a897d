import { LocalRegistry } from './local-registry';
import type { LocalServer } from './local-server';

/**
 * Starts servers before each test of a file or of a `describe`, and stops them after it.
 *
 * Each test finds the servers empty. A test fails if a server met an error of its own.
 */
export function withServers<T extends LocalServer[]>(...servers: T): T {
  beforeEach(async () => {
    for (const server of servers) server.clear();
    await Promise.all(servers.map((server) => server.start()));
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    expect(servers.flatMap(({ errors }) => errors)).toEqual([]);
  });
  return servers;
}

/** Two registries, as a copy needs them, that start empty before each test and stop after it. */
export function withRegistries(upstream = new LocalRegistry(), target = new LocalRegistry()): { upstream: LocalRegistry; target: LocalRegistry } {
  withServers(upstream, target);
  return { upstream, target };
}
