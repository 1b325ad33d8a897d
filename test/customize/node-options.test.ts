/** Options of Node among a build's variables, which would have it run what they name before anything else. */
import { createCertificates } from '../support/certificate';
import { singleImage } from '../support/fixture-images';
import { UPSTREAM } from '../support/local-account';
import { LocalMirror } from '../support/local-mirror';

const NODE_OPTIONS = '--import=data:text/javascript,process.stdout.write(%22run-before-all%22)';
const IMAGE = `${UPSTREAM}/team/app:1.0.0`;

let mirror: LocalMirror;

afterEach(async () => {
  expect(mirror.errors()).toEqual([]);
  await mirror.close();
});

async function deploy(certificateAuthorityPath?: string): Promise<void> {
  mirror = await LocalMirror.deploy((imageMirror) => { imageMirror.addImage(IMAGE, { dockerfileLines: ['ENV A=1'] }); }, { certificateAuthorityPath });
  mirror.account.upstream.push('team/app', '1.0.0', singleImage());
}

/** The lines of a build of a project that was given the options. */
async function run(project: RegExp, variables: Record<string, string>): Promise<string[]> {
  const id = mirror.template.ids('AWS::CodeBuild::Project').find((one) => project.test(one))!;
  await mirror.startBuild(id, { NODE_OPTIONS, ...variables });
  await mirror.settled();
  return mirror.builds[0].running.lines.filter((line) => !line.startsWith('[Container]'));
}

test('do nothing in a build that mirrors', async () => {
  await deploy();
  const lines = await run(/^MirrorProject/, { IMAGE });
  expect(lines.join('\n')).not.toContain('run-before-all');
  expect(mirror.results(mirror.builds.slice(0, 1))).toMatchObject([{ source: IMAGE, outcome: 'copied' }]);
});

test('do nothing in a build that trusts certificates of its own', async () => {
  const certificates = await createCertificates(['registry.corp.example.com']);
  try {
    await deploy(certificates.authorityFile);
    expect((await run(/^MirrorProject/, { IMAGE: 'not an image' })).join('\n')).not.toContain('run-before-all');
    expect(mirror.builds[0].running.lines.join('\n')).toContain('"reason":"invalid-reference"');
  } finally {
    await certificates.dispose();
  }
});

test('do nothing in a privileged build', async () => {
  await deploy();
  expect((await run(/^MirrorCustomImagesProject/, { IMAGE })).join('\n')).not.toContain('run-before-all');
  expect(mirror.results()).toMatchObject([{ reason: 'invalid-configuration', message: expect.stringContaining('CUSTOM_IMAGE is not set') }]);
});
