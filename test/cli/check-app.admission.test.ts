import { App, Duration, Stack } from 'aws-cdk-lib';
import { AdmissionMode, ImageMirror } from '../../src';
import { CheckedImage } from '../../src/cli/output/tables';
import { runCommand } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { withAppFolder } from '../support/with-app-folder';
import { withRegistries } from '../support/with-servers';

const [SERVED, NEW] = ['served', 'new'].map((seed) => singleImage({ seed }));

const { upstream, target: mirror } = withRegistries();
const folder = withAppFolder();

async function check(): Promise<{ code?: number; stderr: string; results: CheckedImage[] }> {
  const ending = await runCommand(['check', '--app', folder, '--plain-http', '--registry', mirror.host, '--json']);
  return { ...ending, results: (JSON.parse(ending.stdout) as { results: CheckedImage[] }).results };
}

beforeEach(() => {
  const repository = `mirror/${upstream.host.replace(':', '_')}/team/app`;
  const app = new App({ outdir: folder });
  const stack = new Stack(app, 'Images', { env: { account: '111122223333', region: 'eu-west-1' } });
  const gated = new ImageMirror(stack, 'Mirror', { admission: { minimumAge: Duration.days(2) } });
  for (const tag of ['stable', 'latest', 'edge']) {
    upstream.push('team/app', tag, NEW);
    mirror.push(repository, tag, SERVED);
  }
  gated.addImage(`${upstream.host}/team/app:stable`);
  gated.addImage(`${upstream.host}/team/app:latest`, { admission: { minimumAgeMode: AdmissionMode.AUDIT } });
  gated.addImage(`${upstream.host}/team/app:edge`, { admission: { minimumAgeMode: AdmissionMode.OFF } });
  new ImageMirror(stack, 'Other', { images: [`${upstream.host}/team/other:stable`], repositoryPrefix: 'other' });
  upstream.push('team/other', 'stable', NEW);
  app.synth();
});

test('judges new images as their builds would, and shows which images have no checks', async () => {
  const { code, results, stderr } = await check();
  expect([code, results.map(({ admission, heldBy, outcome, source, wouldBeHeldBy }) => [source.replace(/^.*team\//, ''), outcome, heldBy, wouldBeHeldBy, admission])]).toEqual([0, [
    ['app:stable', 'held', ['minimum-age'], undefined, ['age']],
    ['app:latest', 'copied', undefined, ['minimum-age'], ['age (audit)']],
    ['app:edge', 'copied', undefined, undefined, []],
    ['other:stable', 'copied', undefined, undefined, undefined],
  ]]);
  expect(stderr).toMatch(/NEXT RUN +CHECKS\n/);
  expect(stderr).toMatch(/app:stable .* held by minimum-age until [-0-9]{10} [0-9:]{5} UTC +age\n/);
  expect(stderr).toMatch(/app:latest .* would copy \(audit: minimum-age\) +age \(audit\)\n/);
  expect(stderr).toMatch(/app:edge .* would copy +UNCHECKED\n/);
  expect(stderr).toMatch(/other:stable .* would copy +-\n/);
});

test('writes nothing', async () => {
  await check();
  expect(mirror.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
});
