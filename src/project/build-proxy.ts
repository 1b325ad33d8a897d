import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ComputeConfiguration } from './mirror-compute';
import { quote, redactCredentials } from '../image/sanitize';
import { hasDummy } from '../synthesis/lookups';
import { listOf, mapAll, requireShapes, text } from '../synthesis/shapes';

/**
 * The proxy server that builds use.
 */
export interface BuildProxy {
  /**
   * The URL of an HTTP proxy: `http://proxy.example.com:3128`. It can contain tokens, for example the DNS name of a load balancer.
   *
   * The URL must not contain a user name or password, because the template would contain them. Let the proxy accept the builds by their IP
   * addresses or their security group.
   */
  readonly url: string;

  /**
   * The hosts that builds reach without the proxy, for example through VPC endpoints: `.amazonaws.com`, `registry.example.com:5000`, `10.0.0.0/8`.
   *
   * A domain includes its subdomains. Builds always reach their own machine and the endpoints of their credentials without the proxy.
   * Some programs in the `RUN` instructions of customized images don't support networks such as `10.0.0.0/8`.
   *
   * @default - builds reach all other hosts through the proxy, including AWS services
   */
  readonly noProxy?: string[];
}

/** The hosts that no proxy can reach: the machine itself, and the endpoints of instance metadata and of the credentials of the build. */
const ALWAYS_DIRECT: readonly string[] = ['localhost', '127.0.0.1', '169.254.169.254', '169.254.170.2'];

/** The part of a text that is a token. */
const TOKEN = /\$\{Token\[[^\]]*\]\}/g;

/** Dynamic references with which CloudFormation writes a secret into a property. */
const SECRET = /resolve:(?:secretsmanager|ssm-secure)/;

/**
 * The variables of a project with a proxy. Programs read them in upper or lower case, and curl reads `http_proxy` in lower case only.
 *
 * CodeBuild also uses the proxy itself, but only if the project sets the variables: builds cannot add them when they start.
 *
 * @throws Error when the URL or a host is not valid, and when the URL contains credentials
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/use-proxy-server.html
 */
export function proxyVariables(scope: Construct, proxy: BuildProxy | undefined): { [name: string]: { readonly value: string } } {
  if (proxy === undefined) return {};
  requireShapes('proxy', proxy, { url: text('http://proxy.example.com:3128'), noProxy: listOf(text('.amazonaws.com'), '".amazonaws.com"') });
  if (proxy.url === undefined) throw new Error('proxy has no url; write for example { url: "http://proxy.example.com:3128" }');
  requireProxyUrl(scope, proxy.url);
  const exceptions = mapAll('proxy.noProxy', proxy.noProxy ?? [], requireException);
  const url = { value: proxy.url };
  const noProxy = { value: [...new Set([...ALWAYS_DIRECT, ...exceptions])].join(',') };
  return { HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: noProxy, https_proxy: url, http_proxy: url, no_proxy: noProxy };
}

function requireProxyUrl(scope: Construct, url: string): void {
  const remedy = 'write the URL of an HTTP proxy, for example "http://proxy.example.com:3128"';
  const secret = 'which everyone who can read the template would see; remove it, and let the proxy accept the builds by their IP addresses or '
    + 'security group';
  if (SECRET.test(JSON.stringify(Stack.of(scope).resolve(url)))) throw new Error(`proxy.url contains a secret, ${secret}`);
  // A single token, and a lookup that has no value yet, can be any text.
  if (url.replace(TOKEN, '') === '' || hasDummy(url)) {
    if (url !== '') return;
    throw new Error(`proxy.url is empty; ${remedy}`);
  }
  const address = url.replace(new RegExp(`:${TOKEN.source}`, 'g'), ':1').replace(TOKEN, 'token');
  if (address.includes('@')) throw new Error(`proxy.url contains credentials, ${secret}`);
  const parsed = /^https?:\/\/[^/]/i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  if (parsed === undefined || parsed.pathname !== '/' || `${parsed.search}${parsed.hash}` !== '' || /[\s,]/.test(address)) {
    throw new Error(`proxy.url ${quote(redactCredentials(url))} is not valid; ${remedy}`);
  }
}

const LABEL = '[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^(?:\\*?\\.)?${LABEL}(?:\\.${LABEL})*(?::[0-9]{1,5})?$`, 'i');

function requireException(entry: string): string {
  if (Token.isUnresolved(entry) || hasDummy(entry)) return entry;
  const [, address, bits] = /^(.*?)(?:\/([0-9]{1,3}))?$/.exec(entry)!;
  const maxBits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  if (Number(bits ?? 0) <= maxBits || HOST.test(entry)) return entry;
  const problem = entry === '*'
    ? 'would turn the proxy off; remove it, or remove proxy'
    : 'is not valid; use a host such as "registry.example.com", a domain such as ".amazonaws.com", an IP address, or a network such as "10.0.0.0/8"';
  throw new Error(`proxy.noProxy: ${quote(redactCredentials(entry))} ${problem}`);
}

function isIpv4(host: string): boolean {
  return /^[0-9]+(?:\.[0-9]+){3}$/.test(host) && URL.canParse(`http://${host}`);
}

function isIpv6(host: string): boolean {
  return host.includes(':') && URL.canParse(`http://[${host}]`);
}

/** The start of private addresses: 10.0.0.0/8, 172.16.0.0/12, and 192.168.0.0/16. */
const PRIVATE_ADDRESS = /^(?:10|172\.(?:1[6-9]|2[0-9]|3[01])|192\.168)\./;

/** Warns about a proxy with a private address, if builds are not in a VPC. */
export function warnAboutProxy(project: Construct, proxy: BuildProxy | undefined, { vpc }: ComputeConfiguration): void {
  if (proxy === undefined || vpc !== undefined || Token.isUnresolved(proxy.url) || !URL.canParse(proxy.url)) return;
  const { hostname } = new URL(proxy.url);
  if (!isIpv4(hostname) || !PRIVATE_ADDRESS.test(hostname)) return;
  Annotations.of(project).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.proxyWithoutVpc',
    `proxy.url ${quote(proxy.url)} is a private address, which builds outside of a VPC cannot reach; `
    + 'set the vpc of compute, for example MirrorCompute.ec2({ vpc })',
  );
}
