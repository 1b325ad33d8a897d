import { execFileSync, execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { formatLockFile } from '../../src/image/admission/lock-file';
import { COMMAND } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { withFolder } from '../support/with-folder';
import { withServers } from '../support/with-servers';

const ROOT = join(__dirname, '..', '..');
const TEXT = readFileSync(join(ROOT, 'examples', 'github-actions', 'update-image-lock.yml'), 'utf8');

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Record<string, string>;
}

interface Job {
  readonly permissions: Record<string, string>;
  readonly steps: Step[];
}

const workflow = parse(TEXT) as { on: Record<string, unknown>; permissions: object; jobs: Record<string, Job> };
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

describe('the workflow', () => {
  test('uses the same actions as the workflows of this project, pinned to the same commits', () => {
    const own = readFileSync(join(ROOT, '.github', 'workflows', 'build.yml'), 'utf8');
    const used = TEXT.match(/uses: .*/g)!;
    expect(used.length).toBe(5);
    expect(used.filter((line) => !own.includes(line))).toEqual([]);
    expect(used.every((line) => /@[0-9a-f]{40} # v[0-9.]+$/.test(line))).toBe(true);
  });

  test('starts for no pull request, and grants only the job without code of packages the right to write', () => {
    expect(Object.keys(workflow.on)).toEqual(['schedule', 'workflow_dispatch']);
    expect(workflow.permissions).toEqual({});
    expect(workflow.jobs.update.permissions).toEqual({ contents: 'read' });
    expect(workflow.jobs['pull-request'].permissions).toEqual({ 'contents': 'write', 'pull-requests': 'write' });
    expect(workflow.jobs['pull-request'].steps.filter(({ run }) => /npm|npx|node/.test(run ?? ''))).toEqual([]);
  });

  test('inserts no expression into a script', () => {
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
  });
});

describe('the scripts of the workflow', () => {
  const [OLD, NEW] = ['old', 'new'].map((seed) => singleImage({ seed }));
  const upstream = new LocalRegistry();
  withServers(upstream);
  const folder = withFolder();
  const [project, programs, origin] = ['project', 'programs', 'origin.git'].map((name) => join(folder, name));
  const git = (...args: string[]) => execFileSync('git', ['-C', project, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

  beforeEach(() => {
    for (const one of [project, programs]) mkdirSync(one);
    program('npx', `shift\nexec "${process.execPath}" "${COMMAND}" "$@" --plain-http`);
    program('gh', 'echo "$@" >> "$RUNNER_TEMP/gh.log"\n[ "$2" = list ] && cat "$RUNNER_TEMP/open"\nexit 0');
    execFileSync('git', ['init', '--quiet', '--bare', origin]);
    git('init', '--quiet', '--initial-branch', 'main');
    git('remote', 'add', 'origin', origin);
    upstream.push('team/app', 'stable', OLD);
    writeFileSync(join(project, 'images.lock.json'), formatLockFile(new Map([[`${upstream.host}/team/app:stable`, { digest: OLD.digest }]])));
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message', 'first');
  });

  function program(name: string, script: string): void {
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(programs, name), 0o755);
  }

  const read = (name: string) => readFileSync(join(folder, name), 'utf8');

  /** Runs the script of a step, as GitHub Actions does. */
  async function runStep(id: string): Promise<void> {
    const { env = {}, run } = steps.find((step) => step.id === id)!;
    const variables = Object.fromEntries(Object.entries(env).filter(([, value]) => !value.includes('${{')));
    await promisify(execFile)('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run!], {
      cwd: project,
      env: {
        ...variables,
        PATH: `${programs}${delimiter}${process.env.PATH}`,
        HOME: folder,
        RUNNER_TEMP: folder,
        GITHUB_OUTPUT: join(folder, 'output'),
        GITHUB_STEP_SUMMARY: join(folder, 'step-summary'),
      },
    });
  }

  test('nothing changes if upstream did not change', async () => {
    await runStep('update');
    expect(read('output')).toBe('changed=false\nfailed=false\n');
  });

  test('a changed digest becomes a commit and a pull request with the summary', async () => {
    upstream.push('team/app', 'stable', NEW);
    await runStep('update');
    expect(read('output')).toBe('changed=true\nfailed=false\n');
    git('checkout', '--quiet', '--', '.');
    writeFileSync(join(folder, 'open'), '0\n');
    await runStep('open');
    expect(git('show', '--stat', '--format=%an %s', 'origin/update-image-lock')).toMatch(/^github-actions\[bot\] chore: update the image lock file\n\n images\.lock\.json \| 2 \+-/);
    expect(git('show', 'origin/update-image-lock:images.lock.json')).toContain(NEW.digest);
    expect(read('gh.log')).toMatch(/\npr create --base main --head update-image-lock --title .* --body-file .*\/lock\/summary\.md\n$/);
    expect(read('lock/summary.md')).toContain(NEW.digest);
  });

  test('an open pull request gets the new digests and the new summary', async () => {
    upstream.push('team/app', 'stable', NEW);
    await runStep('update');
    writeFileSync(join(folder, 'open'), '1\n');
    await runStep('open');
    expect(read('gh.log')).toMatch(/\npr edit update-image-lock --body-file .*\n$/);
  });

  test('an image that fails does not hide the changes of others', async () => {
    upstream.push('team/app', 'stable', NEW);
    const images = ['stable', 'gone'].map((tag) => [`${upstream.host}/team/app:${tag}`, { digest: OLD.digest }] as const);
    writeFileSync(join(project, 'images.lock.json'), formatLockFile(new Map(images)));
    await runStep('update');
    expect(read('output')).toBe('changed=true\nfailed=true\n');
    expect(read('step-summary')).toContain('### Failed (1)');
  });
});
