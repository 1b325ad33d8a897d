/**
 * What can go wrong on the way to a registry, done on purpose.
 *
 * Which request is hit is counted, never timed or drawn by lot, so a test fails the same way every time.
 */

/** The part of a request that a rule is matched against. */
export interface MatchableRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
}

/** Which requests: by a function, or by method and path (a text is found anywhere in the path; absent parts match all). */
export type RequestMatch =
  | ((request: MatchableRequest) => boolean)
  | { readonly method?: string | RegExp; readonly path?: string | RegExp };

/** What happens to a request that a rule hits. Made by `Fault`. */
export type FaultAction =
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset-while-receiving'; readonly afterBytes: number }
  | { readonly kind: 'lose-response' }
  | { readonly kind: 'reset-body'; readonly afterBytes: number }
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  | { readonly kind: 'flip-byte'; readonly at: number }
  | { readonly kind: 'stall' }
  | { readonly kind: 'stall-body'; readonly afterBytes: number }
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  | { readonly kind: 'pass' }
  | { readonly kind: 'status'; readonly status: number; readonly headers: Record<string, string>; readonly body: string | Buffer }
  | { readonly kind: 'headers'; readonly headers: Record<string, string | undefined> };

/** The faults that exist. */
export class Fault {
  /** The connection is reset before anything is answered or done. */
  static reset(): FaultAction {
    return { kind: 'reset' };
  }

  /** The connection is reset after so many bytes of the request's body arrived; nothing is done with them. */
  static resetWhileReceiving(afterBytes: number): FaultAction {
    return { kind: 'reset-while-receiving', afterBytes };
  }

  /** The request is carried out, and the connection is reset instead of answering: the client cannot know. */
  static loseResponse(): FaultAction {
    return { kind: 'lose-response' };
  }

  /** The connection is reset in mid-body. */
  static resetBody(afterBytes: number): FaultAction {
    return { kind: 'reset-body', afterBytes };
  }

  /** The connection is closed in an orderly way in mid-body, short of the announced length. */
  static truncate(afterBytes: number): FaultAction {
    return { kind: 'truncate', afterBytes };
  }

  /** One byte of the body is another one; the length is right. */
  static flipByte(at = 0): FaultAction {
    return { kind: 'flip-byte', at };
  }

  /** No answer comes at all until the client or the server closes. */
  static stall(): FaultAction {
    return { kind: 'stall' };
  }

  /** The body stops after so many bytes, the connection stays open. */
  static stallBody(afterBytes: number): FaultAction {
    return { kind: 'stall-body', afterBytes };
  }

  /** The request waits for a promise, and is then carried out. */
  static hold(until: Promise<unknown>): FaultAction {
    return { kind: 'hold', until };
  }

  /** Nothing goes wrong: for what a test does at the moment at which a request arrives. */
  static pass(): FaultAction {
    return { kind: 'pass' };
  }

  /** The server answers with this status and does nothing. */
  static status(status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): FaultAction {
    return { kind: 'status', status, headers, body };
  }

  /** The answer's headers are replaced, or removed where undefined. */
  static headers(headers: Record<string, string | undefined>): FaultAction {
    return { kind: 'headers', headers };
  }

  /** The answer claims another digest than that of its body. */
  static wrongDigest(): FaultAction {
    return Fault.headers({ 'docker-content-digest': `sha256:${'0'.repeat(64)}` });
  }

  /** The answer announces another length than its body has, and the connection ends after it. */
  static wrongLength(length: number): FaultAction {
    return Fault.headers({ 'content-length': String(length) });
  }
}

export interface FaultRule {
  /** @default - every request */
  readonly match?: RequestMatch;
  /** How many matching requests pass unharmed first. @default 0 */
  readonly skip?: number;
  /** How many are hit then. @default 1 */
  readonly times?: number;
  readonly action: FaultAction;
  /** Is told each time that a request is hit, before the server does anything with it. @default - nobody is told */
  readonly onHit?: () => void;
}

/** The rules of one server, in the order in which they were added; the first that hits decides. */
export class FaultPlan {
  private rules: { rule: FaultRule; seen: number; hit: number }[] = [];

  /** Adds a rule; returns how often it has hit, to be asked later. */
  add(rule: FaultRule): () => number {
    const entry = { rule, seen: 0, hit: 0 };
    this.rules.push(entry);
    return () => entry.hit;
  }

  /** Forgets all rules. */
  clear(): void {
    this.rules = [];
  }

  /** The action for a request that just arrived; each rule that matches it counts it. */
  take(request: MatchableRequest): FaultAction | undefined {
    let action: FaultAction | undefined;
    for (const entry of this.rules) {
      if (!matches(entry.rule.match, request)) continue;
      entry.seen += 1;
      if (action || entry.seen <= (entry.rule.skip ?? 0) || entry.hit >= (entry.rule.times ?? 1)) continue;
      entry.hit += 1;
      action = entry.rule.action;
      entry.rule.onHit?.();
    }
    return action;
  }
}

/** Whether a request is one of those meant. */
export function matches(match: RequestMatch | undefined, request: MatchableRequest): boolean {
  if (match === undefined) return true;
  if (typeof match === 'function') return match(request);
  return fits(match.method, request.method, (pattern) => pattern === request.method)
    && fits(match.path, request.path, (pattern) => request.path.includes(pattern));
}

function fits(pattern: string | RegExp | undefined, text: string, holds: (pattern: string) => boolean): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === 'string' ? holds(pattern) : pattern.test(text);
}
