import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatLockFile, LockEntry, parseLockFile } from '../../src/image/admission/lock-file';
import { Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { artifact, cosignTag, FixtureImage, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { withFolder } from '../support/with-folder';
import { withServers } from '../support/with-servers';

const OLD = multiPlatformImage({ seed: 'old', platforms: ['linux/amd64', 'linux/arm64'] });
const NEW = multiPlatformImage({ seed: 'new', platforms: ['linux/amd64', 'linux/riscv64'], layers: 3, attestations: true });
const SINGLE = singleImage({ seed: 'single', platform: 'linux/arm64' });
const OTHER_DIGEST = `sha256:${'0'.repeat(64)}`;

const upstream = new LocalRegistry();
withServers(upstream);
const folder = withFolder();
const file = join(folder, 'images.lock.json');

const image = (tag: string) => `${upstream.host}/team/app:${tag}`;

beforeEach(() => upstream.push('team/app', 'stable', OLD));

function lock(...options: string[]): Promise<Ending> {
  return runCommand(['lock', '--file', file, '--plain-http', '--quiet', ...options]);
}

function locked(): Record<string, LockEntry> {
  return Object.fromEntries(parseLockFile(readFileSync(file, 'utf8')));
}

function write(images: Record<string, FixtureImage | string>): void {
  const entries = Object.entries(images).map(([name, of]): [string, LockEntry] => [name, { digest: typeof of === 'string' ? of : of.digest }]);
  writeFileSync(file, formatLockFile(new Map(entries)));
}

const outcomesOf = ({ stdout }: Ending) => (JSON.parse(stdout) as { results: { image: string; outcome: string }[] }).results
  .map((result) => `${result.outcome} ${result.image.replace(/^.*\/team\//, '')}`);

/** The requests for manifests that Docker Hub counts. */
const pulls = () => upstream.requests.filter(({ method, path }) => method === 'GET' && path.includes('/manifests/')).length;

describe('lock', () => {
  test('writes the digest, platforms, and size of an image', async () => {
    const ending = await lock(image('stable'));
    expect([ending.code, ending.stdout]).toEqual([0, '']);
    expect(locked()).toEqual({ [image('stable')]: { digest: OLD.digest, platforms: ['linux/amd64', 'linux/arm64'], size: expect.any(Number) } });
    expect(ending.stderr).toMatch(/^OUTCOME +IMAGE +LOCKED +UPSTREAM\nadded +.*team\/app:stable +- +[0-9a-f]{12}\n\n1 image: 1 added\n$/);
  });

  test('counts two pulls for an image with many platforms', async () => {
    upstream.push('team/app', 'many', multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64', 'linux/s390x', 'linux/ppc64le'], attestations: true }));
    await lock(image('many'));
    expect(pulls()).toBe(2);
  });

  test('has the platform and the size of an image with one platform', async () => {
    upstream.push('team/app', 'single', SINGLE);
    await lock(image('single'));
    const size = SINGLE.blobs.reduce((sum, blob) => sum + blob.size, 0);
    expect(locked()[image('single')]).toEqual({ digest: SINGLE.digest, platforms: ['linux/arm64'], size });
  });

  test('changes no digest that the file has, and sends no request for it', async () => {
    write({ [image('stable')]: OTHER_DIGEST });
    const before = readFileSync(file, 'utf8');
    const ending = await lock(image('stable'), '--json');
    expect([ending.code, outcomesOf(ending), upstream.count(), readFileSync(file, 'utf8')]).toEqual([0, ['unchanged app:stable'], 0, before]);
  });

  test('locks a digest of upstream that is not the newest', async () => {
    upstream.push('team/app', 'stable', NEW);
    await lock(`${image('stable')}@${OLD.digest}`);
    expect(locked()[image('stable')].digest).toBe(OLD.digest);
  });

  test('changes a digest to a chosen one only with --update', async () => {
    write({ [image('stable')]: NEW });
    const refused = await lock(`${image('stable')}@${OLD.digest}`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('the lock file has another digest; to change it, use')]);
    expect(locked()[image('stable')].digest).toBe(NEW.digest);
    expect((await lock('--update', `${image('stable')}@${OLD.digest}`)).code).toBe(0);
    expect(locked()[image('stable')].digest).toBe(OLD.digest);
  });

  test('refuses a digest that upstream does not have', async () => {
    const ending = await lock(`${image('stable')}@${OTHER_DIGEST}`);
    expect([ending.code, ending.stderr, existsSync(file)]).toEqual([1, expect.stringContaining(`there is no ${upstream.host}/team/app@${OTHER_DIGEST}`), false]);
  });

  test('reads a list of images for copy, and keeps the other images of the file', async () => {
    write({ [image('other')]: OTHER_DIGEST });
    writeFileSync(join(folder, 'images.txt'), `# web\n${image('stable')} localhost:5000/app # a comment\n${image('stable')}\n`);
    expect((await lock('--from-file', join(folder, 'images.txt'))).code).toBe(0);
    expect(Object.keys(locked()).sort()).toEqual([image('other'), image('stable')]);
  });

  test('has all failures at once, and locks the other images', async () => {
    const ending = await lock(image('stable'), image('none'), image('nothing'), '--json');
    expect([ending.code, outcomesOf(ending)]).toEqual([1, ['failed app:none', 'failed app:nothing', 'added app:stable']]);
    expect(Object.keys(locked())).toEqual([image('stable')]);
    expect(JSON.parse(ending.stdout)).toMatchObject({
      outcome: 'failed', images: { failed: 2, added: 1, unchanged: 0 }, file, written: true, results: [{ reason: 'not-found' }, {}, { new: { digest: OLD.digest } }],
    });
  });

  test('locks an image although nothing more is known about it', async () => {
    upstream.fail({ match: { method: 'GET', path: '/manifests/' }, action: Fault.status(403), times: 100 });
    const ending = await runCommand(['lock', '--file', file, '--plain-http', image('stable')]);
    expect([ending.code, locked()]).toEqual([0, { [image('stable')]: { digest: OLD.digest } }]);
    expect(ending.stderr).toContain('are not known');
  });

  test('a file that is not valid is an error with all its mistakes, and stays as it is', async () => {
    const text = JSON.stringify({ version: 1, images: { 'nginx': { digest: OTHER_DIGEST }, 'a/b:1': {} } });
    writeFileSync(file, text);
    const { code, stderr } = await lock(image('stable'));
    expect([code, stderr, readFileSync(file, 'utf8')]).toEqual([2, expect.stringMatching(/has 3 mistakes:\n {2}"nginx" is not/), text]);
  });

  test('leaves no other file behind, and writes through a symbolic link', async () => {
    write({});
    const link = join(folder, 'link.json');
    symlinkSync(file, link);
    await runCommand(['lock', '--file', link, '--plain-http', image('stable')]);
    expect([lstatSync(link).isSymbolicLink(), Object.keys(locked()), readdirSync(folder).sort()]).toEqual([true, [image('stable')], ['images.lock.json', 'link.json']]);
  });

  test('a folder that does not exist is a failure', async () => {
    const { code, stderr } = await runCommand(['lock', '--file', join(folder, 'no', 'file.json'), '--plain-http', image('stable')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('failed: cannot write the lock file')]);
  });

  test('an interrupted command leaves the file as it is', async () => {
    write({});
    const before = readFileSync(file, 'utf8');
    upstream.fail({ match: { method: 'HEAD', path: '/manifests/none' }, action: Fault.hold(new Promise(() => undefined)), times: 1 });
    const ending = await runCommand(['lock', '--file', file, '--plain-http', image('stable'), image('none')], {
      onStart: async (child) => {
        while (!upstream.requests.some(({ path }) => path.endsWith('/none'))) await new Promise((resolve) => setTimeout(resolve, 10));
        child.kill('SIGINT');
      },
    });
    expect([ending.code, readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual([130, before, ['images.lock.json']]);
  });
});

describe('lock --update', () => {
  test('changes the digests that upstream changed, and prints a summary in Markdown', async () => {
    await lock(image('stable'));
    upstream.push('team/app', 'stable', NEW);
    const { code, stdout, stderr } = await lock('--update');
    expect([code, locked()[image('stable')].digest, stderr]).toEqual([0, NEW.digest, expect.stringContaining('1 image: 1 updated')]);
    expect(stdout).toMatch(/^## Changes of the image lock file\n/);
    expect(stdout).toContain(`| \`${image('stable')}\` | \`${OLD.digest}\`<br>→ \`${NEW.digest}\` |`);
    expect(stdout).toMatch(/\*\*removed\*\* `linux\/arm64`, \*\*new\*\* `linux\/riscv64`, `linux\/amd64` \| [0-9.]+ MB.*\| \*\*none found\*\* \|/);
  });

  test('sends one HEAD request for an image that did not change, and writes nothing', async () => {
    write({ [image('stable')]: OLD });
    const before = readFileSync(file, 'utf8');
    const ending = await lock('--update');
    expect([ending.code, ending.stdout, readFileSync(file, 'utf8')]).toEqual([0, '', before]);
    expect(upstream.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });

  test('changes only the named images', async () => {
    upstream.push('team/app', 'other', NEW);
    write({ [image('stable')]: OTHER_DIGEST, [image('other')]: OTHER_DIGEST });
    await lock('--update', image('other'));
    expect([locked()[image('stable')].digest, locked()[image('other')].digest]).toEqual([OTHER_DIGEST, NEW.digest]);
  });

  test('keeps the digest of a tag that is gone, and fails', async () => {
    write({ [image('gone')]: OLD, [image('stable')]: OTHER_DIGEST });
    const { code, stdout } = await lock('--update');
    expect([code, locked()[image('gone')].digest, locked()[image('stable')].digest]).toEqual([1, OLD.digest, OLD.digest]);
    expect(stdout).toContain(`### Failed (1)\n\n- \`${image('gone')}\`: \`${upstream.host}: there is no ${image('gone')}; the lock file keeps its digest;`);
  });

  test.each<[string, () => void, string]>([
    ['a signature of cosign under its tag', () => upstream.push('team/app', cosignTag(OLD.digest), SINGLE), 'found'],
    ['a bundle as a referrer', () => upstream.push('team/app', undefined, artifact({ subject: OLD, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' })), 'found'],
    ['another referrer', () => upstream.push('team/app', undefined, artifact({ subject: OLD, artifactType: 'application/spdx+json' })), 'none'],
    ['a tag that cannot be read', () => upstream.fail({ match: { method: 'HEAD', path: '.sig' }, action: Fault.status(403), times: 100 }), 'unknown'],
  ])('says whether there is a signature: %s', async (_, prepare, signature) => {
    prepare();
    write({ [image('stable')]: OTHER_DIGEST });
    const { stdout } = await lock('--update', '--json', '--timeout', '10');
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ outcome: 'updated', signature }], summary: expect.stringContaining('## Changes') });
  });
});

describe('lock --check', () => {
  test('accepts a file that upstream confirms, with one HEAD request for each image', async () => {
    write({ [image('stable')]: OLD });
    const ending = await lock('--check');
    expect([ending.code, ending.stderr, upstream.requests.map(({ method }) => method)]).toEqual([0, '1 image: 1 unchanged\n', ['HEAD']]);
  });

  test('fails for a tag that moved upstream, and changes nothing', async () => {
    write({ [image('stable')]: NEW });
    upstream.push('team/app', undefined, NEW);
    const before = readFileSync(file, 'utf8');
    const ending = await lock('--check', '--json');
    expect([ending.code, outcomesOf(ending), readFileSync(file, 'utf8')]).toEqual([1, ['outdated app:stable'], before]);
    expect(JSON.parse(ending.stdout)).toMatchObject({ outcome: 'outdated', written: false, results: [{ locked: { digest: NEW.digest }, new: { digest: OLD.digest } }] });
    expect(ending.stderr).toContain(`upstream moved the tag to ${OLD.digest}; review the new image`);
  });

  test('says that upstream no longer has the locked digest, or the tag', async () => {
    write({ [image('stable')]: NEW, [image('gone')]: OLD });
    const { code, stderr } = await lock('--check');
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:stable .* and no longer has the locked digest, so a new mirror cannot copy it/);
    expect(stderr).toMatch(/app:gone .* upstream no longer has the tag; replace the image in the app/);
  });

  test('fails for a named image that the file lacks', async () => {
    write({});
    const ending = await lock('--check', image('stable'), '--json');
    expect([ending.code, outcomesOf(ending)]).toEqual([1, ['missing app:stable']]);
  });

  test('fails if upstream cannot be reached', async () => {
    write({ [image('stable')]: OLD });
    upstream.fail({ match: { method: 'HEAD' }, action: Fault.status(401), times: 100 });
    upstream.fail({ match: { method: 'GET' }, action: Fault.status(401), times: 100 });
    const ending = await lock('--check', '--json');
    expect([ending.code, outcomesOf(ending)]).toEqual([1, ['failed app:stable']]);
  });

  test('sends no request with --offline', async () => {
    write({ [image('stable')]: NEW });
    expect([(await lock('--check', '--offline', image('stable'))).code, (await lock('--check', '--offline', image('none'))).code, upstream.count()]).toEqual([0, 1, 0]);
  });
});
