import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { escapeControlCharacters, sanitizeForLog } from '../../image/sanitize';
import type { CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** How Docker is run. */
export interface DockerOptions {
  /** The program. @default 'docker' */
  readonly program?: string;
  /** Is told what it says. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How many of its last lines tell why it failed. */
const LAST_LINES = 4;

/** Docker, run with lists of words: no shell ever sees them. */
export class Docker {
  private readonly signedIn = new Set<string>();

  constructor(private readonly options: DockerOptions) {}

  /** The platform that the commands of a build run on, in the words of Docker: `linux/amd64`. */
  async platform(): Promise<string> {
    return (await this.run(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'])).trim();
  }

  /** Lets later commands use a registry. The credentials of Amazon ECR outlive a build. */
  async signIn(registry: string, credentials: CredentialSource): Promise<void> {
    const credential = this.signedIn.has(registry) ? undefined : await credentials.credentialFor(registry, false);
    if (credential === undefined) return;
    if ('identityToken' in credential) throw new MirrorError('unauthorized', `${registry}: Docker cannot sign in with an identity token`);
    await this.run(['login', '--username', credential.username, '--password-stdin', registry], credential.password);
    this.signedIn.add(registry);
  }

  /**
   * Runs a command to its end.
   *
   * @param input what it reads on stdin
   * @returns what it wrote to stdout
   * @throws MirrorError with its last words when it fails
   */
  async run(words: readonly string[], input: string = ''): Promise<string> {
    const { program = 'docker', log, signal } = this.options;
    const child = spawn(program, [...words], { stdio: ['pipe', 'pipe', 'pipe'], signal });
    const [output, said]: [string[], string[]] = [[], []];
    createInterface({ input: child.stdout }).on('line', (line) => output.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      log(`docker: ${line}`);
    });
    child.stdin.on('error', () => undefined); // it may end before it has read
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
      .catch((error: unknown) => { throw this.notRun(error); });
    signal.throwIfAborted();
    if (code !== 0) throw failed(words, code, said);
    return output.join('\n');
  }

  private notRun(error: unknown): unknown {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
    return new MirrorError('build-failed', 'there is no Docker in the image that this build runs in; let builds of customized images run in one of CodeBuild\'s own images', { cause: error });
  }
}

function failed(words: readonly string[], code: number | null, said: readonly string[]): MirrorError {
  const last = said.map((line) => escapeControlCharacters(line).trim()).filter((line) => line !== '' && !/^-+$/.test(line)).slice(-LAST_LINES).join(' | ');
  const command = words.slice(0, words[0] === 'buildx' ? 2 : 1).join(' ');
  return new MirrorError('build-failed', `docker ${command} ended with ${code ?? 'a signal'}${last === '' ? '' : `: ${sanitizeForLog(last)}`}`);
}
