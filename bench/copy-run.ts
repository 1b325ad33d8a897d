import { mkdtemp, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { BenchCase } from './cases';
import type { LinkName } from './link';
import { measure } from './measure';
import type { MeasuredRegistry } from './measured-registry';
import type { RunResult } from './results';
import type { Stage } from './stage';
import type { Pair, Tool } from './tools';

/** How a tool is given the images of a case. */
export interface Manner {
  /** For people; undefined where there is only one image. */
  readonly words?: string;
  /** Processes at a time, one for each image; undefined for one process for all. */
  readonly processes?: number;
}

/** All manners that make sense; where there are several, the fastest is measured. */
export function mannersOf(tool: Tool, bench: BenchCase): Manner[] {
  if (bench.images.length === 1) return [{ processes: 1 }];
  if (tool.copyFile) return [{ words: 'one process for all' }];
  return [{ words: 'one process after the other', processes: 1 }, { words: 'xargs -P 4', processes: 4 }];
}

/** What all runs of one case have in common. */
export interface CopyRunContext {
  readonly stage: Stage;
  readonly bench: BenchCase;
  readonly link: LinkName;
  /** For homes and lists. */
  readonly folder: string;
  readonly plainHttp: boolean;
  /** What a tool must trust. */
  readonly authorityFile: string;
}

/** Lets one tool do one case, from a target as the case wants it to a target that is checked to hold everything. */
export async function copyRun(context: CopyRunContext, tool: Tool, manner: Manner): Promise<RunResult> {
  const { stage, bench, link } = context;
  const target = await stage.newTarget(bench.mounts);
  try {
    const { sourcePort, targetPort, targetLink } = await stage.route(link, target);
    const home = await mkdtemp(path.join(context.folder, 'home-'));
    const pairs = bench.images.map(({ repository, tag }) => ({
      source: `127.0.0.1:${sourcePort}/${repository}:${tag}`,
      target: `127.0.0.1:${targetPort}/${repository}:${tag}`,
    }));
    const command = await commandOf(context, tool, manner, pairs, home);
    const [since, before] = [stage.source.logEnd(), await targetLink?.report()];
    const usage = await measure(command, environmentOf(context, home), home);
    const after = await targetLink?.report();
    const [source, atTarget] = [await stage.source.traffic(since), await target.registry.traffic(0)];
    await verify(bench, target.registry);
    return { ...usage, source, target: atTarget, ...before && after ? { bytesToTarget: after.bytesToUpstream - before.bytesToUpstream } : {} };
  } finally {
    await target.stop();
  }
}

/** A time counts only when the copy is right. */
async function verify({ images }: BenchCase, target: MeasuredRegistry): Promise<void> {
  for (const { repository, tag, image } of images) {
    const missing = await target.missing(image, repository, tag);
    if (missing.length > 0) throw new Error(`the copy of ${repository} is not complete: ${missing.slice(0, 3).join('; ')}`);
  }
}

async function commandOf({ plainHttp }: CopyRunContext, tool: Tool, { processes }: Manner, pairs: readonly Pair[], home: string): Promise<string[]> {
  if (pairs.length === 1) return [...tool.program, ...tool.copy(pairs[0], plainHttp)];
  const file = path.join(home, 'images');
  if (processes === undefined) {
    await writeFile(file, pairs.map(({ source, target }) => `${source} ${target}\n`).join(''));
    return [...tool.program, ...tool.copyFile!(file, plainHttp)];
  }
  await writeFile(file, pairs.map((pair) => `${tool.copy(pair, plainHttp).join(' ')}\n`).join(''));
  return ['xargs', '-a', file, '-L', '1', '-P', String(processes), ...tool.program];
}

/** An empty home for each run: what a tool remembers of earlier copies would be no cold copy, and a build server has nothing of it. */
function environmentOf({ authorityFile }: CopyRunContext, home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    XDG_DATA_HOME: path.join(home, 'data'),
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_RUNTIME_DIR: path.join(home, 'run'),
    TMPDIR: home,
    _CONTAINERS_ROOTLESS_UID: '1000', // makes skopeo keep its cache of blobs in the home for root, too
    SSL_CERT_FILE: authorityFile,
    NODE_EXTRA_CA_CERTS: authorityFile,
  };
}
