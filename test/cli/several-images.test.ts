/** The command line with several images, as a child process. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { MirrorResult, RunSummary } from '../../src/engine/result';
import { COMMAND, CommandOptions, Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { artifact, FixtureImage, multiPlatformImage, singleImage } from '../support/fixture-images';
import { momentOf } from '../support/moment';
import { withFolder } from '../support/with-folder';
import { withRegistries } from '../support/with-servers';

type Report = RunSummary & { readonly results: readonly MirrorResult[] };

const { upstream, target } = withRegistries();
const folder = withFolder();
let place: string;

beforeEach(() => {
  place = `${target.host}/mirror/`;
});

/** Pushes images of these names, and tells how they are written. */
function pushed(...names: string[]): string[] {
  return names.map((name) => {
    upstream.push(name, '1.0.0', imageOf(name));
    return `${upstream.host}/${name}:1.0.0`;
  });
}

const imageOf = (name: string): FixtureImage => singleImage({ seed: name });
const repositoryOf = (name: string) => `mirror/127.0.0.1_${upstream.port}/${name}`;
const run = (words: readonly string[], options: CommandOptions = {}) => runCommand(['copy', '--plain-http', ...words], options);
const reportOf = ({ stdout }: Ending): Report => JSON.parse(stdout);

/** A file with these lines. */
async function listed(...lines: string[]): Promise<string> {
  const file = path.join(folder, 'images.txt');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

describe('copy to a place', () => {
  test('gives each image the name that an ImageMirror would, and its tag', async () => {
    const { code, stdout } = await run([...pushed('a', 'team/b', 'c'), place]);
    expect([code, stdout]).toEqual([0, '']);
    for (const name of ['a', 'team/b', 'c']) expect(target.tagDigest(repositoryOf(name), '1.0.0')).toBe(imageOf(name).digest);
  });

  test('ends with a table and its counts on stderr', async () => {
    await run([...pushed('a'), place]);
    const { code, stderr } = await run([...pushed('a', 'b'), `${upstream.host}/missing:1.0.0`, place]);
    expect(code).toBe(1);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('3 images: 1 copied, 1 unchanged, 1 failed');
    expect(lines.slice(-6, -2).map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['OUTCOME', 'IMAGE'],
      ['unchanged', `${target.host}/${repositoryOf('a')}:1.0.0`],
      ['copied', `${target.host}/${repositoryOf('b')}:1.0.0`],
      ['failed', `${target.host}/${repositoryOf('missing')}:1.0.0`],
    ]);
  });

  test('tells of each line which image it is about', async () => {
    const { stderr } = await run([...pushed('a', 'b'), place]);
    for (const name of ['a', 'b']) expect(stderr).toMatch(new RegExp(`^${target.host}/${repositoryOf(name)}:1\\.0\\.0: put manifest`, 'm'));
  });

  test('with --json prints one object with the counts and every result in full', async () => {
    const ending = await run(['--json', ...pushed('a', 'b'), `${upstream.host}/missing:1.0.0`, place]);
    expect([ending.code, ending.stdout.trimEnd().split('\n').length]).toEqual([1, 1]);
    const { outcome, images, results } = reportOf(ending);
    expect([outcome, images]).toEqual(['failed', { 'copied': 2, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 1 }]);
    expect(results.map(({ source }) => source)).toEqual(['a', 'b', 'missing'].map((name) => `${upstream.host}/${name}:1.0.0`));
    expect(results[0]).toMatchObject({ outcome: 'copied', targetDigest: imageOf('a').digest, blobsCopied: 3, referrersCopied: 0, requests: { source: expect.any(Number) } });
    expect(results[2]).toMatchObject({ outcome: 'failed', reason: 'not-found', message: expect.any(String) });
  });

  test('with --quiet tells the table and nothing before it', async () => {
    const { stderr } = await run(['--quiet', ...pushed('a', 'b'), place]);
    expect(stderr).toMatch(/^OUTCOME [^]*\n2 images: 2 copied\n$/);
  });

  test('with --platform-if-available copies those of the platforms that each has, and fails if it has none', async () => {
    for (const [name, ...platforms] of [['a', 'linux/amd64', 'linux/arm64'], ['b', 'linux/arm64', 'linux/s390x']]) {
      upstream.push(name, '1.0.0', multiPlatformImage({ seed: name, platforms }));
    }
    const sources = ['a', 'b'].map((name) => `${upstream.host}/${name}:1.0.0`);
    const ending = await run(['--json', '--platform-if-available', 'linux/amd64', ...sources, place]);
    expect([ending.code, reportOf(ending).results]).toMatchObject([1, [
      { outcome: 'copied' }, { outcome: 'failed', reason: 'not-found', message: expect.stringContaining('has no image for linux/amd64; it has linux/arm64, linux/s390x') },
    ]]);
  });

  test('with --platform copies these platforms of each', async () => {
    for (const name of ['a', 'b']) upstream.push(name, '1.0.0', multiPlatformImage({ seed: name }));
    const sources = ['a', 'b'].map((name) => `${upstream.host}/${name}:1.0.0`);
    expect((await run(['--platform', 'linux/arm64', ...sources, place])).code).toBe(0);
    for (const name of ['a', 'b']) {
      const { manifests } = JSON.parse(target.repository(repositoryOf(name)).find('1.0.0')!.bytes.toString());
      expect(manifests).toMatchObject([{ platform: { architecture: 'arm64' } }]);
    }
  });

  test.each([[[], 1], [['--no-referrers'], 0]])('with %j copies %d referrers of each', async (options, referrersCopied) => {
    const sources = pushed('a', 'b');
    for (const name of ['a', 'b']) upstream.push(name, undefined, artifact({ subject: imageOf(name) }));
    expect(reportOf(await run(['--json', ...options, ...sources, place])).results).toMatchObject([{ referrersCopied }, { referrersCopied }]);
  });

  test('leaves an image that is none to its own line, and copies the others', async () => {
    const ending = await run(['--json', 'NOT/an image', ...pushed('a'), place]);
    expect([ending.code, reportOf(ending).results]).toMatchObject([1, [{ outcome: 'failed', reason: 'invalid-reference' }, { outcome: 'copied' }]]);
  });

  test('of one image is told in a sentence', async () => {
    const { stderr } = await run([...pushed('a'), place]);
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(`copied: ${target.host}/${repositoryOf('a')}:1.0.0@${imageOf('a').digest}`);
  });
});

test('check of several images changes nothing and counts what would be copied', async () => {
  const { code, stderr } = await runCommand(['check', '--plain-http', ...pushed('a', 'b'), place]);
  expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([0, '2 images: 2 to copy']);
  expect(target.count({ method: /PUT|POST|PATCH/ })).toBe(0);
});

describe('--from-file', () => {
  test('reads sources for a place, passing over comments', async () => {
    const [a, b] = pushed('a', 'b');
    const { results } = reportOf(await run(['--json', '--from-file', await listed('# ours', '', a, `  ${b}  `), place]));
    expect(results.map(({ target: to }) => to)).toEqual(['a', 'b'].map((name) => `${target.host}/${repositoryOf(name)}:1.0.0`));
  });

  test('reads sources with their targets', async () => {
    const [a, b] = pushed('a', 'b');
    const { results } = reportOf(await run(['--json', '--from-file', await listed(`${a} ${target.host}/x`, `${b} ${target.host}/y:2`)]));
    expect(results.map(({ target: to }) => to)).toEqual([`${target.host}/x:1.0.0`, `${target.host}/y:2`]);
  });

  test('with "-" reads standard input', async () => {
    const [a, b] = pushed('a', 'b');
    const child = spawn(process.execPath, [COMMAND, 'copy', '--plain-http', '--json', '--from-file', '-', place], { env: { PATH: process.env.PATH, HOME: folder }, stdio: 'pipe' });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.resume();
    child.stdin.write(`${a}\n`);
    child.stdin.end(`${b}\n`);
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, JSON.parse(stdout).images]).toMatchObject([0, { copied: 2 }]);
  });
});

describe('a usage error is one line and how to use it, and nothing is asked of any registry', () => {
  test.each<[string, () => Promise<string[]> | string[], RegExp]>([
    ['nothing at all', () => [], /^error: name a source and a target/m],
    ['one word', () => pushed('a'), /^error: name a source and a target/m],
    ['three words without a place', () => [...pushed('a', 'b'), `${target.host}/x`], /^error: after several images, the last argument must be a target folder/m],
    ['a file that is not there', () => ['--from-file', path.join(folder, 'missing')], /^error: cannot read ".*missing": ENOENT/m],
    ['a file of comments', async () => ['--from-file', await listed('# nothing'), place], /^error: there are no images to mirror/m],
    ['a line of three words', async () => ['--from-file', await listed('a b c')], /^error: ".*", line 1: it has 3 words/m],
    ['a line that would drive a terminal', async () => ['--from-file', await listed('a b \u001b[2Jc d')], /^error: ".*", line 1: it has 4 words/m],
    ['a platform that is none', () => ['--platform', 'arm', ...pushed('a'), place], /^error: .*linux\/amd64,linux\/arm64/m],
  ])('%s', async (_, words, line) => {
    const { code, stdout, stderr } = await run(await words());
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.match(/^error: /gm)).toHaveLength(1);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n').slice(1)).toEqual(['(see "cdk-ecr-mirror copy --help")']);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([upstream.count(), target.count()]).toEqual([0, 0]);
  });
});

describe('an image that is listed several times', () => {
  test('in any spelling is copied once, with a note', async () => {
    upstream.push('a', 'latest', imageOf('a'));
    const spellings = [`${upstream.host}/a`, `${upstream.host}/a:latest`, `${upstream.host}/a`];
    const ending = await run(['--json', ...spellings, ...pushed('b'), place]);
    expect([ending.code, reportOf(ending).images]).toMatchObject([0, { copied: 2 }]);
    expect(ending.stderr).toContain(`note: ${upstream.host}/a:latest is listed 3 times, and counts as one image\n`);
  });

  test('in a file counts as one, also when the target is spelled out', async () => {
    upstream.push('a', 'latest', imageOf('a'));
    const [a, to] = [`${upstream.host}/a`, `${target.host}/x`];
    const ending = await run(['--json', '--from-file', await listed(`${a} ${to}`, `${a}:latest  ${to}:latest # again`)]);
    expect([ending.code, JSON.parse(ending.stdout).outcome]).toEqual([0, 'copied']);
    expect(ending.stderr.match(/^note: /gm)).toHaveLength(1);
  });

  test('with --quiet has no note', async () => {
    const [a] = pushed('a');
    expect((await run(['--quiet', a, a, place])).stderr).not.toContain('note');
  });
});

test('a file with several mistakes is rejected with all of them, and nothing is copied', async () => {
  const [a] = pushed('a');
  const file = await listed(`${a} ${target.host}/a`, `${a} -> ${target.host}/b`, 'a b c');
  const { code, stdout, stderr } = await run(['--json', '--from-file', file]);
  expect([code, upstream.count(), target.count()]).toEqual([2, 0, 0]);
  expect(stderr).toMatch(/^error: 2 lines of .*\n {2}line 2: it has a sign .*\n {2}line 3: it has 3 words/);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/line 2: [^]*line 3: /), results: [] });
});

test('an image of which the target has all blobs has nothing to copy', async () => {
  upstream.push('a', '1.0.0', imageOf('a'));
  target.push('a', '0.9.0', imageOf('a'));
  const { stderr } = await run([`${upstream.host}/a:1.0.0`, `${target.host}/a`]);
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^copied: .*, nothing to copy(?:, 3 blobs already there)?, [0-9.]+ s$/);
});

test('Ctrl-C: the done ones are told as done, the others as interrupted', async () => {
  const sources = pushed('a', 'b', 'c');
  upstream.fail({ match: { method: 'GET', path: '/v2/b/blobs/' }, action: Fault.stall(), times: 1000 });
  upstream.fail({ match: { method: 'HEAD', path: '/v2/c/' }, action: Fault.stall(), times: 1000 });
  let told = '';
  const hasCome = () => told.includes(' as 1.0.0\n') && upstream.count({ method: 'GET', path: '/v2/b/blobs/' }) > 0;
  const ending = await run(['--json', ...sources, place], {
    onStart: async (child, ended) => {
      child.stderr!.on('data', (text: string) => { told += text; });
      await momentOf(ended, hasCome);
      child.kill('SIGINT');
    },
  });
  expect(ending).toMatchObject({ code: 130, signal: undefined });
  expect(reportOf(ending).results.map(({ outcome, reason }) => [outcome, reason])).toEqual([['copied', undefined], ['failed', 'interrupted'], ['failed', 'interrupted']]);
  expect(ending.stderr).toContain('3 images: 1 copied, 2 failed');
});

test.each<Record<string, string>>([{}, { NO_COLOR: '1' }, { FORCE_COLOR: '3', TERM: 'xterm-256color' }])('into a file no escape sequence is written (%j)', async (environment) => {
  const { stdout, stderr } = await run([...pushed('a', 'b'), `${upstream.host}/missing`, place], { environment });
  expect(stdout + stderr).not.toContain('\u001b');
});
