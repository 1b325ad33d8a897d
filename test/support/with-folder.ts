import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder that each test of a file or of a `describe` finds empty, under the same path. */
export function withFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-ecr-mirror-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  beforeEach(() => {
    remove();
    mkdirSync(folder);
  });
  afterAll(remove);
  return folder;
}
