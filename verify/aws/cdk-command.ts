import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The lines of output that an error shows. */
const SHOWN_LINES = 12;

/** How long a stopped command may take to end, in milliseconds. Then it is killed. */
const STOP_GRACE = 5_000;

export interface CdkCommand {
  readonly arguments: readonly string[];
  readonly region: string;
  readonly say: (line: string) => void;
  /** Stops the command. @default - the command runs to its end */
  readonly signal?: AbortSignal;
}

/**
 * Runs the CDK CLI of this repository, without a shell. It gets the credentials of this process from the environment.
 *
 * Ctrl-C in a terminal does not reach it, so that it can end an orderly deletion.
 *
 * @throws Error with the last lines of the output
 */
export async function runCdk({ arguments: args, region, say, signal }: CdkCommand): Promise<void> {
  const child = spawn(process.execPath, [require.resolve('aws-cdk/bin/cdk'), ...args, '--no-notices', '--no-color', '--ci'], {
    detached: true,
    env: { ...process.env, AWS_REGION: region, AWS_DEFAULT_REGION: region, CDK_DISABLE_CLI_TELEMETRY: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      say(line);
    });
  }
  const stop = () => stopCommand(child);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    signal?.throwIfAborted();
    if (code !== 0) throw new Error(`cdk ${args[0]} failed:\n${lines.filter((line) => line.trim() !== '').slice(-SHOWN_LINES).join('\n')}`);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Stops a command and the processes that it started, also those that ignore the first signal. */
function stopCommand(child: ChildProcess): void {
  const forced = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_GRACE);
  // A process that outlives the command, for example an app that ignores the signal, would hold its output open.
  child.once('exit', () => {
    clearTimeout(forced);
    signalGroup(child, 'SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  signalGroup(child, 'SIGINT');
}

/** Sends a signal to a process and the processes that it started. Windows has no process groups. */
function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name);
  } catch {
    child.kill(name);
  }
}
