import { Transport } from '../../src/engine/registry/transport';

/** A transport for all tests of a file, which is closed when they are done. */
export function withTransport(): Transport {
  const transport = new Transport();
  afterAll(() => transport.close());
  return transport;
}
