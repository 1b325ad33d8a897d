import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { getTrustedRoot } from '@sigstore/tuf';
import { sanitizeForLog } from '../../image/sanitize';
import { EXIT_CODES } from '../exit-codes';

/** Options of `trust-root`. */
export interface TrustRootOptions {
  /** The file with a `root.json` of GitHub's own instance of Sigstore. */
  readonly githubRoot?: string;
}

/** A repository of The Update Framework with a trust root. */
export interface TrustRootRepository {
  readonly name: string;
  readonly mirrorURL: string;
  /** The file with the first root of trust. Absent for the root that the library has. */
  readonly rootPath?: string;
}

const SIGSTORE: TrustRootRepository = { name: 'the public Sigstore instance', mirrorURL: 'https://tuf-repo-cdn.sigstore.dev' };
const GITHUB: TrustRootRepository = { name: 'GitHub', mirrorURL: 'https://tuf-repo.github.com' };
/** Milliseconds. */
const TIMEOUT = 30_000;

/**
 * Prints the current trust roots as a JSON list: that of the public Sigstore instance, and optionally that of GitHub.
 *
 * The client verifies the signatures of each root, from the root that this package has to the newest.
 *
 * @returns the exit code
 */
export async function trustRootCommand({ githubRoot }: TrustRootOptions, sigstore: TrustRootRepository = SIGSTORE): Promise<number> {
  const repositories = [sigstore, ...githubRoot === undefined ? [] : [{ ...GITHUB, rootPath: githubRoot }]];
  const roots: unknown[] = [];
  for (const repository of repositories) {
    try {
      roots.push(TrustedRoot.toJSON(await readTrustRoot(repository)));
    } catch (error) {
      console.error(`cannot read the trust root of ${repository.name}: ${describe(error)}; allow HTTPS to ${new URL(repository.mirrorURL).host}`);
      return EXIT_CODES.FAILURE;
    }
  }
  console.log(JSON.stringify(roots, undefined, 2));
  return EXIT_CODES.SUCCESS;
}

/** Without a cache: an older state of the repository in it could be an attacker's. */
async function readTrustRoot({ mirrorURL, rootPath }: TrustRootRepository): Promise<TrustedRoot> {
  const cachePath = mkdtempSync(path.join(tmpdir(), 'cdk-ecr-mirror-trust-root-'));
  try {
    return await getTrustedRoot({ mirrorURL, rootPath, cachePath, timeout: TIMEOUT });
  } finally {
    rmSync(cachePath, { recursive: true, force: true });
  }
}

function describe(error: unknown): string {
  const { cause, message } = Object(error) as { readonly cause?: unknown; readonly message?: unknown };
  const own = typeof message === 'string' ? sanitizeForLog(message) : 'unknown error';
  return cause instanceof Error && cause.message !== message ? `${own} (${sanitizeForLog(cause.message)})` : own;
}
