/** Progress on a terminal, which util-linux's `script` imitates. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { isInstalled } from '../interop/docker-registry';
import { COMMAND } from '../support/command';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { withRegistries } from '../support/with-servers';

const ESCAPE = '\u001b[';
const BAR = / [#-]{30} [0-9]+% \| [0-9.]+ MB of [0-9.]+ MB \| /;

const { upstream, target } = withRegistries();

beforeEach(() => {
  for (const name of ['one', 'two']) upstream.push(name, '1.0.0', singleImage({ seed: name, layers: 3, layerBytes: 300_000 }));
});

/** Runs the command on a terminal of its own; everything that appeared there. */
async function onTerminal(words: readonly string[], redirect = '', onText: (shown: string) => void = () => undefined): Promise<{ code: number | null; shown: string }> {
  const home = await mkdtemp(path.join(tmpdir(), 'terminal-'));
  const line = [process.execPath, COMMAND, 'copy', '--plain-http', ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', `${line} ${redirect}`, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: home, TERM: 'xterm', SHELL: '/bin/sh', COLUMNS: '200' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => onText(shown += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  await rm(home, { recursive: true, force: true });
  return { code, shown };
}

const sources = () => ['one', 'two'].map((name) => `${upstream.host}/${name}:1.0.0`);
const place = () => `${target.host}/mirror/`;

(isInstalled('script') ? describe : describe.skip)('on a terminal', () => {
  test('a bar for each image is shown, and taken away at the end', async () => {
    let letGo = () => undefined as void;
    const until = new Promise<void>((resolve) => { letGo = resolve; });
    upstream.fail({ match: { method: 'GET', path: '/blobs/' }, action: Fault.hold(until), times: 1000 });
    const barOf = (name: string) => `| ${target.host}/mirror/127.0.0.1_${upstream.port}/${name}:1.0.0`;
    const bothAreShown = (text: string) => BAR.test(text) && text.includes(barOf('one')) && text.includes(barOf('two'));
    const { code, shown } = await onTerminal(['--timeout', '30', ...sources(), place()], '', (text) => {
      if (bothAreShown(text)) letGo();
    });
    expect(code).toBe(0);
    expect(bothAreShown(shown)).toBe(true);
    expect(shown.slice(shown.lastIndexOf('OUTCOME'))).not.toMatch(BAR);
    expect(shown.trimEnd()).toMatch(/2 images: 2 copied$/);
  });

  test('the cursor is shown again', async () => {
    const { shown } = await onTerminal([...sources(), place()]);
    expect(shown.lastIndexOf(`${ESCAPE}?25h`)).toBeGreaterThan(shown.lastIndexOf(`${ESCAPE}?25l`));
  });

  test('a failure is told below the bars', async () => {
    upstream.fail({ match: { method: 'GET', path: '/v2/two/blobs/' }, action: Fault.status(403), times: 1000 });
    const { code, shown } = await onTerminal([...sources(), place()]);
    expect(code).toBe(1);
    expect(shown.trimEnd()).toMatch(/2 images: 1 copied, 1 failed$/);
  });

  test.each(['--quiet', '--json'])('%s shows no bar', async (option) => {
    const { code, shown } = await onTerminal([option, ...sources(), place()]);
    expect(code).toBe(0);
    expect(shown).not.toContain(ESCAPE);
    expect(shown).not.toMatch(BAR);
  });

  test('no bar gets into a file that stderr is written to', async () => {
    const { code, shown } = await onTerminal([...sources(), place()], '2>&1 | cat');
    expect(code).toBe(0);
    expect(shown).toContain('2 images: 2 copied');
    expect(shown).not.toContain(ESCAPE);
  });
});
