import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createCertificates } from './support/certificate';
import { multiPlatformImage } from './support/fixture-images';
import { LoopbackNetwork } from './support/loopback-network';
import { UpstreamRegistries } from '../examples/demo/upstream-registries';
import { MirrorResult } from '../src/engine/result';
import { parseImageReference } from '../src/image/image-reference';

const IMAGES = [
  'docker.io/library/nginx:stable',
  'docker.io/library/logstash:7.11.2',
  'quay.io/prometheus/prometheus:v2.53.0',
  'public.ecr.aws/docker/library/redis:7',
  'docker.io/hashicorp/vault:1.14',
  'ghcr.io/stefanprodan/podinfo:6.7.0',
];

/** The images with checks: of the signature, of the age, and of the findings. */
const GATED = ['ghcr.io/example/gateway:stable', 'docker.io/example/scanner:latest', 'quay.io/example/database:stable'];

/** What the catalog lists, one time or the other. */
const LISTED = ['grafana/grafana:11.1.0', 'traefik:v3.1', 'quay.io/prometheus/node-exporter:v1.8.2'];

interface DemoReport {
  readonly rounds: { readonly results: MirrorResult[]; readonly customized: MirrorResult[]; readonly events: { readonly detailType: string }[] }[];
  readonly catalog: { readonly listed: string[]; readonly results: MirrorResult[]; readonly events: { readonly detailType: string }[] }[];
  readonly deployments: {
    readonly answer: { readonly Status: string; readonly Reason: string };
    readonly mirrored: string[];
    readonly customized: string[];
  }[];
  readonly gated: { readonly results: MirrorResult[]; readonly events: { readonly detailType: string }[] }[];
  readonly problems: string[];
}

async function runDemo(options: string[], environment: Record<string, string> = {}): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const root = join(__dirname, '..');
  const command = [join(root, 'node_modules/tsx/dist/cli.mjs'), '--tsconfig', 'tsconfig.dev.json', 'examples/demo/main.ts', ...options];
  const child = spawn(process.execPath, command, { cwd: root, env: { ...process.env, ...environment } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => { stdout += chunk; });
  child.stderr.on('data', (chunk) => { stderr += chunk; });
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { exitCode, stdout, stderr };
}

/** The outcome of each image in a round, by image. */
function outcomes(report: DemoReport, round: number): Record<string, string> {
  return Object.fromEntries(report.rounds[round].results.map(({ source, outcome }) => [source, outcome]));
}

function allOf(outcome: string): Record<string, string> {
  return Object.fromEntries(IMAGES.map((image) => [image, outcome]));
}

describe('npm run demo -- --json', () => {
  let demo: Awaited<ReturnType<typeof runDemo>>;
  let report: DemoReport;

  beforeAll(async () => {
    demo = await runDemo(['--json']);
    report = JSON.parse(demo.stdout);
  });

  test('prints one line on stdout, and a last line for people on stderr', () => {
    expect(demo.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(demo.stderr.trimEnd().split('\n').pop()).toBe('3 rounds, 18 results, 1 customized image, 2 runs of a catalog, 2 deployments, 3 rounds with checks, all as expected');
    expect(demo.exitCode).toBe(0);
    expect(report.problems).toEqual([]);
  });

  test('copies every image first, with the digest of upstream', () => {
    expect(outcomes(report, 0)).toEqual(allOf('copied'));
    for (const { sourceDigest, targetDigest, bytesCopied } of report.rounds[0].results) {
      expect(sourceDigest).toMatch(/^sha256:/);
      expect(targetDigest).toBe(sourceDigest);
      expect(bytesCopied).toBeGreaterThan(0);
    }
  });

  test('asks each side once and pulls nothing when nothing changed', () => {
    expect(outcomes(report, 1)).toEqual(allOf('unchanged'));
    const quiet = { requests: { source: 1, target: 1 }, countedPulls: 0, bytesCopied: 0 };
    expect(report.rounds[1].results).toMatchObject(Array(6).fill(quiet));
  });

  test('follows the floating tag, refuses the fixed one, and leaves the others alone', () => {
    expect(outcomes(report, 2)).toEqual({ ...allOf('unchanged'), [IMAGES[0]]: 'copied', [IMAGES[1]]: 'tag-moved' });
    const [before, after] = [0, 2].map((round) => report.rounds[round].results.find(({ source }) => source === IMAGES[1])!);
    expect(after.targetDigest).toBe(before.targetDigest);
    expect(after.sourceDigest).not.toBe(before.sourceDigest);
  });

  test('deploys once with every image there, and once with the reason that CloudFormation shows', () => {
    const [well, ill] = report.deployments;
    expect([well.answer.Status, well.mirrored]).toEqual(['SUCCESS', IMAGES]);
    expect([ill.answer.Status, ill.mirrored]).toEqual(['FAILED', IMAGES.filter((image) => image !== IMAGES[1])]);
    expect([well.customized, ill.customized]).toEqual([['mirror/custom/hashicorp/vault'], ['mirror/custom/hashicorp/vault']]);
    expect(ill.answer.Reason).toMatch(/^1 image was not mirrored, 5 were:\n- docker.io\/library\/logstash:7.11.2 \(not-found\): .*\nBuild log: https:/);
  });

  test('customizes Vault once, from the copy that the mirror has', () => {
    expect(report.rounds.map(({ customized }) => customized.length)).toEqual([1, 0, 0]);
    const [[result]] = report.rounds.map(({ customized }) => customized);
    const base = report.rounds[0].results.find(({ source }) => source === IMAGES[4])!;
    expect(result).toMatchObject({ source: IMAGES[4], outcome: 'copied', repository: 'mirror/custom/hashicorp/vault' });
    expect(result.tag).toMatch(/^1\.14-[0-9a-f]{12}$/);
    expect(result.builtFrom).toMatch(new RegExp(`/mirror/hashicorp/vault@${base.targetDigest}$`));
  });

  test('mirrors what the catalog lists at the time of each run, and tells the misspelled image by its name', () => {
    expect(report.catalog.map(({ results }) => results.map(({ source, outcome }) => [source, outcome]))).toEqual([
      [['docker.io/grafana/grafana:11.1.0', 'copied'], ['docker.io/library/traefik:v3.1', 'copied']],
      [
        ['docker.io/grafana/grafana:11.1.0', 'unchanged'], ['docker.io/library/traefik:v3.1', 'unchanged'],
        ['docker.io/library/ngnix:stable', 'failed'], ['quay.io/prometheus/node-exporter:v1.8.2', 'copied'],
      ],
    ]);
    const detailTypes = report.catalog[1].events.map(({ detailType }) => detailType).sort();
    expect(detailTypes).toEqual(['Image Mirror Failed', 'Image Mirrored', 'Image Unchanged', 'Image Unchanged']);
  });

  test('holds new images without a signature, an age, or a good scan, and keeps serving the images that it has', () => {
    const [first, moved] = report.gated;
    expect(first.results.map(({ source, outcome }) => [source, outcome])).toEqual(GATED.map((image) => [image, 'copied']));
    expect(moved.results.map(({ outcome, heldBy }) => [outcome, heldBy])).toEqual([
      ['held', ['unsigned']], ['held', ['minimum-age']], ['held', ['scan-findings']],
    ]);
    expect(moved.results.map(({ targetDigest }) => targetDigest)).toEqual(first.results.map(({ targetDigest }) => targetDigest));
    expect(moved.events.map(({ detailType }) => detailType)).toEqual(Array(3).fill('Image Held'));
  });

  test('serves the image once it is signed and the one with an exception, and never the malicious one', () => {
    const [first, moved, last] = report.gated;
    expect(last.results.map(({ outcome }) => outcome)).toEqual(['copied', 'unchanged', 'copied']);
    expect(last.results.map(({ targetDigest }) => targetDigest))
      .toEqual([moved.results[0].sourceDigest, first.results[1].sourceDigest, moved.results[2].sourceDigest]);
    expect(last.results.map(({ checks }) => checks)).toEqual([
      [expect.stringMatching(/^signed by the public key [0-9a-f]+$/)], undefined, [expect.stringMatching(/exceptions for CVE-2024-3094$/)],
    ]);
  });

  test('puts one event for each run, and one for the customized image', () => {
    const detailTypes = report.rounds.map(({ events }) => events.map(({ detailType }) => detailType).sort());
    expect(detailTypes).toEqual([
      Array(7).fill('Image Mirrored'),
      Array(6).fill('Image Unchanged'),
      ['Image Mirrored', ...Array(4).fill('Image Unchanged'), 'Upstream Tag Moved'],
    ]);
  });
});

test('npm run demo -- --upstream reaches registries through the user\'s own proxy, and fails when one of them has no such image', async () => {
  const missing = IMAGES[3];
  const registries = IMAGES.map((image) => parseImageReference(image).registry);
  const certificates = await createCertificates(UpstreamRegistries.hosts(registries));
  const internet = await new UpstreamRegistries().start(registries, certificates.server);
  const proxy = await new LoopbackNetwork().start();
  for (const { host, port } of internet.routes()) proxy.route(host, port);
  for (const image of [...IMAGES, ...LISTED].filter((one) => one !== missing)) {
    internet.publish(parseImageReference(image), multiPlatformImage({ seed: image }));
  }
  try {
    const demo = await runDemo(['--upstream', '--json'], proxy.environment(certificates.authorityFile));
    const report: DemoReport = JSON.parse(demo.stdout);
    expect(outcomes(report, 0)).toEqual({ ...allOf('copied'), [missing]: 'failed' });
    expect(outcomes(report, 1)).toEqual({ ...allOf('unchanged'), [missing]: 'failed' });
    expect(outcomes(report, 2)).toEqual({ ...allOf('unchanged'), [IMAGES[0]]: 'copied', [IMAGES[1]]: 'tag-moved', [missing]: 'failed' });
    expect(report.problems.filter((problem) => !problem.includes(missing))).toEqual([]);
    expect(demo.exitCode).toBe(1);
    expect(proxy.refused).toEqual([]);
  } finally {
    await Promise.all([internet.close(), proxy.close(), certificates.dispose()]);
  }
});
