import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { proxyFor } from './registry/network-advice';

/**
 * The HTTP handler of an AWS SDK client, with the proxy that HTTPS_PROXY and NO_PROXY select for the host. The AWS SDK ignores these variables.
 *
 * This file is loaded with the AWS SDK only: runs that don't call AWS don't wait for it.
 */
export function awsRequestHandler(host: string): NodeHttpHandler {
  const proxy = proxyFor(new URL(`https://${host}`));
  return new NodeHttpHandler({
    connectionTimeout: 10_000,
    requestTimeout: 30_000,
    ...(proxy ? { httpsAgent: new HttpsProxyAgent(proxy.href) } : {}),
  });
}
