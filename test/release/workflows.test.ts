import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { parse } from 'yaml';
import type { Job, Step, Workflow } from '../../projenrc/workflows';

const root = path.join(__dirname, '..', '..');
const folder = path.join(root, '.github', 'workflows');
const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
const text = (file: string) => readFileSync(path.join(folder, file), 'utf8');
const workflow = (file: string): Workflow => parse(text(file));
const jobs = (file: string): [string, Job][] => Object.entries(workflow(file).jobs);
const steps = (file: string): Step[] => jobs(file).flatMap(([, job]) => job.steps);
const release = workflow('release.yml');

/** The jobs of the release that talk to a registry or write to a repository. */
const privileged = Object.entries(release.jobs).filter(([name]) => !/^(release|package_\w+)$/.test(name));

/** A job runs the project's own tools: whatever a dependency does when it is installed or run happens there. */
const runsProject = (job: Job) => job.steps.some(({ run }) => /\bnpm ci(?! --ignore-scripts)|\bprojen\b|\bnpm (test|run)\b/.test(run ?? ''));

const writes = (job: Job) => Object.entries(job.permissions ?? {}).filter(([, access]) => access === 'write').map(([scope]) => scope);

describe.each(files)('%s', (file) => {
  test('pins each action to a commit, with its version as a comment', () => {
    const uses = text(file).split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBe(steps(file).filter((step) => step.uses).length);
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('has no permissions but those of each job', () => {
    expect(workflow(file).permissions).toEqual({});
    for (const [name, job] of jobs(file)) expect([name, typeof job.permissions]).toEqual([name, 'object']);
  });

  test('leaves no token in a checkout', () => {
    const checkouts = steps(file).filter((step) => step.uses?.startsWith('actions/checkout@'));
    for (const checkout of checkouts) expect(checkout.with).toMatchObject({ 'persist-credentials': false });
  });

  test('puts no expression into a shell command, as its value could be code', () => {
    for (const { run } of steps(file)) expect(run ?? '').not.toContain('${{');
  });

  test('does not run for pull requests with the rights of the repository', () => {
    expect(Object.keys(workflow(file).on)).not.toEqual(expect.arrayContaining([expect.stringMatching(/pull_request_target|workflow_run/)]));
  });

  test('gives code of pull requests no secret and no right to write', () => {
    if (!('pull_request' in workflow(file).on)) return;
    for (const [, job] of jobs(file)) expect(writes(job)).toEqual([]);
    expect(text(file).replaceAll('secrets.GITHUB_TOKEN', '')).not.toContain('secrets.');
  });

  test('names no package registry', () => {
    expect(text(file)).not.toMatch(/registry\.npmjs|pypi\.org|nuget\.org|maven\.org|sonatype\.com|proxy\.golang/);
  });

  test('runs tools and publishers of a lock file, not the newest ones', () => {
    for (const { run } of steps(file)) expect(run ?? '').not.toMatch(/@latest|npx (-y|--yes|-p|'-p')|npm install|pip install|curl/);
  });
});

describe('a release', () => {
  test('is started by a person, on the main branch', () => {
    expect(Object.keys(release.on)).toEqual(['workflow_dispatch']);
    expect(release.jobs.release.if).toBe("github.ref == 'refs/heads/main'");
  });

  test('publishes to five registries and to GitHub', () => {
    const publishing = Object.keys(release.jobs).filter((name) => name.startsWith('release_')).sort();
    expect(publishing).toEqual(['release_github', 'release_golang', 'release_maven', 'release_npm', 'release_nuget', 'release_pypi']);
  });

  test.each(privileged)('has the approval of an environment before %s', (_name, job) => {
    expect(job.environment).toBe('release');
  });

  test.each(privileged)('runs no tool of the project in %s', (_name, job) => {
    expect(runsProject(job)).toBe(false);
  });

  test('runs the tools of the project only in jobs that read, without secrets and environments', () => {
    const tools = Object.entries(release.jobs).filter(([, job]) => runsProject(job));
    expect(tools.map(([name]) => name)).toEqual(expect.arrayContaining(['release', 'package_npm', 'package_pypi', 'package_maven']));
    for (const [, job] of tools) {
      expect(job.permissions).toEqual({ contents: 'read' });
      expect(job.environment).toBeUndefined();
      expect(JSON.stringify(job)).not.toContain('secrets.');
    }
  });

  test('gives each job the rights that it needs, and no more', () => {
    const rights = Object.fromEntries(privileged.map(([name, job]) => [name, writes(job)]));
    expect(rights).toEqual({
      release_npm: ['id-token'],
      release_maven: [],
      release_pypi: ['id-token'],
      release_nuget: ['id-token'],
      release_golang: [],
      provenance: ['id-token', 'attestations'],
      release_github: ['contents'],
      changelog: ['contents', 'pull-requests'],
    });
  });

  test('has long-lived secrets only where a registry has no trusted publishing', () => {
    const secretsOf = (job: Job) => [...JSON.stringify(job).matchAll(/secrets\.(\w+)/g)].map(([, name]) => name).sort();
    const secrets = Object.fromEntries(privileged.map(([name, job]) => [name, secretsOf(job)]));
    expect(secrets).toEqual({
      release_npm: [],
      release_maven: ['MAVEN_GPG_PRIVATE_KEY', 'MAVEN_GPG_PRIVATE_KEY_PASSPHRASE', 'MAVEN_PASSWORD', 'MAVEN_USERNAME'],
      release_pypi: [],
      release_nuget: ['NUGET_USERNAME'], // the name of a profile, which is public
      release_golang: ['GO_GITHUB_DEPLOY_KEY'],
      provenance: [],
      release_github: ['GITHUB_TOKEN'],
      changelog: [],
    });
  });

  test('publishes to npm with provenance', () => {
    const publish = release.jobs.release_npm.steps.find((step) => step.id === 'release');
    expect(publish?.env).toMatchObject({ NPM_CONFIG_PROVENANCE: 'true', NPM_TRUSTED_PUBLISHER: 'true' });
  });
});

describe('the publisher', () => {
  const publisher = path.join(root, 'projenrc', 'publisher');
  const json = (file: string) => JSON.parse(readFileSync(path.join(publisher, file), 'utf8'));

  test('has one version, which the lock file contains with the digest of each package', () => {
    const { publib } = json('package.json').dependencies;
    expect(publib).toMatch(/^\d+\.\d+\.\d+$/);
    const { '': _root, ...packages } = json('package-lock.json').packages;
    expect(packages['node_modules/publib'].version).toBe(publib);
    for (const [name, { integrity }] of Object.entries<{ integrity?: string }>(packages)) {
      expect([name, integrity]).toEqual([name, expect.stringMatching(/^sha512-/)]);
    }
  });

  test('installs Python tools in the versions of a file', () => {
    const constraints = readFileSync(path.join(publisher, 'constraints.txt'), 'utf8').trim().split('\n');
    for (const line of constraints) expect(line).toMatch(/^[\w.-]+==[\w.]+$/);
    const names = constraints.map((line) => line.split('==')[0]);
    expect(names).toEqual(expect.arrayContaining(['id', 'pypi-attestations', 'twine']));
  });

  test('is what each job that publishes a package runs', () => {
    const commands = privileged.filter(([name]) => name.startsWith('release_') && name !== 'release_github')
      .map(([, job]) => job.steps.find((step) => step.id === 'release')!.run);
    for (const command of commands) expect(command).toMatch(/^\.publisher\/projenrc\/publisher\/node_modules\/\.bin\/publib-\w+$/);
    expect(existsSync(path.join(publisher, 'package-lock.json'))).toBe(true);
  });
});
