// The Python package, and the app in Python.
import * as path from 'node:path';
import { copyExample, requirePrograms, run, synthesize } from './programs.mjs';
import { requireSameTemplates } from './templates.mjs';

/** Makes a virtual environment. @returns the folder of its programs. @throws Error when Python or its venv module is missing */
export async function virtualEnvironment(folder, language) {
  await requirePrograms(language, [['python3', '-m', 'venv', '--help'], ['python3', '-m', 'ensurepip', '--version']], 'Python 3 with venv (Debian: python3-venv)');
  await run('python3', ['-m', 'venv', folder]);
  return path.join(folder, 'bin');
}

export async function checkPython(workspace) {
  const programs = await virtualEnvironment(path.join(workspace.folder, 'python-environment'), 'python');
  const folder = copyExample(workspace, 'python');
  // Without --no-compile, pip compiles all of aws-cdk-lib.
  const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile'];
  await run(path.join(programs, 'python'), [...words, path.join(workspace.libraries, 'python'), '--requirement', 'requirements.txt'], { cwd: folder });
  const output = await synthesize(folder, { PATH: `${programs}${path.delimiter}${process.env.PATH}` });
  return requireSameTemplates(workspace, output);
}
