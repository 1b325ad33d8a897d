import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import type { Credential, CredentialSource } from './credential-source';
import { DOCKER_HUB } from '../../image/image-reference';
import { ecrHost, PUBLIC_GALLERY } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';

/** The parts of Docker's configuration file that tell credentials. */
interface DockerConfig {
  readonly auths?: Record<string, unknown>;
  readonly credHelpers?: Record<string, unknown>;
  readonly credsStore?: unknown;
}

/** Under this key Docker keeps the credentials of Docker Hub. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';
const HELPER_TIMEOUT = 30_000;

/**
 * Credentials as `docker login` left them: in `~/.docker/config.json`, or with the helpers that it names.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export class DockerConfigCredentials implements CredentialSource {
  private config: Promise<DockerConfig> | undefined;

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    // A login to Amazon ECR lasts twelve hours; a refused one is expired, and the AWS credential chain knows better.
    if (refused && (ecrHost(registry) || registry === PUBLIC_GALLERY)) return undefined;
    this.config ??= readConfig(this.environment);
    const config = await this.config;
    const keys = keysFor(registry);
    const helper = keys.map((key) => config.credHelpers?.[key]).find(Boolean) ?? config.credsStore;
    const stored = keys.map((key) => config.auths?.[key]).find((entry) => entry !== undefined);
    const helped = typeof helper === 'string' && helper !== '' ? await askHelper(helper, keys[0], this.environment) : undefined;
    return helped ?? readEntry(stored);
  }
}

function keysFor(registry: string): string[] {
  if (registry === DOCKER_HUB) return [DOCKER_HUB_KEY, 'index.docker.io', 'docker.io', 'registry-1.docker.io'];
  return [registry, `https://${registry}`, `https://${registry}/`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

async function readConfig(environment: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const file = path.join(environment.DOCKER_CONFIG || path.join(homedir(), '.docker'), 'config.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return {}; // most machines that only read public images have none
  }
  try {
    return Object(JSON.parse(text)) as DockerConfig;
  } catch {
    throw new MirrorError('invalid-configuration', `${file} is no JSON; mend it, or set DOCKER_CONFIG to another folder`);
  }
}

function readEntry(entry: unknown): Credential | undefined {
  const { identitytoken, auth, ...plain } = Object(entry) as Record<string, unknown>;
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  const [username, password] = typeof plain.username === 'string' && plain.username !== ''
    ? [plain.username, plain.password]
    : Buffer.from(typeof auth === 'string' ? auth : '', 'base64').toString('utf8').split(/:(.*)/s);
  return username && typeof password === 'string' && password !== '' ? { username, password } : undefined;
}

/** Runs `docker-credential-NAME get`; one that has nothing for the registry answers with an error, which means none. */
async function askHelper(name: string, server: string, environment: NodeJS.ProcessEnv): Promise<Credential | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw new MirrorError('invalid-configuration', `${sanitizeForLog(JSON.stringify(name))} in Docker's configuration is no name of a credential helper`);
  const output = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(`docker-credential-${name}`, ['get'], { env: environment, timeout: HELPER_TIMEOUT }, (error, stdout) => {
      if (error && (error as NodeJS.ErrnoException).code === 'ENOENT') {
        reject(new MirrorError('invalid-configuration', `Docker's configuration names the credential helper docker-credential-${name}, which is not on the PATH`));
      } else {
        resolve(error ? undefined : stdout);
      }
    });
    child.stdin?.on('error', () => undefined); // told by the callback
    child.stdin?.end(server);
  });
  if (output === undefined) return undefined;
  try {
    const { Username: username, Secret: secret } = Object(JSON.parse(output)) as { Username?: unknown; Secret?: unknown };
    if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
    return username === '<token>' ? { identityToken: secret } : { username, password: secret };
  } catch {
    throw new MirrorError('invalid-configuration', `docker-credential-${name} answered something that is no JSON`);
  }
}
