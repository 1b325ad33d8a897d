import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

/** How the AWS SDK reaches a host: through the proxy that HTTPS_PROXY and NO_PROXY name for it, which the SDK does not read by itself. */
export function awsRequestHandler(host: string): NodeHttpHandler {
  const proxy = getProxyForUrl(`https://${host}`);
  return new NodeHttpHandler({
    connectionTimeout: 10_000,
    requestTimeout: 30_000,
    ...(proxy ? { httpsAgent: new HttpsProxyAgent(proxy) } : {}),
  });
}
