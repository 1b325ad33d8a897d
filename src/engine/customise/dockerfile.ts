import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

/** A folder with nothing but a Dockerfile in it: all that a build can see. */
export interface BuildFolder {
  readonly folder: string;
  readonly dockerfile: string;
}

/**
 * Does something with a Dockerfile, which is gone afterwards.
 *
 * @param base the image to build from, by its digest in the mirror
 * @param lines the instructions that follow
 */
export async function withDockerfile<T>(base: string, lines: readonly string[], use: (build: BuildFolder) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'custom-image-'));
  try {
    const dockerfile = path.join(folder, 'Dockerfile');
    // FROM is the first line, so no line after it can be a parser directive.
    await writeFile(dockerfile, [`FROM ${base}`, ...lines, ''].join('\n'), { mode: 0o600 });
    return await use({ folder, dockerfile });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
