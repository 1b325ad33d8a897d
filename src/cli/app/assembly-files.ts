import { readFileSync, realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { parseJson } from '../../image/parse-json';
import { quote } from '../../image/sanitize';
import { isUsageError, UsageError } from '../usage-error';

/** An artifact in the manifest of a synthesized app. */
export interface Artifact {
  /** The folder of the manifest. */
  readonly folder: string;
  readonly name: string;
  /** The name in `cdk list`, for example `Prod/Platform`; undefined when it is not set. */
  readonly displayName?: string;
  readonly type: unknown;
  readonly environment: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The type of an artifact that is a folder with its own manifest, for example of a `Stage`. */
const NESTED_ASSEMBLY = 'cdk:cloud-assembly';

/** More than any app has. CloudFormation accepts templates of 1 MB. */
const MAX_FILE_BYTES = 16 * 2 ** 20;
const MAX_BYTES = 256 * 2 ** 20;
const MAX_FILES = 2_000;
const MAX_DEPTH = 10;

/**
 * The files of a synthesized app. Its author can be another person, so nothing outside of its folder is read.
 *
 * Every method throws a `UsageError` for a file that is outside, missing, too large, or not valid.
 */
export class AssemblyFiles {
  private readonly root: string;
  private files = 0;
  private bytes = 0;

  constructor(private readonly folder: string) {
    try {
      this.root = realpathSync(folder);
      statSync(path.join(folder, 'manifest.json'));
    } catch {
      throw new UsageError(`${quote(folder)} is not a synthesized app: it has no manifest.json; run "cdk synth" first`);
    }
  }

  /** The artifacts of the app and of the apps in it. */
  artifacts(folder: string = this.root, parents: readonly string[] = []): Artifact[] {
    const { artifacts } = this.readObject(folder, 'manifest.json');
    return Object.entries(Object(artifacts) as object).flatMap(([name, value]) => {
      const { type, environment, properties, displayName: anyName } = Object(value) as Record<string, unknown>;
      const displayName = typeof anyName === 'string' ? anyName : undefined;
      const artifact = { folder, name, displayName, type, environment, properties: Object(properties) as Record<string, unknown> };
      return type === NESTED_ASSEMBLY ? this.nestedArtifacts(artifact, [...parents, folder]) : [artifact];
    });
  }

  /** Reads a JSON file with an object. */
  readObject(folder: string, name: unknown): Record<string, unknown> {
    const file = this.locateFile(folder, name);
    this.countFile(statSync(file).size);
    const value = parseJson(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.problem(`${describe(name)} is not a JSON object`);
  }

  /** The path of a file that a manifest names. It is a regular file of a limited size. */
  locateFile(folder: string, name: unknown): string {
    const file = this.locate(folder, name);
    const status = statSync(file);
    if (!status.isFile()) throw this.problem(`${describe(name)} is not a file`);
    if (status.size > MAX_FILE_BYTES) throw this.problem(`the file ${describe(name)} has more than ${MAX_FILE_BYTES} bytes`);
    return file;
  }

  /** The path of a file or a folder that a manifest names. Symbolic links are followed before the check. */
  private locate(folder: string, name: unknown): string {
    if (typeof name !== 'string' || name === '') throw this.problem('a manifest has no path where one is required');
    const outside = () => this.problem(`the path ${describe(name)} leads out of its folder`);
    if (path.isAbsolute(name) || !this.contains(path.resolve(folder, name))) throw outside();
    let real: string;
    try {
      real = realpathSync(path.resolve(folder, name));
    } catch {
      throw this.problem(`the file ${describe(name)} does not exist`);
    }
    if (!this.contains(real)) throw outside();
    return real;
  }

  private nestedArtifacts({ folder, properties: { directoryName } }: Artifact, parents: readonly string[]): Artifact[] {
    const nested = this.locate(folder, directoryName);
    if (parents.includes(nested)) throw this.problem(`${describe(directoryName)} contains itself`);
    if (parents.length >= MAX_DEPTH) throw this.problem(`${describe(directoryName)} is nested more than ${MAX_DEPTH} levels deep`);
    return this.artifacts(nested, parents);
  }

  private countFile(size: number): void {
    this.files++;
    this.bytes += size;
    if (this.files > MAX_FILES) throw this.problem(`it has more than ${MAX_FILES} manifests and templates`);
    if (this.bytes > MAX_BYTES) throw this.problem(`its manifests and templates have more than ${MAX_BYTES} bytes`);
  }

  private contains(file: string): boolean {
    return file === this.root || file.startsWith(this.root.endsWith(path.sep) ? this.root : `${this.root}${path.sep}`);
  }

  private problem(problem: string): UsageError {
    return invalidApp(this.folder, problem);
  }
}

/**
 * Runs a function that reads an app.
 *
 * @throws UsageError in place of any other error: a manifest or a template can have values of any type
 */
export function withAppErrors<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isUsageError(error)) throw error;
    const isTooDeep = error instanceof RangeError;
    const problem = isTooDeep ? 'a template refers to itself, or nests values too deeply' : 'a manifest or a template has a value of a wrong type';
    throw invalidApp(folder, problem);
  }
}

function invalidApp(folder: string, problem: string): UsageError {
  return new UsageError(`the app in ${quote(folder)} cannot be read: ${problem}; run "cdk synth" and pass its output folder`);
}

function describe(name: unknown): string {
  return typeof name === 'string' ? quote(name) : 'a file';
}
