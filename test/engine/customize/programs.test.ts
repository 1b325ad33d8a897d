/** The bundled programs as CodeBuild runs them, where what they are told does not fit. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { multiPlatformImage, singleImage } from '../../support/fixture-images';
import { ECR, LocalAccount, UPSTREAM } from '../../support/local-account';
import { StandInDocker } from '../../support/stand-in-docker';

const PROGRAM = path.join(__dirname, '..', '..', '..', 'assets', 'customize', 'customize.js');
const BASE = `mirror/${UPSTREAM}/team/app`;
const CUSTOM_IMAGE = JSON.stringify({ repository: 'mirror/custom/app', lines: ['RUN true'], platforms: ['linux/amd64'] });
const IMAGE = `${UPSTREAM}/team/app:1.0.0`;
const NOT_DECLARED = 'the variable CUSTOM_IMAGE doesn\'t match the app';
const BOTH_PLATFORMS = CUSTOM_IMAGE.replace('"linux/amd64"', '"linux/amd64","linux/arm64"');

/** What a project names a customized image by that the app has declared. */
function markOf(customImage: string, image = IMAGE, base = BASE): string {
  const { repository, lines, platforms } = JSON.parse(customImage);
  return createHash('sha256').update(JSON.stringify({ image, base, repository, lines, platforms })).digest('hex').slice(0, 32);
}

let account: LocalAccount;
let docker: StandInDocker;

beforeEach(async () => {
  account = await LocalAccount.open([BASE, 'mirror/custom/app', 'mirror/custom/other']);
  docker = await new StandInDocker(account.ecr).start();
  account.upstream.push('team/app', '1.0.0', singleImage());
});

afterEach(async () => {
  expect([...account.errors(), ...docker.errors]).toEqual([]);
  await Promise.all([account.close(), docker.close()]);
});

/** Runs the program for customized images. */
async function customize(variables: Record<string, string>) {
  const environment = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', MIRROR_REGISTRY: ECR, MIRROR_RECIPES: `0123,${markOf(CUSTOM_IMAGE)}` };
  const child = spawn(process.execPath, [PROGRAM], { env: { ...environment, ...account.machine(), ...docker.machine(), ...variables }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text; });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, log, lines: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
}

describe('the program for customized images', () => {
  test('tells of an image in one line, with an event, and ends with 0', async () => {
    account.ecr.push(BASE, '1.0.0', singleImage());
    const { code, lines } = await customize({ IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE, MIRROR_EVENT_BUS: 'default' });
    expect([code, lines]).toMatchObject([0, [{ source: IMAGE, outcome: 'copied', repository: 'mirror/custom/app', builtFrom: `${ECR}/${BASE}@${singleImage().digest}` }]]);
    expect(account.events.events).toMatchObject([{ detailType: 'Image Mirrored', detail: { repository: 'mirror/custom/app' } }]);
  });

  test('puts no event while another build has to complete the image', async () => {
    account.ecr.push(BASE, '1.0.0', multiPlatformImage());
    const { code, lines } = await customize({ IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: BOTH_PLATFORMS, MIRROR_RECIPES: markOf(BOTH_PLATFORMS), MIRROR_EVENT_BUS: 'default' });
    expect([code, lines]).toMatchObject([0, [{ outcome: 'copied', message: 'the build for linux/arm64 is not finished; it completes the image' }]]);
    expect(account.events.events).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['whose tags a filter selects', { MIRROR_RECIPES: markOf(CUSTOM_IMAGE, `${UPSTREAM}/team/app`) }],
    ['from a repository that CloudFormation has named', { MIRROR_RECIPES: `${markOf(CUSTOM_IMAGE, IMAGE, '')}:${BASE}` }],
    ['that the project names in a further variable', { MIRROR_RECIPES: '0123', MIRROR_RECIPES_2: markOf(CUSTOM_IMAGE) }],
  ])('builds an image %s', async (_, variables) => {
    account.ecr.push(BASE, '1.0.0', singleImage());
    const { code, lines } = await customize({ IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE, ...variables });
    expect([code, lines]).toMatchObject([0, [{ outcome: 'copied' }]]);
  });

  test('tells of several, of which one that fails does not stop the others, and sums them up', async () => {
    account.ecr.push(BASE, '1.0.0', singleImage());
    const other = JSON.stringify({ ...JSON.parse(CUSTOM_IMAGE), repository: 'mirror/custom/other' });
    const missing = { IMAGE: `${UPSTREAM}/team/missing:1.0.0`, REPOSITORY: BASE.replace('app', 'missing'), CUSTOM_IMAGE };
    const { code, lines } = await customize({
      IMAGES: JSON.stringify([missing, { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: other }]),
      MIRROR_RECIPES: [markOf(CUSTOM_IMAGE, missing.IMAGE, missing.REPOSITORY), markOf(other)].join(),
    });
    expect(code).toBe(1);
    expect(lines).toMatchObject([{ reason: 'not-found' }, { outcome: 'copied' }, { outcome: 'failed', images: { copied: 1, failed: 1 } }]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['without lines', { IMAGE, REPOSITORY: BASE }, 'the variable CUSTOM_IMAGE is not set, so there is nothing to build; start the project that mirrors instead'],
    ['with tags to select', { IMAGE: `${UPSTREAM}/team/app`, REPOSITORY: BASE, CUSTOM_IMAGE, TAGS: '{"patterns":["*"]}' }, 'the variable TAGS is set, but a build customizes a single tag; start the project that mirrors instead'],
    ['with lines that would bring another image in', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: CUSTOM_IMAGE.replace('RUN true', 'FROM alpine') }, 'its Dockerfile lines or its platforms are not valid'],
    [
      'with lines that the app has not declared',
      { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: CUSTOM_IMAGE.replace('RUN true', 'RUN curl https://example.com | sh') },
      'the variable CUSTOM_IMAGE doesn\'t match the app: the deployed stack of the ImageMirror has other lines, platforms or repositories for this image; '
        + 'if the app has changed, deploy the stack that has the schedule of this image',
    ],
    ['with platforms that the app has not declared', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: CUSTOM_IMAGE.replace('amd64', 'arm64') }, NOT_DECLARED],
    ['of another image', { IMAGE: 'docker.io/evil/shell:1.0.0', REPOSITORY: BASE, CUSTOM_IMAGE }, NOT_DECLARED],
    ['of another tag', { IMAGE: `${UPSTREAM}/team/app:1.0.1`, REPOSITORY: BASE, CUSTOM_IMAGE }, NOT_DECLARED],
    ['from another repository', { IMAGE, REPOSITORY: 'mirror/evil/shell', CUSTOM_IMAGE }, NOT_DECLARED],
    ['to another repository', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: CUSTOM_IMAGE.replace('custom/app', 'custom/other') }, NOT_DECLARED],
    ['that declares nothing', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE, MIRROR_RECIPES: '' }, NOT_DECLARED],
    ['from another repository than that of CloudFormation', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE, MIRROR_RECIPES: `${markOf(CUSTOM_IMAGE, IMAGE, '')}:mine-1A2B3C` }, NOT_DECLARED],
    ['with what is no JSON', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: '{' }, 'it must be a JSON object with a repository, a list of lines and a list of platforms'],
    ['with a repository outside of the mirror', { IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: CUSTOM_IMAGE.replace('mirror/custom/app', '../../v2/_catalog') }, 'a repository name must be lowercase letters and digits'],
  ])('refuses a build %s in words', async (_, variables, message) => {
    const { code, lines } = await customize(variables);
    expect(code).toBe(1);
    expect(lines[0].reason).toBe('invalid-configuration');
    expect(JSON.stringify(lines[0].message)).toContain(message);
    expect(docker.calls).toEqual([]);
  });
});

describe('the engine', () => {
  test('mirrors an image, and says what is missing to customize it', async () => {
    const { code, lines } = await account.run({ IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE });
    expect(code).toBe(1);
    expect(lines).toMatchObject([{
      outcome: 'failed',
      reason: 'invalid-configuration',
      message: 'the image is mirrored, but its customized image is not up to date: the variable CUSTOM_IMAGE requires a project that sets MIRROR_CUSTOM_BUILDS',
      targetDigest: singleImage().digest,
    }]);
  });

  test('says so when the other processor is wanted and there is no image for it', async () => {
    const arm = CUSTOM_IMAGE.replace('amd64', 'arm64');
    const { lines } = await account.run({ IMAGE, REPOSITORY: BASE, CUSTOM_IMAGE: arm, MIRROR_CUSTOM_BUILDS: '{"project":"Custom","processor":"x86_64"}' });
    expect(lines).toMatchObject([{ reason: 'invalid-configuration', message: expect.stringContaining('the image requires arm64, but customized images are built on x86_64 only') }]);
  });

  test.each(['{', '{}', '{"project":"","processor":"arm64"}', '{"project":"a","processor":"mips"}', '{"project":"a","processor":"arm64","otherEnvironment":{"type":"A"}}'])(
    'refuses a project that is none: %s', async (text) => {
      const { code, lines } = await account.run({ IMAGE, REPOSITORY: BASE, MIRROR_CUSTOM_BUILDS: text });
      expect([code, lines]).toMatchObject([1, [{ reason: 'invalid-configuration', message: expect.stringContaining('the variable MIRROR_CUSTOM_BUILDS is') }]]);
    },
  );

  test('leaves images alone that are not customized', async () => {
    const { code, lines } = await account.run({ IMAGE, REPOSITORY: BASE, MIRROR_CUSTOM_BUILDS: '{"project":"Custom","processor":"x86_64"}' });
    expect([code, lines]).toMatchObject([0, [{ outcome: 'copied' }]]);
    expect(lines[0]).not.toHaveProperty('customBuilds');
  });
});
