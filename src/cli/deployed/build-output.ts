import { setTimeout as wait } from 'node:timers/promises';
import type { StartedMirrorBuild } from './started-builds';
import { Clock, SYSTEM_CLOCK } from '../../codebuild/aws-errors';
import { sanitizeForLog } from '../../image/sanitize';

const MAX_LINE_LENGTH = 1_000;

/** Writes lines about the progress of a command, unless it is quiet. */
export function progressLog({ quiet }: { readonly quiet?: boolean }): (line: string) => void {
  return quiet ? () => undefined : writeLine;
}

/** Writes a line to stderr. The line can come from the log of a build, so it is sanitized. */
export function writeLine(line: string): void {
  process.stderr.write(`${sanitizeForLog(line, MAX_LINE_LENGTH)}\n`);
}

/** The link to a build as the end of a line; empty when there is none. */
export function linkOf({ link }: StartedMirrorBuild): string {
  return link === undefined ? '' : `: ${link}`;
}

/** A clock that stops a sleep when the signal aborts. */
export function clockUntil(signal: AbortSignal): Clock {
  return { ...SYSTEM_CLOCK, sleep: (milliseconds) => wait(milliseconds, undefined, { signal }) };
}
