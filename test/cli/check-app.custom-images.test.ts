/** The command `check --app` with an app that customizes an image. */
import { createHash } from 'node:crypto';
import { App, Stack } from 'aws-cdk-lib';
import { ImageMirror } from '../../src';
import { runCommand } from '../support/command';
import { FixtureImage, indexOf, singleImage } from '../support/fixture-images';
import { withAppFolder } from '../support/with-app-folder';
import { withRegistries } from '../support/with-servers';

const IMAGE = singleImage();

const { upstream, target: mirror } = withRegistries();
const folder = withAppFolder();
let tag: string;

beforeEach(() => {
  upstream.push('team/app', '1.0.0', IMAGE);
  const app = new App({ outdir: folder });
  const stack = new Stack(app, 'Images', { env: { account: '111122223333', region: 'eu-west-1' } });
  ({ tag } = new ImageMirror(stack, 'Mirror').addImage(`${upstream.host}/team/app:1.0.0`, { dockerfileLines: ['ENV A=1'] }));
  app.synth();
});

const repository = (kind = '') => `mirror/${kind}${upstream.host.replace(':', '_')}/team/app`;

async function check() {
  const { code, stdout, stderr } = await runCommand(['check', '--app', folder, '--plain-http', '--json', '--registry', mirror.host]);
  const { results } = JSON.parse(stdout) as { results: Record<string, string>[] };
  return { code, stderr, results: results.map(({ target, outcome }) => [target, outcome]) };
}

/** An index that says what it was made of. */
function builtFrom(digest: string): FixtureImage {
  const recipe = createHash('sha256').update(JSON.stringify({ lines: ['ENV A=1'], platforms: ['linux/amd64'] })).digest('hex');
  expect(tag).toBe(`1.0.0-${recipe.slice(0, 12)}`);
  const annotations = { 'org.opencontainers.image.base.digest': digest, 'io.github.cdk-ecr-mirror.recipe-digest': `sha256:${recipe}` };
  return indexOf([IMAGE], { annotations });
}

test('tells of an image that the mirror lacks that its next run would copy and customize it', async () => {
  const { code, results, stderr } = await check();
  expect([code, results]).toEqual([0, [[`${mirror.host}/${repository()}:1.0.0`, 'copied'], [`${mirror.host}/${repository('custom/')}:${tag}`, 'copied']]]);
  expect(stderr).toMatch(/team\/app:1\.0\.0 customized +- +- +- +- +- +would copy/);
});

test('tells of an image that is there that its next run would customize it', async () => {
  mirror.push(repository(), '1.0.0', IMAGE);
  expect((await check()).results.map(([, outcome]) => outcome)).toEqual(['unchanged', 'copied']);
});

test('tells of a customized image that is up to date, and of one that was made of another', async () => {
  mirror.push(repository(), '1.0.0', IMAGE);
  mirror.push(repository('custom/'), tag, builtFrom(IMAGE.digest));
  expect((await check()).results.map(([, outcome]) => outcome)).toEqual(['unchanged', 'unchanged']);
  mirror.push(repository('custom/'), tag, builtFrom(`sha256:${'a'.repeat(64)}`));
  expect((await check()).results.map(([, outcome]) => outcome)).toEqual(['unchanged', 'copied']);
});
