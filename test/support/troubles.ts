import { Fault, FaultAction } from './fault';
import { ALL_CASES } from './random-cases';
import { LAYER_BYTES } from './registry-pair';
import { POINTS, RequestPoint } from './request-points';
import type { FailureReason } from '../../src/engine/result';

/** One kind of fault. */
export interface Trouble {
  readonly name: string;
  readonly action: (point: RequestPoint) => FaultAction;
  /** What it is called where it does not pass. */
  readonly reason: FailureReason;
  /** Which requests it can befall. @default - all */
  readonly befalls?: (point: RequestPoint) => boolean;
  /** Whether the download of a blob continues after it, so that it is no failure however often it comes. @default false */
  readonly isResumed?: boolean;
  /** Milliseconds without a byte after which a connection counts as dead. @default - the engine's own */
  readonly idleTimeout?: number;
}

/** Milliseconds without a byte after which the engine is told to take a connection for dead. */
const IDLE_TIMEOUT = 250;

const answers = ({ content }: RequestPoint) => content.startsWith('answers');
const answersManifest = ({ content }: RequestPoint) => content === 'answers manifest';
const answersBlob = ({ content }: RequestPoint) => content === 'answers blob';
const sends = ({ content }: RequestPoint) => content.startsWith('sends');
const sendsBlob = ({ content }: RequestPoint) => content === 'sends blob';
const sendsManifest = ({ content }: RequestPoint) => content === 'sends manifest';
const beginsUpload = ({ content }: RequestPoint) => content === 'begins upload';
const midBody = ({ content }: RequestPoint) => content.endsWith('blob') ? LAYER_BYTES / 2 : 100;

/** How the distribution project's registry, in its version 2.8, answers when its disk is full; 28 is ENOSPC. */
function diskFull(detail: unknown): FaultAction {
  const body = JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'unknown error', detail }] });
  return Fault.status(500, { 'content-type': 'application/json; charset=utf-8' }, body);
}

const REGISTRY_DATA = '/var/lib/registry/docker/registry/v2';
const UPLOAD_DATA = `${REGISTRY_DATA}/repositories/mirror/app/_uploads/dfe03741-e935-4279-bcb6-6be92ad7cbdd`;
const driverError = (operation: string, path: string) => ({ DriverName: 'filesystem', Enclosed: { Op: operation, Path: path, Err: 28 } });

const BROKEN_CONNECTIONS: readonly Trouble[] = [
  { name: 'a reset before the answer', action: () => Fault.reset(), reason: 'network' },
  { name: 'a reset in mid-body', action: (point) => Fault.resetBody(midBody(point)), reason: 'network', befalls: answers, isResumed: true },
  { name: 'a reset while it receives', action: (point) => Fault.resetWhileReceiving(midBody(point)), reason: 'network', befalls: sends },
];

const WRONG_BODIES: readonly Trouble[] = [
  { name: 'a truncated body', action: (point) => Fault.truncate(midBody(point)), reason: 'network', befalls: answers, isResumed: true },
  { name: 'a body shorter than announced', action: () => Fault.wrongLength(LAYER_BYTES + 1), reason: 'network', befalls: answers, isResumed: true },
  { name: 'a manifest longer than announced', action: (point) => Fault.wrongLength(midBody(point)), reason: 'digest-mismatch', befalls: answersManifest },
  { name: 'a blob longer than announced', action: (point) => Fault.wrongLength(midBody(point)), reason: 'network', befalls: answersBlob, isResumed: true },
  { name: 'a flipped byte', action: (point) => Fault.flipByte(midBody(point)), reason: 'digest-mismatch', befalls: answers },
  { name: 'a flipped last byte', action: () => Fault.flipByte(LAYER_BYTES - 1), reason: 'digest-mismatch', befalls: answersBlob },
];

/** Those that take the time of a dead connection. */
export const STALLS: readonly Trouble[] = [
  { name: 'a stall', action: () => Fault.stall(), reason: 'network', idleTimeout: IDLE_TIMEOUT },
  { name: 'a stall in mid-body', action: (point) => Fault.stallBody(midBody(point)), reason: 'network', befalls: answers, idleTimeout: IDLE_TIMEOUT, isResumed: true },
];

const REFUSALS: readonly Trouble[] = [
  ...[408, 425, 500, 502, 503, 504].map((status): Trouble => ({ name: `HTTP ${status}`, action: () => Fault.status(status), reason: 'registry-error' })),
  { name: 'HTTP 429', action: () => Fault.status(429), reason: 'rate-limited' },
  { name: 'HTTP 429 with Retry-After', action: () => Fault.status(429, { 'retry-after': '0' }), reason: 'rate-limited' },
  { name: 'HTTP 503 with a Retry-After date', action: () => Fault.status(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }), reason: 'registry-error' },
];

/** Full disks, in the words of distribution's registry at each of the requests that need room. */
export const FULL_DISKS: readonly Trouble[] = [
  { name: 'a full disk', action: () => diskFull(driverError('mkdir', UPLOAD_DATA)), reason: 'registry-error', befalls: beginsUpload },
  { name: 'a full disk', action: () => diskFull(`write ${UPLOAD_DATA}/data: no space left on device`), reason: 'registry-error', befalls: sendsBlob },
  { name: 'a full disk', action: () => diskFull(driverError('write', `${REGISTRY_DATA}/blobs/sha256/f2/f20c43/data`)), reason: 'registry-error', befalls: sendsManifest },
];

/** What passes by trying again, and what it is called where it does not. */
export const TROUBLES: readonly Trouble[] = [...BROKEN_CONNECTIONS, ...WRONG_BODIES, ...STALLS, ...REFUSALS, ...FULL_DISKS];

/**
 * The troubles that are tried as lasting ones too: by default without HTTP statuses that differ from 503 in their number only.
 *
 * Each of them is tried once at each request, in any case.
 */
export const LASTING: readonly Trouble[] = TROUBLES.filter(({ name }) => ALL_CASES || !/^HTTP (408|425|500|502|504)$/.test(name));

/** What does not pass by trying again. */
export const FINAL: readonly Trouble[] = [
  { name: 'HTTP 400', action: () => Fault.status(400), reason: 'registry-error' },
  { name: 'HTTP 401 without a challenge', action: () => Fault.status(401), reason: 'unauthorized' },
  { name: 'HTTP 403', action: () => Fault.status(403), reason: 'unauthorized' },
  { name: 'HTTP 501', action: () => Fault.status(501), reason: 'registry-error' },
];

/** A trouble at a point, with the names of the trouble, the side and the point for the title of a test. */
export type Combination = [string, string, string, Trouble, RequestPoint];

/** Whether a trouble can come to a request. */
export function canBefall(trouble: Trouble, point: RequestPoint): boolean {
  return trouble.befalls?.(point) ?? true;
}

/**
 * Whether the run gets over a trouble however often it comes: the download of a blob continues, and a doubtful answer about a tag or a blob
 * is not a failure.
 */
export function isHarmless({ isResumed }: Trouble, { content, name, side }: RequestPoint): boolean {
  return isResumed ? content === 'answers blob' : (side === 'upstream' && name === 'HEAD of the tag') || name === 'HEAD of a blob';
}

/** Every trouble at every point that it can befall, as a table of tests wants it. */
export function combined(troubles: readonly Trouble[]): Combination[] {
  return troubles.flatMap((trouble) => POINTS
    .filter((point) => canBefall(trouble, point))
    .map((point): Combination => [trouble.name, point.side, point.name, trouble, point]));
}
