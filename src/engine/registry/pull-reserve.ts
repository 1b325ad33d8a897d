import type { Endpoint } from './endpoint';
import { headerValue, HttpResponse } from './transport';
import { MirrorError } from '../mirror-error';

/** The last response of Docker Hub about the limit of an account or an IP address. */
interface PullBudget {
  remaining: number;
  /** The window of the limit in seconds; undefined when Docker Hub doesn't say. */
  windowSeconds: number | undefined;
  /** The number of the request with this answer. */
  request: number;
  /** The pulls without an answer yet. */
  pending: number;
}

/** More accounts and addresses than a run uses. The others share one budget. */
const MAX_BUDGETS = 100;
const MAX_SOURCE_LENGTH = 100;

/**
 * The pulls that a run leaves to others who use the same account or IP address on Docker Hub. All images of a run share it.
 *
 * Docker Hub says in its responses how many pulls remain. Without an answer, such as for paid accounts, no reserve applies.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
export class PullReserve {
  private readonly budgets = new Map<string, PullBudget>();
  private requests = 0;

  /** @param reserved the number of pulls that must remain */
  constructor(readonly reserved: number) {}

  /** The pulls of one client. Clients with other credentials can have another budget. */
  forClient(endpoint: Endpoint): ClientPulls {
    return new ClientPulls(this, endpoint);
  }

  /** The number of a request that is sent now. */
  nextRequest(): number {
    return ++this.requests;
  }

  /** Records the answer to a request. Returns the budget that the answer is about; undefined when it has none. */
  record(request: number, { headers }: HttpResponse): PullBudget | undefined {
    const answer = parseRemaining(headers['ratelimit-remaining']);
    if (answer === undefined) return undefined;
    const source = this.knownSource(headers['docker-ratelimit-source']);
    const known = this.budgets.get(source);
    if (known === undefined) {
      const budget = { ...answer, request, pending: 0 };
      this.budgets.set(source, budget);
      return budget;
    }
    // An answer to an earlier request can arrive later, and says nothing about the pulls since then.
    return request < known.request && answer.remaining >= known.remaining ? known : Object.assign(known, answer, { request });
  }

  /** The account or address that a limit is for, as Docker Hub names it. */
  private knownSource(header: string | string[] | undefined): string {
    const source = headerValue(header) ?? '';
    return source.length <= MAX_SOURCE_LENGTH && (this.budgets.has(source) || this.budgets.size < MAX_BUDGETS) ? source : '';
  }
}

/** The pulls of one client of Docker Hub. */
export class ClientPulls {
  private budget?: PullBudget;

  constructor(private readonly reserve: PullReserve, private readonly endpoint: Endpoint) {}

  /** Sends a request that is not counted as a pull. Its response says how many pulls remain. */
  async look(send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const request = this.reserve.nextRequest();
    const response = await send();
    // A redirect can lead to another host, which does not count pulls.
    if (response.url.origin === new URL(this.endpoint.origin).origin) this.budget = this.reserve.record(request, response) ?? this.budget;
    return response;
  }

  /**
   * Requires that one more pull leaves the reserve. Call it right before `pull()`, without waiting in between.
   *
   * @param action the action, for the error: `read manifest library/nginx:stable`
   * @throws MirrorError when fewer pulls than the reserve would remain
   */
  requireReserve(action: string): void {
    const { budget, reserve: { reserved } } = this;
    if (budget !== undefined && budget.remaining - budget.pending <= reserved) throw this.reserveError(action, budget);
  }

  /** Sends a request that is counted as a pull. */
  async pull(send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const { budget } = this;
    if (budget === undefined) return this.look(send);
    budget.pending++;
    try {
      return await this.look(send);
    } finally {
      budget.pending--;
    }
  }

  private reserveError(action: string, { remaining, pending, windowSeconds }: PullBudget): MirrorError {
    const { endpoint: { registry }, reserve: { reserved } } = this;
    const left = Math.max(0, remaining - pending);
    const recovery = windowSeconds === undefined ? 'later' : `within ${formatSeconds(windowSeconds)}`;
    return new MirrorError('rate-limited', `${registry}: cannot ${action}: ${left} pulls remain for this account or IP address, and reservedPulls `
      + `leaves ${reserved} to others; pulls become available again ${recovery}, and a later run continues from there; `
      + 'reduce reservedPulls, mirror fewer images, or set credentials for an account with a higher limit');
  }
}

/** Parses `76;w=21600`: the remaining pulls, and the window in seconds. Undefined when the header is absent or not valid. */
function parseRemaining(header: string | string[] | undefined): Pick<PullBudget, 'remaining' | 'windowSeconds'> | undefined {
  const [, remaining, seconds] = (typeof header === 'string' && /^([0-9]{1,9})(?:; ?w=([1-9][0-9]{0,6}))?$/.exec(header.trim())) || [];
  return remaining === undefined ? undefined : { remaining: Number(remaining), windowSeconds: seconds === undefined ? undefined : Number(seconds) };
}

function formatSeconds(seconds: number): string {
  const [size, unit] = seconds % 3600 === 0 ? [3600, 'hour'] : seconds % 60 === 0 ? [60, 'minute'] : [1, 'second'];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
