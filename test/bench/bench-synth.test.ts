import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { verdictsOn } from '../../bench/synth/fleet-targets';
import { LibraryResult, OURS, PEER, SynthReport } from '../../bench/synth/report';
import { tableOf } from '../../bench/synth/table';

const ROOT = join(__dirname, '..', '..');

async function runBench(...options: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const command = [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), '--tsconfig', 'tsconfig.dev.json', 'bench/synth/main.ts', ...options];
  const child = spawn(process.execPath, command, { cwd: ROOT });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => { stdout += chunk; });
  child.stderr.on('data', (chunk) => { stderr += chunk; });
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { exitCode, stdout, stderr };
}

test('npm run bench:synth measures the library as it is published, in processes of their own', async () => {
  const { exitCode, stdout, stderr } = await runBench('--quick', '--no-peer', '--json');
  expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
  const { results }: SynthReport = JSON.parse(stdout);
  expect(results.map(({ images, libraries }) => [images, libraries.map(({ name, problem }) => [name, problem])])).toEqual([
    [1, [[OURS, undefined]]],
    [20, [[OURS, undefined]]],
  ]);
  const [one, twenty] = results.map(({ libraries: [library] }) => library);
  // Nineteen images, and in the second stack the custom resource and the CDK's own.
  expect(twenty.resources! - one.resources!).toBe(2 * 19 + 2);
  for (const { limit, most, value } of twenty.measures!) expect([limit, value <= most]).toEqual([limit, true]);
});

const spreadOf = (median: number, noise = 0) => ({ median, min: median - noise, max: median + noise });
const LIMITS = [
  { limit: 'resources in a stack', most: 500, value: 502 },
  { limit: 'characters of a role\'s inline policies', most: 10_240, value: 1_400 },
];

function report(library: Partial<LibraryResult>, peer: Partial<LibraryResult>): SynthReport {
  const measured = (milliseconds: number) => ({
    runs: [],
    synthMilliseconds: spreadOf(milliseconds),
    threadMilliseconds: spreadOf(milliseconds),
    peakMegabytes: spreadOf(150),
    resources: 25,
    templateBytes: 40_000,
    measures: LIMITS.slice(1),
  });
  return {
    machine: 'a machine',
    runs: 5,
    quick: false,
    versions: {},
    empty: { totalMilliseconds: spreadOf(300), threadMilliseconds: spreadOf(300) },
    results: [
      { images: 1, stacks: 1, libraries: [{ name: OURS, ...measured(300) }, { name: PEER, ...measured(200) }] },
      {
        images: 101,
        stacks: 1,
        libraries: [{ name: OURS, ...measured(600), resources: 225, ...library }, { name: PEER, ...measured(500), ...peer }],
      },
    ],
  };
}

test('a peer that cannot be had is a gap in the table that says why', () => {
  const missing = { name: PEER, problem: 'not installed: npm install ended with exit code 1', synthMilliseconds: undefined };
  expect(tableOf(report({}, missing))).toContain(`GAP: 101 images with ${PEER}: not installed: npm install ended with exit code 1`);
});

test('each further image is what counts, for the first pays for the mirror itself', () => {
  expect(verdictsOn(report({}, {}))).toContainEqual({ promise: '101 images: at most 5 ms of the thread\'s time for each further image', actual: '3.00 ms', met: true });
});

test('a difference that is less than the runs of one fleet differ is no time of a further image', () => {
  const noisy = report({ threadMilliseconds: spreadOf(310, 20) }, {});
  expect(verdictsOn(noisy)).toContainEqual({
    promise: '101 images: at most 5 ms of the thread\'s time for each further image', actual: 'not told from noise; measure again when the machine is quiet', met: false,
  });
  const row = tableOf(noisy).split('\n').find((line) => line.includes(`101 in 1 stack  ${OURS}`))!;
  // The time for each, and then the memory.
  expect(row).toMatch(/ 3\.07 +150 /);
});

test('the table says which time is judged', () => {
  expect(tableOf(report({}, {}))).toContain('Judged is the thread\'s time: of fleets of 240 images and more with the mirror itself included, and from 100 images on that of each further image.');
});

test('a slow synth, more resources and a limit that is exceeded are missed targets', () => {
  const missed = verdictsOn(report({ threadMilliseconds: spreadOf(900), resources: 326, measures: LIMITS }, {})).filter(({ met }) => !met);
  expect(missed.map(({ promise, actual }) => `${promise}: ${actual}`)).toEqual([
    '101 images: at most 5 ms of the thread\'s time for each further image: 6.00 ms',
    '101 images: 2 resources for each: 3.01',
    '101 images: every limit is kept: 502 of 500 resources in a stack',
  ]);
});

test('a library that could not be measured is a missed target', () => {
  const failed = { problem: 'failed: exit code 1: Error: no', synthMilliseconds: undefined };
  expect(verdictsOn(report(failed, {}))).toEqual([{ promise: 'synthesizes 101 images', actual: 'failed: exit code 1: Error: no', met: false }]);
});
