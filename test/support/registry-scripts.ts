/**
 * The exchanges of well-known registries: the headers, addresses and bodies with which each of them answers, as its documentation or its source
 * has them.
 *
 * Each is played strictly: a request that the real client would not make is not in the script.
 */
import { Answer, Asked, CONTENT, Script } from './scripted-hosts';

/** An answer that sends elsewhere. */
export const redirect = (location: string, status = 307): Answer => ({ status, headers: { location } });

/** How a registry with a token service answers. */
export interface TokenExchange {
  /** The host that answers `/v2/`. */
  readonly host: string;
  readonly repository: string;
  /** The `WWW-Authenticate` of the answer to a request without a token. */
  readonly challenge: string;
  /** The address of the token service. */
  readonly realm: string;
  /** What the token service is asked, in the order of the alphabet. */
  readonly query: readonly string[];
  /** The answer with a token; `TOKEN` stands for it. */
  readonly given: object;
  /** Who gets a token, by the `Authorization` that the token service is sent; undefined for everybody. */
  readonly users: readonly (string | undefined)[];
  /** What everybody else is answered there. */
  readonly refusal: Answer;
  /** Where a blob is redirected to; `DIGEST` stands for its digest. */
  readonly blobs: { readonly status: number; readonly address: string };
}

/** A user and password as a header. */
export const basic = (username: string, password: string) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Plays a registry with a token service. Each token is another one, and all that were given are good until `expire()`. */
export function tokenScript(exchange: TokenExchange): Script & { expire(): void } {
  const tokens = new Set<string>();
  let given = 0;
  const realm = new URL(exchange.realm);
  const storage = new URL(exchange.blobs.address);
  const giveToken = ({ query, authorization }: Asked): Answer | undefined => {
    if ([...new URLSearchParams(query)].map((pair) => pair.join('=')).sort().join() !== exchange.query.join()) return undefined;
    if (!exchange.users.includes(authorization)) return exchange.refusal;
    const token = `token-${++given}`;
    tokens.add(`Bearer ${token}`);
    return { status: 200, body: JSON.parse(JSON.stringify(exchange.given).replaceAll('TOKEN', token)) };
  };
  const script: Script = (asked) => {
    const { method, host, path, authorization } = asked;
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    if (host === realm.host && path === realm.pathname) return giveToken(asked);
    // A signed address on another host must not be given credentials besides.
    if (host === storage.host && !path.startsWith('/v2/')) return authorization === undefined || host === exchange.host ? CONTENT : undefined;
    if (host !== exchange.host || !path.startsWith(`/v2/${exchange.repository}/`)) return undefined;
    if (!tokens.has(authorization ?? '')) return unauthorized(exchange.challenge);
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(path)?.[1];
    return digest === undefined ? CONTENT : redirect(exchange.blobs.address.replace('DIGEST', digest), exchange.blobs.status);
  };
  return Object.assign(script, { expire: () => tokens.clear() });
}

function unauthorized(challenge: string): Answer {
  return {
    status: 401,
    headers: { 'www-authenticate': challenge, 'docker-distribution-api-version': 'registry/2.0' },
    body: { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] },
  };
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ which Docker Hub is the example of */
export const DOCKER_HUB: TokenExchange = {
  host: 'registry-1.docker.io',
  repository: 'library/nginx',
  challenge: 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
  realm: 'https://auth.docker.io/token',
  query: ['scope=repository:library/nginx:pull', 'service=registry.docker.io'],
  given: { token: 'TOKEN', access_token: 'TOKEN', expires_in: 300, issued_at: '2026-01-02T03:04:05.678901234Z' },
  users: [undefined, basic('someone', 'dckr_pat_example')],
  refusal: { status: 401, body: { details: 'incorrect username or password' } },
  blobs: { status: 307, address: 'https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/DIGEST?verify=1767323045-signature' },
};

/** @see https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry */
export const GHCR: TokenExchange = {
  host: 'ghcr.io',
  repository: 'stefanprodan/podinfo',
  challenge: 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:stefanprodan/podinfo:pull"',
  realm: 'https://ghcr.io/token',
  query: ['scope=repository:stefanprodan/podinfo:pull', 'service=ghcr.io'],
  given: { token: 'TOKEN' }, // without expires_in
  users: [undefined, basic('someone', 'ghp_example')],
  refusal: { status: 403, body: { errors: [{ code: 'DENIED', message: 'denied' }] } },
  blobs: { status: 307, address: 'https://pkg-containers.githubusercontent.com/ghcr1/blobs/DIGEST?se=2026-01-02T03%3A10%3A00Z&sig=signature' },
};

/** @see https://github.com/quay/quay/blob/master/endpoints/v2/v2auth.py */
export const QUAY: TokenExchange = {
  host: 'quay.io',
  repository: 'prometheus/prometheus',
  challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:prometheus/prometheus:pull"',
  realm: 'https://quay.io/v2/auth',
  query: ['scope=repository:prometheus/prometheus:pull', 'service=quay.io'],
  given: { token: 'TOKEN' },
  users: [undefined, basic('organization+robot', 'ROBOTSECRET')],
  refusal: { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'Could not find robot with specified username' }] } },
  blobs: { status: 302, address: 'https://cdn01.quay.io/quayio-production-s3/sha256/DIGEST?Expires=1767323045&Signature=signature' },
};

/**
 * One scope for all repositories, and a user whose password AWS gives.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 */
export const ECR_PUBLIC: TokenExchange = {
  host: 'public.ecr.aws',
  repository: 'docker/library/redis',
  challenge: 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
  realm: 'https://public.ecr.aws/token/',
  query: ['scope=aws', 'service=public.ecr.aws'],
  given: { token: 'TOKEN' },
  users: [undefined, basic('AWS', 'gallery-password')],
  refusal: { status: 403, body: { errors: [{ code: 'DENIED', message: 'Your authorization token has expired. Reauthenticate and try again.' }] } },
  blobs: { status: 307, address: 'https://d2glxqk2uabbnd.cloudfront.net/docker/DIGEST?Expires=1767323045&Signature=signature' },
};

/**
 * The token service is another host, and its service is no host at all.
 *
 * @see https://gitlab.com/gitlab-org/container-registry/-/blob/master/docs/auth-request-flow.md
 */
export const GITLAB: TokenExchange = {
  host: 'registry.gitlab.com',
  repository: 'gitlab-org/gitlab-runner',
  challenge: 'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:gitlab-org/gitlab-runner:pull"',
  realm: 'https://gitlab.com/jwt/auth',
  query: ['scope=repository:gitlab-org/gitlab-runner:pull', 'service=container_registry'],
  given: { token: 'TOKEN' },
  users: [undefined, basic('gitlab+deploy-token-1', 'gldt-example')],
  refusal: { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'HTTP Basic: Access denied' }] } },
  blobs: { status: 307, address: 'https://cdn.registry.gitlab-static.net/gitlab/docker/registry/v2/blobs/DIGEST?Expires=1767323045&Signature=signature' },
};

/**
 * No service in the challenge.
 *
 * @see https://cloud.google.com/artifact-registry/docs/docker/authentication#token
 */
export const ARTIFACT_REGISTRY: TokenExchange = {
  host: 'europe-docker.pkg.dev',
  repository: 'project/repository/app',
  challenge: 'Bearer realm="https://europe-docker.pkg.dev/v2/token",scope="repository:project/repository/app:pull"',
  realm: 'https://europe-docker.pkg.dev/v2/token',
  query: ['scope=repository:project/repository/app:pull'],
  given: { token: 'TOKEN', expires_in: 3600 },
  users: [undefined, basic('_json_key_base64', 'eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0=')],
  refusal: { status: 403, body: { errors: [{ code: 'DENIED', message: 'Permission "artifactregistry.repositories.downloadArtifacts" denied' }] } },
  blobs: { status: 302, address: 'https://europe-docker.pkg.dev/artifacts-downloads/namespaces/project/repositories/repository/downloads/DIGEST' },
};

/** Amazon ECR's private registries take Basic, and send to the bucket of their Region for blobs. */
export const ECR = {
  host: '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  bucket: 'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com',
  repository: 'team/app',
  user: basic('AWS', 'ecr-password'),
};

/**
 * Plays a private registry of Amazon ECR.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry-auth-token
 */
export const ecrScript: Script = ({ host, path, query, authorization }) => {
  if (host === ECR.bucket) return authorization === undefined && query.includes('X-Amz-Signature=') ? CONTENT : undefined;
  if (host !== ECR.host || !path.startsWith(`/v2/${ECR.repository}/`)) return undefined;
  if (authorization !== ECR.user) return unauthorized(`Basic realm="https://${ECR.host}/",service="ecr.amazonaws.com"`);
  const digest = /\/blobs\/(.+)$/.exec(path)?.[1];
  if (digest === undefined) return CONTENT;
  return redirect(`https://${ECR.bucket}/objects/${digest}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=signature`);
};

/** The hosts behind registry.k8s.io, as it chooses them for a client in eu-west-1. */
export const KUBERNETES = {
  host: 'registry.k8s.io',
  repository: 'pause',
  manifests: 'us-west1-docker.pkg.dev',
  bucket: 'prod-registry-k8s-io-eu-west-1.s3.dualstack.eu-west-1.amazonaws.com',
};

/**
 * Plays registry.k8s.io, which redirects everything and has nothing of its own; a request to `/v2/` alone would be challenged.
 *
 * @see https://github.com/kubernetes/registry.k8s.io/blob/main/cmd/archeio/internal/app/handlers.go
 */
export const kubernetesScript: Script = ({ method, host, path, authorization }) => {
  const { manifests, bucket, repository } = KUBERNETES;
  if ((method !== 'GET' && method !== 'HEAD') || authorization !== undefined) return undefined;
  if (host === manifests && path.startsWith(`/v2/k8s-artifacts-prod/images/${repository}/`)) return path.includes('/manifests/') ? CONTENT : { status: 404, body: '' };
  if (host === bucket && path.startsWith('/containers/images/sha256:')) return CONTENT;
  if (host !== KUBERNETES.host || !path.startsWith(`/v2/${repository}/`)) return undefined;
  const digest = /\/blobs\/(.+)$/.exec(path)?.[1];
  const place = digest === undefined ? `https://${manifests}/v2/k8s-artifacts-prod/images/${path.slice('/v2/'.length)}` : `https://${bucket}/containers/images/${digest}`;
  return redirect(`${place}?rid=0af7651916cd43dd8448eb211c80319c`);
};

/**
 * Plays the Microsoft Container Registry, which asks nobody for anything.
 *
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-firewall-rules for the hosts of its blobs
 */
export const microsoftScript: Script = ({ host, path, authorization }) => {
  if (authorization !== undefined) return undefined;
  if (host === 'westeurope.data.mcr.microsoft.com') return CONTENT;
  if (host !== 'mcr.microsoft.com' || !path.startsWith('/v2/dotnet/runtime/')) return undefined;
  const digest = /\/blobs\/(.+)$/.exec(path)?.[1];
  return digest === undefined ? CONTENT : redirect(`https://westeurope.data.mcr.microsoft.com/data/${digest}?sig=signature`);
};
