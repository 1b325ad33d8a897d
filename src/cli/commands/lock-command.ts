import { DEFAULT_LOCK_FILE, LockEntry, LockedImages, MAX_LOCKED_IMAGES } from '../../image/admission/lock-file';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { quote } from '../../image/sanitize';
import { AppCatalogs } from '../app/app-catalogs';
import { readSynthesizedBuilds } from '../app/cloud-assembly';
import { appEnvironment, planRun } from '../app/planned-runs';
import { catalogNotes, lockJson, LockReport, lockTable } from '../lock/lock-report';
import { isLocked, LockResult } from '../lock/lock-result';
import { LockMode, LockRun } from '../lock/lock-tasks';
import { readLock, writeLock } from '../lock/stored-lock';
import { updateSummary } from '../lock/update-summary';
import { plannedWantedImages, readWantedImages, WantedImages } from '../lock/wanted-images';
import { CommandOptions, withMirrorTools } from '../mirror-tools';
import { UsageError } from '../usage-error';

/** Options of `lock`. */
export interface LockCommandOptions extends CommandOptions {
  /** The path of the lock file. */
  readonly file: string;
  /** A file with images, one in each line; `-` for standard input. */
  readonly fromFile?: string;
  /** The folder of a synthesized app. */
  readonly app?: string;
  /** With `app`: the stacks; all by default. */
  readonly stack?: readonly string[];
  readonly check?: boolean;
  readonly offline?: boolean;
  readonly update?: boolean;
}

/** The images of a command, and what is known about them. */
interface Scope {
  readonly wanted: WantedImages;
  /** Whether an image that is not wanted does not belong in the file. */
  readonly isComplete: boolean;
  readonly unreadCatalogs: readonly string[];
}

/**
 * Writes, checks, or updates a lock file. Returns the exit code.
 *
 * @throws UsageError when an option, an image, the app, or the lock file is not valid
 */
export async function lockCommand(args: readonly string[], options: LockCommandOptions): Promise<number> {
  const mode = modeOf(args, options);
  const stored = readLock(options.file);
  if (stored === undefined && needsFile(args, options)) throw missingFile(options);
  const locked = stored ?? new Map<string, LockEntry>();
  const { unreadCatalogs, ...scope } = readScope(args, options, locked);
  const results = await withMirrorTools(options, false, (tools) => new LockRun({ mode, locked, ...scope }, tools).run());
  const next = changedImages(locked, results);
  const isChanged = results.some(({ outcome }) => outcome === 'added' || outcome === 'updated' || outcome === 'removed');
  const written = (isChanged || (stored === undefined && next.size > 0)) && !options.signal.aborted;
  if (next.size > MAX_LOCKED_IMAGES) throw new UsageError(`the lock file would have ${next.size} images, and ${MAX_LOCKED_IMAGES} is the limit`);
  if (written) writeLock(options.file, next);
  const report = { file: options.file, written, results, unreadCatalogs };
  return print(mode === 'UPDATE' ? { ...report, summary: updateSummary(results) } : report, options);
}

function modeOf(args: readonly string[], { app, check, fromFile, offline, stack, update }: LockCommandOptions): LockMode {
  if (check && update) throw new UsageError('--check changes nothing, so it cannot be combined with --update; remove one of them');
  if (offline && !check) throw new UsageError('--offline needs --check: add --check, or remove --offline');
  if (stack !== undefined && app === undefined) throw new UsageError('--stack needs --app: add "--app cdk.out", or remove --stack');
  const names = args.length > 0 || fromFile !== undefined;
  if (app !== undefined && names) throw new UsageError('--app locks the images of the app; remove the other images, or remove --app');
  if (app === undefined && !names && !check && !update) {
    throw new UsageError('there are no images to lock; name an image, or use --from-file, --app, --check, or --update');
  }
  if (check) return offline ? 'CHECK_OFFLINE' : 'CHECK';
  return update ? 'UPDATE' : 'ADD';
}

function needsFile(args: readonly string[], { app, check, fromFile }: LockCommandOptions): boolean {
  return check === true || (args.length === 0 && fromFile === undefined && app === undefined);
}

function missingFile({ app, file }: LockCommandOptions): UsageError {
  const option = file === DEFAULT_LOCK_FILE ? '' : ` --file ${file}`;
  const command = `cdk-ecr-mirror lock${option} ${app === undefined ? 'IMAGE...' : `--app ${app}`}`;
  return new UsageError(`the lock file ${quote(file)} does not exist; write it with "${command}", and commit it`);
}

function readScope(args: readonly string[], { app, fromFile, stack }: LockCommandOptions, locked: LockedImages): Scope {
  if (app !== undefined) return readApp(app, stack);
  const isNamed = args.length > 0 || fromFile !== undefined;
  const wanted = isNamed ? readWantedImages(args, fromFile) : readWantedImages([...locked.keys()], undefined);
  return { wanted, isComplete: false, unreadCatalogs: [] };
}

/** Only the variables of a run say which image it mirrors, so any registry does. */
const ANY_REGISTRY = 'localhost';

/** The images of an app: those with a lock, or all images of an app without a lock. */
function readApp(app: string, stacks: readonly string[] | undefined): Scope {
  const builds = readSynthesizedBuilds(app, appEnvironment(), stacks);
  const withLock = builds.filter(({ environment }) => environment[RUN_ENVIRONMENT.LOCK] !== undefined);
  const runs = withLock.length > 0 ? withLock : builds;
  const catalogs = new AppCatalogs(app, runs, undefined);
  const wanted = plannedWantedImages(runs.flatMap((run) => planRun(run, ANY_REGISTRY, catalogs)));
  const { unreadCatalogs } = catalogs;
  return { wanted, unreadCatalogs, isComplete: stacks === undefined && unreadCatalogs.length === 0 };
}

/** The images of the file after the command. Images that failed stay as they are. */
function changedImages(locked: LockedImages, results: readonly LockResult[]): LockedImages {
  const next = new Map(locked);
  for (const { after, image, outcome } of results) {
    if (outcome === 'removed') next.delete(image);
    if ((outcome === 'added' || outcome === 'updated') && after !== undefined) next.set(image, after);
  }
  return next;
}

function print(report: LockReport, { json }: LockCommandOptions): number {
  const { results, summary = '' } = report;
  if (json) process.stdout.write(`${JSON.stringify(lockJson(report))}\n`);
  else process.stdout.write(summary);
  process.stderr.write(`${[lockTable(results), ...catalogNotes(report)].join('\n')}\n`);
  return results.every(isLocked) ? 0 : 1;
}
