// The Go module, and the app in Go.
import * as path from 'node:path';
import { copyExample, requirePrograms, run, synthesize } from './programs.mjs';
import { requireSameTemplates } from './templates.mjs';

const MODULE = 'github.com/cdk-ecr-mirror/cdk-ecr-mirror-go/cdkecrmirror';

export async function checkGo(workspace) {
  await requirePrograms('go', [['go', 'version']], 'Go');
  const folder = copyExample(workspace, 'go');
  const library = path.join(workspace.libraries, 'go', 'cdkecrmirror');
  const unformatted = await run('gofmt', ['-l', '.'], { cwd: folder });
  if (unformatted !== '') throw new Error(`gofmt would change ${unformatted.trim()} of examples/languages/go`);
  await run('go', ['mod', 'edit', `-replace=${MODULE}=${library}`], { cwd: folder });
  // Without symbols for debuggers, compiling takes less time.
  const output = await synthesize(folder, { GOFLAGS: '-ldflags=-s -ldflags=-w', GOTOOLCHAIN: 'local' });
  return requireSameTemplates(workspace, output);
}
