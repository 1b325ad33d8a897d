// Runs programs of other languages, and synthesizes apps with the CDK's command.
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const EXAMPLES = path.join(ROOT, 'examples', 'languages');

const QUIET = { JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1', JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1' };

/** Runs a program. @returns what it printed. @throws Error with what it printed, when it fails */
export async function run(program, args, { cwd = ROOT, env = {} } = {}) {
  const options = { cwd, env: { ...process.env, ...QUIET, ...env }, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(program, args, options).catch(({ message, stdout: out, stderr }) => {
    throw new Error(`${message.split('\n')[0]}\n${`${out}${stderr}`.slice(-6000)}`);
  });
  return stdout;
}

/** @throws Error when one of the programs of a language does not run */
export async function requirePrograms(language, commands, remedy) {
  for (const [program, ...args] of commands) {
    await run(program, args).catch(() => {
      throw new Error(`"${[program, ...args].join(' ')}" does not run; install ${remedy}, or name the other parts as arguments, without ${language}`);
    });
  }
}

/** Copies the example of a language to the workspace. @returns its folder */
export function copyExample({ folder }, language) {
  const copy = path.join(folder, language);
  cpSync(path.join(EXAMPLES, language), copy, { recursive: true });
  return copy;
}

/** Synthesizes an app with the command in its cdk.json. @returns the folder of its templates */
export async function synthesize(folder, env = {}) {
  const output = path.join(folder, 'cdk.out');
  // The only metadata that names the language of an app is AWS::CDK::Metadata, which version reporting adds.
  const args = [path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), 'synth', '--all', '--quiet', '--no-version-reporting', '--no-notices', '--output', output];
  await run(process.execPath, args, { cwd: folder, env: { CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: '1', ...env } });
  return output;
}
