/**
 * Docker Hub on one machine.
 *
 * Imitated, from Docker's documentation:
 * - the token flow of `BearerRegistry`, by default with `auth.docker.io`'s service name; set `realm` where the real name is routed here;
 * - `ratelimit-limit` and `ratelimit-remaining` on every manifest answer while a budget is set;
 * - every manifest GET counts as one pull, HEAD does not; over the budget GET is answered 429 TOOMANYREQUESTS, and HEAD still works
 *   (undocumented; `refuseHeadOverLimit` is the other reading);
 * - Docker Hub's official images are `library/<name>`; what is not there and what is private is 401, never 404.
 * - with `blobStorage`, blobs are redirected (307) to the CDN's host.
 *
 * Not imitated: budgets by address or user, the abuse limit (use faults), and the conversion of manifests for old clients.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
import { BearerRegistry, BearerRegistryOptions } from './bearer-registry';
import { Exchange } from './exchange';
import { RegistryError } from './registry-error';

export interface LocalDockerHubOptions extends BearerRegistryOptions {
  /** How many pulls are allowed until `resetPulls()`. @default - any number, and no rate limit headers */
  readonly pullBudget?: number;
  /** Whether HEAD is refused too once the budget is used up. @default false */
  readonly refuseHeadOverLimit?: boolean;
  /** The `Retry-After` of the refusal. @default - none, Docker documents none */
  readonly retryAfter?: string;
}

export class LocalDockerHub extends BearerRegistry {
  /** Manifests that were fetched with GET since the last reset: what Docker counts. */
  pulls = 0;
  /** How many pulls are allowed until `resetPulls()`; undefined for any number. May be changed at any time. */
  pullBudget: number | undefined;

  constructor(private readonly hubOptions: LocalDockerHubOptions = {}) {
    super({ service: 'registry.docker.io', ...hubOptions });
    this.pullBudget = hubOptions.pullBudget;
  }

  /** Begins a new period of the rate limit. */
  resetPulls(): void {
    this.pulls = 0;
  }

  protected manifestHeaders(exchange: Exchange): Record<string, string> {
    const { refuseHeadOverLimit = false, retryAfter } = this.hubOptions;
    const { pullBudget } = this;
    if (pullBudget === undefined) {
      this.pulls += exchange.method === 'GET' ? 1 : 0;
      return {};
    }
    if (this.pulls >= pullBudget && (exchange.method === 'GET' || refuseHeadOverLimit)) {
      const message = 'You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limits';
      throw new RegistryError(429, 'TOOMANYREQUESTS', message, { ...limits(pullBudget, 0), ...retryAfter === undefined ? {} : { 'retry-after': retryAfter } });
    }
    this.pulls += exchange.method === 'GET' ? 1 : 0;
    return limits(pullBudget, pullBudget - this.pulls);
  }
}

function limits(budget: number, remaining: number): Record<string, string> {
  return { 'ratelimit-limit': `${budget};w=21600`, 'ratelimit-remaining': `${remaining};w=21600`, 'docker-ratelimit-source': '192.0.2.1' };
}
