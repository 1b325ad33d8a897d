import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { CLI_CONTEXT } from './cli-context';
import type { AppTimes, FleetCase } from './report';
import { FleetTemplate, Measure, measuresOf, worstOf } from './template-limits';

/** An app that is measured: a file for Node, and what it needs besides. */
export interface MeasuredApp {
  readonly file: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What is in the templates of an app. */
export interface TemplateSizes {
  readonly resources: number;
  readonly templateBytes: number;
  readonly measures: readonly Measure[];
}

/** Runs an app in a process of its own, into an empty folder. @throws Error with the error that it wrote, when it fails */
export async function runApp(app: MeasuredApp, fleet: FleetCase, folder: string): Promise<AppTimes> {
  await rm(folder, { recursive: true, force: true });
  const env = { ...process.env, ...app.environment, CDK_CONTEXT_JSON: JSON.stringify(CLI_CONTEXT) };
  const child = spawn(process.execPath, [app.file, JSON.stringify(fleet), folder], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => { stdout += chunk; });
  child.stderr.on('data', (chunk) => { stderr += chunk; });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`exit code ${code}: ${/^.*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim().slice(-500)}`);
  return JSON.parse(stdout.trimEnd().split('\n').pop()!);
}

/** Reads what an app wrote. */
export async function readTemplates(folder: string): Promise<TemplateSizes> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.template.json'));
  const templates = await Promise.all(files.map(async (file) => {
    const text = await readFile(path.join(folder, file), 'utf8');
    return { bytes: Buffer.byteLength(text), template: JSON.parse(text) as FleetTemplate };
  }));
  return {
    resources: sum(templates.map(({ template }) => Object.keys(template.Resources ?? {}).length)),
    templateBytes: sum(templates.map(({ bytes }) => bytes)),
    measures: worstOf(templates.map(({ template, bytes }) => measuresOf(template, bytes))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
