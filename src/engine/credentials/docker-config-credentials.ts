import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import type { Credential, CredentialSource } from './credential-source';
import { DOCKER_HUB } from '../../image/image-reference';
import { ecrHost, PUBLIC_GALLERY } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';

/** The fields of Docker's configuration file that concern credentials. */
interface DockerConfig {
  readonly auths?: Record<string, unknown>;
  readonly credHelpers?: Record<string, unknown>;
  readonly credsStore?: unknown;
}

/** Docker stores the credentials of Docker Hub under this key. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';
/** The hosts under which clients store the credentials of Docker Hub. */
const DOCKER_HUB_HOSTS = ['index.docker.io', DOCKER_HUB, 'registry-1.docker.io'];
/** Milliseconds. */
const HELPER_TIMEOUT = 30_000;

/**
 * Credentials that `docker login` stored: in `~/.docker/config.json`, or in a credential helper that this file names.
 *
 * A credential helper that fails is a warning, and access is anonymous: the image may be public.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export class DockerConfigCredentials implements CredentialSource {
  private config: Promise<DockerConfig> | undefined;
  private readonly problems = new Map<string, string>();

  /** @param onWarning called once for each problem */
  constructor(private readonly environment: NodeJS.ProcessEnv, private readonly onWarning: (warning: string) => void = () => undefined) {}

  async credentialFor(registry: string, refused: boolean, repository?: string): Promise<Credential | undefined> {
    // A login to Amazon ECR lasts 12 hours. A refused login has expired, so the AWS credential chain is used instead.
    if (refused && (ecrHost(registry) || registry === PUBLIC_GALLERY)) return undefined;
    this.config ??= readConfig(this.environment);
    const config = await this.config;
    const helper = findEntry(config.credHelpers, registry, repository, textOf) ?? textOf(config.credsStore);
    const helperCredential = helper ? await this.askHelper(helper, registry) : undefined;
    return helperCredential ?? findEntry(config.auths, registry, repository, parseAuth);
  }

  problem(registry: string): string | undefined {
    return this.problems.get(registry);
  }

  private async askHelper(name: string, registry: string): Promise<Credential | undefined> {
    try {
      return await readFromHelper(name, registry === DOCKER_HUB ? DOCKER_HUB_KEY : registry, this.environment);
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      if (!this.problems.has(registry)) this.onWarning(`${registry}: ${error.message}`);
      this.problems.set(registry, error.message);
      return undefined;
    }
  }
}

/**
 * Finds the entry for a registry, or for the longest path of the repository that has one.
 *
 * As in the Go clients, a key can have a scheme, a final slash, and the version of the API: `https://quay.io/v1/`.
 *
 * @param read returns undefined for an entry without credentials
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md#format
 */
function findEntry<T>(entries: unknown, registry: string, repository: string | undefined, read: (entry: unknown) => T | undefined): T | undefined {
  for (const host of registry === DOCKER_HUB ? DOCKER_HUB_HOSTS : [registry]) {
    const wanted = repository === undefined ? host : `${host}/${repository}`;
    const keys = Object.entries(Object(entries) as Record<string, unknown>)
      .map(([key, entry]) => ({ scope: scopeOf(key), isExact: key === host, entry }))
      .filter(({ scope }) => wanted === scope || wanted.startsWith(`${scope}/`))
      .sort((left, right) => right.scope.length - left.scope.length || Number(right.isExact) - Number(left.isExact));
    for (const { entry } of keys) {
      const value = read(entry);
      if (value) return value;
    }
  }
  return undefined;
}

/** The host of a key, with the path of a namespace or repository. A key with a scheme is a URL of Docker, and its path means nothing. */
function scopeOf(key: string): string {
  const address = key.trim().replace(/^https?:\/\//i, '');
  const [host, ...segments] = address.replace(/\/+$/, '').split('/');
  const isHost = address !== key.trim() || /^v[12]$/.test(segments.join('/'));
  return [host.toLowerCase(), ...isHost ? [] : segments].join('/');
}

async function readConfig(environment: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const file = path.join(environment.DOCKER_CONFIG || path.join(homedir(), '.docker'), 'config.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return {}; // machines that only pull public images often have no configuration file
  }
  try {
    return Object(JSON.parse(text.replace(/^\uFEFF/, ''))) as DockerConfig; // some Windows editors add a byte order mark
  } catch {
    throw new MirrorError('invalid-configuration', `${file} is not valid JSON; correct it, or set DOCKER_CONFIG to another folder`);
  }
}

function parseAuth(entry: unknown): Credential | undefined {
  const { auth, identitytoken, password, registrytoken, username } = Object(entry) as Record<string, unknown>;
  if (isText(registrytoken)) return { registryToken: registrytoken };
  if (isText(identitytoken)) return { identityToken: identitytoken };
  const [user, secret] = isText(auth) ? Buffer.from(auth, 'base64').toString('utf8').split(/:(.*)/s) : [username, password];
  const trimmed = isText(secret) ? secret.replace(/^\0+|\0+$/g, '') : ''; // some tools pad the text with NUL characters
  return isText(user) && trimmed !== '' ? { username: user, password: trimmed } : undefined;
}

function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The output of helpers that have no credentials for a registry. */
const NOT_FOUND = /credentials not found|no credentials/i;

/**
 * Runs `docker-credential-NAME get`. Undefined when the helper has no credentials for the registry.
 *
 * @throws MirrorError when the helper cannot be run, or fails in another way. The error doesn't contain its output, which may be a secret.
 */
async function readFromHelper(name: string, server: string, environment: NodeJS.ProcessEnv): Promise<Credential | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    const shown = sanitizeForLog(JSON.stringify(name));
    const rule = 'use letters, digits, ".", "_" and "-"';
    throw helperError(`Docker's configuration names the credential helper ${shown}, which is not a valid name: ${rule}`);
  }
  const program = `docker-credential-${name}`;
  const output = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(program, ['get'], { env: environment, timeout: HELPER_TIMEOUT }, (error, stdout) => {
      if (!error) return resolve(stdout);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return reject(helperError(`Docker's configuration names the credential helper ${program}, which is not on the PATH`));
      }
      if (NOT_FOUND.test(stdout)) return resolve(undefined);
      const problem = error.killed
        ? `didn't respond within ${HELPER_TIMEOUT / 1000} seconds`
        : `failed (${error.code ?? error.signal ?? 'no exit code'})`;
      return reject(helperError(`the credential helper ${program} ${problem}`));
    });
    child.stdin?.on('error', () => undefined); // the callback above reports it
    child.stdin?.end(server);
  });
  return output === undefined ? undefined : parseHelperOutput(program, output);
}

function parseHelperOutput(program: string, output: string): Credential | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    throw helperError(`the credential helper ${program} returned output that is not valid JSON`);
  }
  const { Username: username, Secret: secret } = Object(parsed) as { Username?: unknown; Secret?: unknown };
  if (typeof username !== 'string' || !isText(secret)) return undefined;
  return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}

function helperError(problem: string): MirrorError {
  const remedy = 'correct the helper, or remove it from Docker\'s configuration and run docker login';
  return new MirrorError('invalid-configuration', `${problem}, so it gave no credentials; ${remedy}`);
}
