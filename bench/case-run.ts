import { warmUpCase } from './cases';
import { copyRun, CopyRunContext, Manner, mannersOf } from './copy-run';
import type { CaseResult, RunResult, ToolResult } from './results';
import { median, spread } from './statistics';
import type { Tool } from './tools';

/** A tool on its way through the runs of one case. */
interface Entry {
  readonly tool: Tool;
  readonly runs: RunResult[];
  manner: Manner;
  problem?: string;
}

/** Measures all tools at one case over one link: a warm-up each, then in turns, so that a noisy minute hits all alike. */
export async function runCase(context: CopyRunContext, tools: readonly Tool[], runs: number, say: (line: string) => void): Promise<CaseResult> {
  const { bench, link } = context;
  const entries = tools.map((tool): Entry => ({ tool, runs: [], manner: mannersOf(tool, bench)[0], problem: tool.version === undefined ? 'not installed' : undefined }));
  for (const entry of entries) await attempt(entry, () => warmUp(context, entry));
  for (let run = 0; run < runs; run++) {
    // Another one begins each time.
    for (const entry of [...entries.slice(run % entries.length), ...entries.slice(0, run % entries.length)]) {
      await attempt(entry, async () => {
        const result = await copyRun(context, entry.tool, entry.manner);
        entry.runs.push(result);
        say(`${bench.name}, ${link}, run ${run + 1}: ${entry.tool.name} ${result.wallSeconds.toFixed(2)} s`);
      });
    }
  }
  const bytes = bench.images.flatMap(({ image }) => image.blobs).reduce((sum, { size }) => sum + size, 0);
  return { case: bench.name, title: bench.title, link, bytes, tools: entries.map(resultOf) };
}

/** Of so many images the fastest manner is found out: all would take longer than what is measured. */
const IMAGES_TO_CHOOSE_BY = 8;

/** Loads the program from disk; where there are several manners, finds the fastest. */
async function warmUp(context: CopyRunContext, entry: Entry): Promise<void> {
  await copyRun({ ...context, bench: warmUpCase() }, entry.tool, { processes: 1 });
  const manners = mannersOf(entry.tool, context.bench);
  if (manners.length === 1) return;
  const few = { ...context, bench: { ...context.bench, images: context.bench.images.slice(0, IMAGES_TO_CHOOSE_BY) } };
  let fastest = Infinity;
  for (const manner of manners) {
    const { wallSeconds } = await copyRun(few, entry.tool, manner);
    if (wallSeconds < fastest) [entry.manner, fastest] = [manner, wallSeconds];
  }
}

/** A tool that fails once is out of the case, and the table says why. */
async function attempt(entry: Entry, task: () => Promise<void>): Promise<void> {
  if (entry.problem !== undefined) return;
  try {
    await task();
  } catch (error) {
    entry.problem = `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function resultOf({ tool: { name, title }, runs, manner, problem }: Entry): ToolResult {
  if (problem !== undefined || runs.length === 0) return { name, title, problem: problem ?? 'not measured', runs };
  const wall = spread(runs.map(({ wallSeconds }) => wallSeconds));
  const typical = [...runs].sort((a, b) => Math.abs(a.wallSeconds - wall.median) - Math.abs(b.wallSeconds - wall.median))[0];
  return {
    name,
    title,
    ...manner.words ? { note: manner.words } : {},
    runs,
    wall,
    processor: spread(runs.map(({ processorSeconds }) => processorSeconds)),
    memory: spread(runs.map(({ peakMegabytes }) => peakMegabytes)),
    source: typical.source,
    target: typical.target,
    ...typical.bytesToTarget === undefined ? {} : { bytesToTarget: median(runs.map(({ bytesToTarget }) => bytesToTarget ?? 0)) },
  };
}
