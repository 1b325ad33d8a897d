import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { escapeControlCharacters, sanitizeForLog } from '../../image/sanitize';
import type { CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** Options of `Docker`. */
export interface DockerOptions {
  /** The Docker CLI. @default 'docker' */
  readonly program?: string;
  /** Called with each line of Docker's output on stderr. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The number of last lines in an error message. */
const ERROR_LINES = 4;

/** Runs Docker commands. Arguments are passed as a list, without a shell. */
export class Docker {
  private readonly signedIn = new Set<string>();

  constructor(private readonly options: DockerOptions) {}

  /** Returns the platform of the Docker server, on which RUN instructions run: `linux/amd64`. */
  async platform(): Promise<string> {
    return (await this.run(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'])).trim();
  }

  /** Signs in to a registry, once. Authorization tokens of Amazon ECR are valid for longer than a build runs. */
  async signIn(registry: string, credentials: CredentialSource): Promise<void> {
    const credential = this.signedIn.has(registry) ? undefined : await credentials.credentialFor(registry, false);
    if (credential === undefined) return;
    if (!('username' in credential)) {
      throw new MirrorError('unauthorized', `${registry}: Docker cannot sign in with a token; use a user name and password`);
    }
    await this.run(['login', '--username', credential.username, '--password-stdin', registry], credential.password);
    this.signedIn.add(registry);
  }

  /**
   * Runs a command until it exits.
   *
   * @param input the text for stdin
   * @returns the output on stdout
   * @throws MirrorError with the last lines of stderr when the command fails
   */
  async run(args: readonly string[], input: string = ''): Promise<string> {
    const { program = 'docker', log, signal } = this.options;
    const child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'pipe'], signal });
    const [output, errorLines]: [string[], string[]] = [[], []];
    createInterface({ input: child.stdout }).on('line', (line) => output.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      errorLines.push(line);
      log(`docker: ${line}`);
    });
    child.stdin.on('error', () => undefined); // Docker may exit before it has read stdin
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
      .catch((error: unknown) => { throw this.spawnError(error); });
    signal.throwIfAborted();
    if (code !== 0) throw exitError(args, code, errorLines);
    return output.join('\n');
  }

  private spawnError(error: unknown): unknown {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
    const message = 'the build image doesn\'t contain Docker; for customized images, use one of CodeBuild\'s own build images';
    return new MirrorError('build-failed', message, { cause: error });
  }
}

function exitError(args: readonly string[], code: number | null, errorLines: readonly string[]): MirrorError {
  const lines = errorLines.map((line) => escapeControlCharacters(line).trim()).filter((line) => line !== '' && !/^-+$/.test(line));
  const details = sanitizeForLog(lines.slice(-ERROR_LINES).join(' | '));
  const command = args.slice(0, args[0] === 'buildx' ? 2 : 1).join(' ');
  const status = code === null ? 'was ended by a signal' : `failed with exit code ${code}`;
  return new MirrorError('build-failed', `docker ${command} ${status}${details === '' ? '' : `: ${details}`}`);
}
