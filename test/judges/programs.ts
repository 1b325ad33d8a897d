/** The judges that are programs: each installed by test/tools/install.mjs, and required in CI. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { isMissing } from '../interop/tools';

const TOOLS = path.join(__dirname, '..', '..', '.tools');
const PYTHON = path.join(TOOLS, 'python-judges', 'venv', 'bin');
const RULER = path.join(TOOLS, 'event-ruler');

/** Whether cfn-lint and botocore are installed. If not, this says so, and fails in CI. */
export function arePythonJudgesInstalled(): boolean {
  return existsSync(path.join(PYTHON, '..', '..', 'installed.txt')) || isMissing('.tools/python-judges is not installed '
    + '(install Python 3.10 or newer with venv, then run "node test/tools/install.mjs python-judges")');
}

/** Whether AWS's event-ruler is installed. If not, this says so, and fails in CI. */
export function isEventRulerInstalled(): boolean {
  return existsSync(path.join(RULER, 'installed.txt')) || isMissing('.tools/event-ruler is not installed '
    + '(install a JDK and Maven, then run "node test/tools/install.mjs event-ruler")');
}

/** A finding of cfn-lint. */
export interface LintFinding {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Filename: string;
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** What cfn-lint finds in templates: errors and warnings. */
export async function lint(files: readonly string[]): Promise<LintFinding[]> {
  const { stdout, stderr, code } = await run(path.join(PYTHON, 'cfn-lint'), ['--format', 'json', '--', ...files]);
  // Errors are 2, warnings are 4, and both are 6. Other codes are faults of the call.
  if (code === null || ![0, 2, 4, 6].includes(code)) throw new Error(`cfn-lint exits with ${code}: ${stderr}${stdout.slice(0, 2000)}`);
  return JSON.parse(stdout);
}

/** A request to an AWS service, as the SDKs name its parts. */
export interface AwsCall {
  /** botocore's name of the service, for example `codebuild`. */
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
}

/** What botocore finds in each request: an unknown operation or member, a missing or wrong value. */
export async function validateCalls(calls: readonly AwsCall[]): Promise<string[][]> {
  const program = path.join(__dirname, '..', 'tools', 'python-judges', 'judge_payloads.py');
  return JSON.parse(await outputFor(path.join(PYTHON, 'python'), [program], calls));
}

/** Which events a pattern matches, or why it is not a pattern. */
export type PatternVerdict = { readonly matches: readonly boolean[] } | { readonly error: string };

/** What AWS's event-ruler says of patterns and events. */
export async function matchWithEventRuler(patterns: readonly unknown[], events: readonly object[]): Promise<PatternVerdict[]> {
  const classPath = [path.join(RULER, 'classes'), path.join(RULER, 'lib', '*')].join(path.delimiter);
  return JSON.parse(await outputFor('java', ['-cp', classPath, 'JudgePatterns'], { patterns, events }));
}

async function outputFor(program: string, words: readonly string[], input: unknown): Promise<string> {
  const { stdout, stderr, code } = await run(program, words, JSON.stringify(input));
  if (code !== 0) throw new Error(`${program} exits with ${code}: ${stderr}`);
  return stdout;
}

async function run(program: string, words: readonly string[], input = ''): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const child = spawn(program, [...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { stdout, stderr, code };
}
