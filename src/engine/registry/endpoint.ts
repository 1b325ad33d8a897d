import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Challenge } from './challenge';
import { isS3Host } from './network-advice';
import { DOCKER_HUB } from '../../image/image-reference';
import { ecrHost, PUBLIC_GALLERY } from '../../image/registry-hosts';
import { quote, redactCredentials } from '../../image/sanitize';
import { connectedRegistry } from '../fips';
import { MirrorError } from '../mirror-error';

/** The API endpoint of a registry. */
export interface Endpoint {
  /** The host, as written in image references. */
  readonly registry: string;
  /** The scheme, host and port of the API. */
  readonly origin: string;
  /** The challenge that the registry is known to send. It saves the first request, which the registry would answer with status 401. */
  readonly challenge?: Challenge;
  /** The host name of the registry that redirected to this endpoint; undefined when it is the registry itself. */
  readonly namedBy?: string;
}

/**
 * Challenges that registries document, or have sent unchanged for years.
 *
 * A different challenge in a response overrides the known challenge. So a change costs one more request and breaks nothing.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/ for Docker Hub's token service
 */
const KNOWN_CHALLENGES: ReadonlyMap<string, Challenge> = new Map([
  [DOCKER_HUB, { scheme: 'bearer', realm: 'https://auth.docker.io/token', service: 'registry.docker.io' }],
  ['ghcr.io', { scheme: 'bearer', realm: 'https://ghcr.io/token', service: 'ghcr.io' }],
  [PUBLIC_GALLERY, { scheme: 'bearer', realm: 'https://public.ecr.aws/token/', service: 'public.ecr.aws', scope: 'aws' }],
  ['quay.io', { scheme: 'bearer', realm: 'https://quay.io/v2/auth', service: 'quay.io' }],
]);

/** The API host of Docker Hub, which is not the host in image references. */
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** @param plainHttp whether to use HTTP without TLS, for registries on the developer's machine */
export function endpointOf(registry: string, plainHttp: boolean = false): Endpoint {
  if (plainHttp) return { registry, origin: `http://${registry}` };
  const host = registry === DOCKER_HUB ? DOCKER_HUB_HOST : connectedRegistry(registry);
  const challenge = ecrHost(registry) ? { scheme: 'basic' } as const : KNOWN_CHALLENGES.get(registry);
  return { registry, origin: `https://${host}`, challenge };
}

/** The registry that named a URL, for requests to a host that is not the registry's own. Undefined for the registry's own host. */
export function namedBy(endpoint: Endpoint, { hostname }: URL): string | undefined {
  const home = endpoint.namedBy ?? new URL(endpoint.origin).hostname;
  return hostname === home ? undefined : home;
}

/**
 * Returns a URL from a challenge, or from a `Location` or `Link` header, which may be relative.
 *
 * Registries behind a TLS proxy often return http URLs for themselves, so http becomes https on the same host.
 *
 * @throws MirrorError when it is not a valid URL, or leads from https to http on another host
 */
export function requireSafeUrl(registry: string, text: string, from: URL): URL {
  const url = URL.canParse(text, from.href) && text !== '' ? new URL(text, from) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    const shown = quote(redactCredentials(text));
    throw new MirrorError('registry-error', `${registry}: the Location or Link header ${shown} is not a valid URL; it must be an http or https URL`);
  }
  url.hash = '';
  if (from.protocol !== 'https:' || url.protocol === 'https:') return url;
  if (url.hostname === from.hostname) return new URL(url.href.replace(/^http:/, 'https:'));
  throw new MirrorError('registry-error', `${registry}: redirect from https to ${quote(url.origin)}, which is not secure`);
}

/** Domains of hosting services. Two hosts on such a domain can have different owners. */
const SHARED_DOMAINS: readonly string[] = [
  'amazonaws.com', 'on.aws', 'azurecr.io', 'azurewebsites.net', 'windows.net', 'pkg.dev', 'gcr.io', 'run.app', 'appspot.com', 'googleapis.com',
  'cloudfront.net', 'github.io', 'herokuapp.com', 'jfrog.io', 'workers.dev', 'pages.dev', 'trycloudflare.com', 'nip.io', 'sslip.io', 'duckdns.org',
];

/**
 * Whether a host may receive the credentials of a registry: the registry's own host, its known token service, a domain above or below it,
 * or a host of the same domain.
 *
 * @param hostname as in `URL.hostname`
 */
export function isTrustedHost({ challenge, origin }: Endpoint, hostname: string): boolean {
  const home = new URL(origin).hostname;
  if (hostname === home || (isLoopbackHost(hostname) && isLoopbackHost(home))) return true;
  if (challenge?.scheme === 'bearer' && new URL(challenge.realm).hostname === hostname) return true;
  if (isAddress(home) || isAddress(hostname)) return false;
  const isBelow = (host: string, domain: string) => domain.includes('.') && host.endsWith(`.${domain}`);
  // The owner of a domain decides where all names below it lead.
  if (isBelow(home, hostname) || isBelow(hostname, home)) return true;
  const domain = ownDomain(home);
  return domain !== undefined && domain === ownDomain(hostname) && !SHARED_DOMAINS.includes(domain);
}

/** The part of a name that one owner registers: `example.com`, `example.co.uk`. A short name below a country code counts as public. */
function ownDomain(hostname: string): string | undefined {
  const labels = hostname.replace(/\.$/, '').split('.');
  const isPublic = /^[a-z]{1,3}\.[a-z]{2}$/.test(labels.slice(-2).join('.'));
  const count = isPublic ? 3 : 2;
  return labels.length < count ? undefined : labels.slice(-count).join('.');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** @see https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4'); // also as ::ffff:10.0.0.1
  PRIVATE.addSubnet(`64:ff9b::${network}`, 96 + bits, 'ipv6'); // through NAT64
}
for (const [network, bits] of [['::', 96], ['64:ff9b:1::', 48], ['fc00::', 7], ['fe80::', 10], ['fec0::', 10]] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6');
}

/** Whether an IP address is private, loopback, or link-local, as those of metadata services are. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/[[\]]|%.*$/g, '');
  const version = isIP(plain);
  return version !== 0 && PRIVATE.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/[[\]]/g, '')) !== 0;
}

function isLoopbackHost(hostname: string): boolean {
  const plain = hostname.replace(/[[\]]/g, '');
  const version = isIP(plain);
  return version === 0 ? /^(?:.+\.)?localhost\.?$/.test(plain) : LOOPBACK.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** The error code of a connection that would lead to a private address. */
export const PRIVATE_ADDRESS = 'ERR_PRIVATE_ADDRESS';

/**
 * Resolves the names of hosts, and keeps registries on the internet from sending requests into the private network.
 *
 * The check is part of the connection. So a name with an address that changes between two lookups doesn't evade it. A proxy resolves names itself.
 */
export class HostResolver {
  /** Whether all addresses that a host had so far are private. */
  private readonly privateHosts = new Map<string, boolean>();

  /** The `lookup` function of connections to any address. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (!error) this.record(hostname, addresses);
      answer(callback, options.all, error, addresses);
    });
  };

  /** The `lookup` function of connections to public addresses only. In a VPC, the names of Amazon S3 can lead to an interface endpoint. */
  readonly lookupPublic: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const allowed = error || isS3Host(hostname) ? addresses : addresses.filter(({ address }) => !isPrivateAddress(address));
      answer(callback, options.all, error ?? (allowed.length === 0 ? privateAddressError(hostname) : null), allowed);
    });
  };

  /** Whether a host is in the private network: all its addresses are private. */
  async isPrivate(hostname: string): Promise<boolean> {
    if (isAddress(hostname)) return isPrivateAddress(hostname);
    if (!this.privateHosts.has(hostname)) await new Promise((resolve) => { this.lookup(hostname, { all: true }, resolve); });
    return this.privateHosts.get(hostname) ?? false;
  }

  private record(hostname: string, addresses: readonly LookupAddress[]): void {
    const isPrivate = addresses.every(({ address }) => isPrivateAddress(address));
    this.privateHosts.set(hostname, isPrivate && (this.privateHosts.get(hostname) ?? true));
  }
}

function answer(
  callback: Parameters<LookupFunction>[2], all: boolean | undefined, error: NodeJS.ErrnoException | null, addresses: LookupAddress[],
): void {
  if (error) callback(error, '', 0);
  else if (all) callback(null, addresses);
  else callback(null, addresses[0].address, addresses[0].family);
}

export function privateAddressError(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has a private address`), { code: PRIVATE_ADDRESS });
}
