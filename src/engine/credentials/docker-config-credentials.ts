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
/** Milliseconds. */
const HELPER_TIMEOUT = 30_000;

/**
 * Credentials that `docker login` stored: in `~/.docker/config.json`, or in a credential helper that this file names.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export class DockerConfigCredentials implements CredentialSource {
  private config: Promise<DockerConfig> | undefined;

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    // A login to Amazon ECR lasts 12 hours. A refused login has expired, so the AWS credential chain is used instead.
    if (refused && (ecrHost(registry) || registry === PUBLIC_GALLERY)) return undefined;
    this.config ??= readConfig(this.environment);
    const config = await this.config;
    const keys = configKeys(registry);
    const helper = keys.map((key) => config.credHelpers?.[key]).find(Boolean) ?? config.credsStore;
    const storedAuth = keys.map((key) => config.auths?.[key]).find((auth) => auth !== undefined);
    const helperCredential = typeof helper === 'string' && helper !== '' ? await readFromHelper(helper, keys[0], this.environment) : undefined;
    return helperCredential ?? parseAuth(storedAuth);
  }
}

/** The keys under which Docker can store the credentials of a registry. */
function configKeys(registry: string): string[] {
  if (registry === DOCKER_HUB) return [DOCKER_HUB_KEY, 'index.docker.io', 'docker.io', 'registry-1.docker.io'];
  return [registry, `https://${registry}`, `https://${registry}/`, `https://${registry}/v1/`, `https://${registry}/v2/`];
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
    return Object(JSON.parse(text)) as DockerConfig;
  } catch {
    throw new MirrorError('invalid-configuration', `${file} is not valid JSON; correct it, or set DOCKER_CONFIG to another folder`);
  }
}

function parseAuth(entry: unknown): Credential | undefined {
  const { identitytoken, auth, ...plain } = Object(entry) as Record<string, unknown>;
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  const [username, password] = typeof plain.username === 'string' && plain.username !== ''
    ? [plain.username, plain.password]
    : Buffer.from(typeof auth === 'string' ? auth : '', 'base64').toString('utf8').split(/:(.*)/s);
  return username && typeof password === 'string' && password !== '' ? { username, password } : undefined;
}

/** Runs `docker-credential-NAME get`. A helper without credentials for the registry exits with an error, which means anonymous access. */
async function readFromHelper(name: string, server: string, environment: NodeJS.ProcessEnv): Promise<Credential | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    const problem = `Docker's configuration names the credential helper ${sanitizeForLog(JSON.stringify(name))}, which is not a valid name`;
    throw new MirrorError('invalid-configuration', `${problem}; use letters, digits, ".", "_" and "-"`);
  }
  const output = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(`docker-credential-${name}`, ['get'], { env: environment, timeout: HELPER_TIMEOUT }, (error, stdout) => {
      if (error && (error as NodeJS.ErrnoException).code === 'ENOENT') {
        const problem = `Docker's configuration names the credential helper docker-credential-${name}, which is not on the PATH`;
        reject(new MirrorError('invalid-configuration', problem));
      } else {
        resolve(error ? undefined : stdout);
      }
    });
    child.stdin?.on('error', () => undefined); // the callback above reports it
    child.stdin?.end(server);
  });
  return output === undefined ? undefined : parseHelperOutput(name, output);
}

function parseHelperOutput(name: string, output: string): Credential | undefined {
  try {
    const { Username: username, Secret: secret } = Object(JSON.parse(output)) as { Username?: unknown; Secret?: unknown };
    if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
    return username === '<token>' ? { identityToken: secret } : { username, password: secret };
  } catch {
    throw new MirrorError('invalid-configuration', `docker-credential-${name} returned output that is not valid JSON`);
  }
}
