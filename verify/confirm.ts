import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

/** The run needs a confirmation that nobody can give. */
export class NoTerminalError extends Error {
  constructor() {
    super('there is no terminal that could confirm the costs; add --yes to run without confirmation');
    this.name = 'NoTerminalError';
  }
}

/** @throws NoTerminalError when the input is not a terminal */
export function requireTerminal({ isTTY }: Pick<Terminal['input'], 'isTTY'>): void {
  if (!isTTY) throw new NoTerminalError();
}

/** Asks whether to continue. Only `y` and `yes` are a confirmation. */
export async function confirm(question: string, { input, output }: Terminal): Promise<'yes' | 'no' | 'interrupted'> {
  const lines = createInterface({ input, output });
  const end = new AbortController();
  let answer: 'no' | 'interrupted' = 'no';
  lines.once('SIGINT', () => {
    answer = 'interrupted';
    end.abort();
  });
  lines.once('close', () => end.abort());
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal: end.signal })).trim()) ? 'yes' : 'no';
  } catch (error) {
    if (end.signal.aborted) return answer;
    throw error;
  } finally {
    lines.close();
  }
}
