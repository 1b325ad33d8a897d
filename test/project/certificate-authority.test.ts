import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ImageMirror, ImageMirrorProps, MirrorCompute, TagFilter } from '../../src';
import { BearerRegistry } from '../support/bearer-registry';
import { Certificates, createCertificates } from '../support/certificate';
import { CloudAssembly } from '../support/cloud-assembly';
import { multiPlatformImage } from '../support/fixture-images';
import { LocalCodeBuild } from '../support/local-code-build';
import { LocalEcr } from '../support/local-ecr';
import { LocalEventBridge } from '../support/local-event-bridge';
import { buildSchedules } from '../support/local-scheduler';
import { LoopbackNetwork } from '../support/loopback-network';
import { templateRepositories } from '../support/template-repositories';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const UPSTREAM = 'registry.example.com';
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const ECR_API = 'api.ecr.eu-west-1.amazonaws.com';
const EVENTS = 'events.eu-west-1.amazonaws.com';

let certificates: Certificates;
let folder: string;
beforeAll(async () => {
  certificates = await createCertificates([UPSTREAM, REGISTRY, ECR_API, EVENTS]);
});
afterAll(async () => certificates.dispose());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'certificate-authority-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file with some text. */
function fileWith(text: string): string {
  const file = path.join(folder, 'it\'s "$(my)" authority.pem');
  writeFileSync(file, text);
  return file;
}

function synthesize(props: ImageMirrorProps = {}): Template {
  const stack = new Stack(new App({ outdir: path.join(folder, 'cdk.out') }), 'Stack');
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], ...props });
  return Template.fromStack(stack);
}

function projectOf(template: Template) {
  const [{ Properties }] = Object.values(template.findResources('AWS::CodeBuild::Project'));
  return Properties;
}

/** The objects that the build role may read, resolved. */
function readable(template: Template): string[] {
  const resolver = new TemplateResolver(template.toJSON());
  const [role] = resolver.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
  const statements: { Action: string | string[]; Resource: string | string[] }[] = resolver.properties(role).Policies[0].PolicyDocument.Statement;
  return statements.filter(({ Action }) => Action.includes('s3:GetObject')).flatMap(({ Resource }) => Resource);
}

/** Where the sources of the project are, resolved. */
function sourcesOf(template: Template): string[] {
  const resolver = new TemplateResolver(template.toJSON());
  const { Source, SecondarySources = [] } = resolver.properties(resolver.ids('AWS::CodeBuild::Project')[0]);
  return [Source, ...SecondarySources].map(({ Location }) => Location);
}

describe('certificates', () => {
  test('are a second source, which Node is told to trust before it starts the engine', () => {
    const project = projectOf(synthesize({ certificateAuthorityPath: certificates.authorityFile }));
    expect(project.SecondarySources).toEqual([{ Type: 'S3', SourceIdentifier: 'certificates', Location: expect.anything() }]);
    expect(JSON.parse(project.Source.BuildSpec).phases).toEqual({
      install: { 'runtime-versions': { nodejs: 22 } },
      build: { commands: ['NODE_EXTRA_CA_CERTS="$CODEBUILD_SRC_DIR_certificates/certificates.pem" NODE_OPTIONS= node mirror.js'] },
    });
  });

  test('are trusted by Lambda compute too', () => {
    const project = projectOf(synthesize({ certificateAuthorityPath: certificates.authorityFile, compute: MirrorCompute.awsLambda() }));
    expect(JSON.parse(project.Source.BuildSpec).phases.build.commands).toEqual([expect.stringMatching(/^NODE_EXTRA_CA_CERTS=.* node mirror\.js$/)]);
    expect(project.SecondarySources).toHaveLength(1);
  });

  test('may be read by builds, exactly they and the engine', () => {
    const template = synthesize({ certificateAuthorityPath: certificates.authorityFile });
    expect(readable(template)).toEqual(sourcesOf(template).map((location) => `arn:aws:s3:::${location}`));
    expect(readable(template)).toHaveLength(2);
    const attached = template.findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: Match.stringLikeRegexp('BuildRole') }] } });
    expect(Object.keys(attached)).toEqual([]);
  });

  test('leave no trace in a template without them', () => {
    const template = synthesize();
    expect(readable(template)).toHaveLength(1);
    expect(projectOf(template)).not.toHaveProperty('SecondarySources');
    expect(JSON.stringify(template.toJSON())).not.toMatch(/certificates|NODE_EXTRA_CA_CERTS/i);
  });

  test('give the same template for the same certificates, wherever the file is and whatever is written around them', () => {
    const elsewhere = fileWith(`# of the company\n${certificates.authority.replace(/\r?\n/g, '\r\n')}\n`);
    const [one, other] = [elsewhere, certificates.authorityFile].map((file) => synthesize({ certificateAuthorityPath: file }).toJSON());
    expect(one).toEqual(other);
  });

  test('give another template when they change', async () => {
    const others = await createCertificates(['example.com']);
    const template = synthesize({ certificateAuthorityPath: others.authorityFile });
    await others.dispose();
    expect(sourcesOf(template)[1]).not.toBe(sourcesOf(synthesize({ certificateAuthorityPath: certificates.authorityFile }))[1]);
  });

  test('leave nothing in the folder for temporary files', () => {
    const leftBehind = () => readdirSync(tmpdir()).filter((name) => /^certificates-/.test(name));
    const before = leftBehind();
    synthesize({ certificateAuthorityPath: certificates.authorityFile });
    expect(leftBehind().filter((name) => !before.includes(name))).toEqual([]);
  });

  test('stay where the deployment finds them when the CDK does not stage assets', () => {
    const app = new App({ outdir: path.join(folder, 'cdk.out'), context: { 'aws:cdk:disable-asset-staging': true } });
    new ImageMirror(new Stack(app, 'Stack'), 'Mirror', { images: ['nginx:stable'], certificateAuthorityPath: certificates.authorityFile });
    const manifest: { files: Record<string, { source: { path: string } }> } = JSON.parse(readFileSync(path.join(app.synth().directory, 'Stack.assets.json'), 'utf8'));
    const folders = Object.values(manifest.files).map(({ source }) => source.path).filter((name) => name.includes('certificates-'));
    expect(folders.map((name) => existsSync(path.join(name, 'certificates.pem')))).toEqual([true]);
    for (const name of folders) rmSync(name, { recursive: true });
  });
});

describe('fails', () => {
  const certificate = () => certificates.authority;

  test.each<[string, () => string, string]>([
    ['when there is no such file', () => path.join(folder, 'none.pem'), 'none.pem" is not a file in "'],
    ['when it is a folder', () => {
      mkdirSync(path.join(folder, 'inner'));
      return path.join(folder, 'inner');
    }, 'write the path of a PEM file, for example path.join(__dirname, "authority.pem")'],
    ['when the file holds no certificate', () => fileWith('hello'), 'contains no PEM certificate, which starts with "-----BEGIN CERTIFICATE-----"'],
    ['when the file holds a private key', () => fileWith(certificates.server.key), 'contains a private key, which must stay secret'],
    ['when the file holds a private key beside a certificate', () => fileWith(`${certificate()}\n${certificates.server.key}`), 'contains a private key, which must stay secret'],
    ['when the second certificate is broken', () => fileWith(`${certificate()}\n${certificate().replace(/[A-Za-z0-9+/]{40}/, 'A'.repeat(40))}`),
      'certificate 2 of 2 in certificateAuthorityPath'],
    ['when the path is a token', () => Lazy.string({ produce: () => 'a.pem' }), 'certificateAuthorityPath must be known at synthesis, but it is a token'],
  ])('%s', (_, file, message) => {
    expect(() => synthesize({ certificateAuthorityPath: file() })).toThrow(message);
  });

  test('and never shows what is in the file', () => {
    const file = fileWith(certificates.server.key);
    const secret = certificates.server.key.split('\n')[1].trim();
    const shown = () => {
      try {
        return synthesize({ certificateAuthorityPath: file }) && '';
      } catch (error) {
        return String(error);
      }
    };
    expect(secret.length).toBeGreaterThan(20);
    expect(shown()).toContain('private key');
    expect(shown()).not.toContain(secret);
  });
});

describe('a build of the template', () => {
  /** Deploys an app on this machine, with a registry whose certificate only the private authority has signed, and runs its one schedule. */
  async function run(certificateAuthorityPath: string | undefined) {
    const app = new App({ outdir: path.join(folder, 'cdk.out') });
    const mirror = new ImageMirror(new Stack(app, 'Stack'), 'Mirror', { certificateAuthorityPath });
    mirror.addImage(`${UPSTREAM}/team/app`, { tags: TagFilter.semver('1.x', { latest: 2 }) });
    app.synth();
    const assembly = new CloudAssembly(app.outdir);
    const template = await assembly.template('Stack', COMMERCIAL);

    const certificate = certificates.server;
    const upstream = await new BearerRegistry({ certificate, realm: `https://${UPSTREAM}/token`, service: UPSTREAM }).start();
    for (const tag of ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '1.2']) upstream.push('team/app', tag, multiPlatformImage({ seed: tag }));
    const ecr = await new LocalEcr(templateRepositories(template), { certificate }).start();
    const events = await new LocalEventBridge({ certificate }).start();
    const network = await new LoopbackNetwork().start();
    for (const host of [REGISTRY, ECR_API]) network.route(host, ecr.port);
    network.route(UPSTREAM, upstream.port);
    network.route(EVENTS, events.port);
    const { NODE_EXTRA_CA_CERTS: _, ...machine } = network.environment('');
    try {
      const [schedule] = buildSchedules(template);
      const result = await new LocalCodeBuild({ assembly, template, deployment: COMMERCIAL, machine }).build(schedule.projectId, schedule.input);
      const held = ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '1.2'].filter((tag) => ecr.tagDigest(`mirror/${UPSTREAM}/team/app`, tag) !== undefined);
      return { ...result, held };
    } finally {
      await Promise.all([upstream.close(), ecr.close(), events.close(), network.close()]);
    }
  }

  test('trusts the authority, and mirrors what the filter selects', async () => {
    expect(await run(certificates.authorityFile)).toMatchObject({ status: 'SUCCEEDED', held: ['1.1.0', '1.2.0'] });
  });

  test('does not trust it without the property', async () => {
    const { status, held, log } = await run(undefined);
    expect({ status, held }).toEqual({ status: 'FAILED', held: [] });
    expect(log).toMatch(/certificate/i);
  });
});

test('a stack with certificates changes the project, the build role, and the roles that may start builds with this source, and nothing else', () => {
  const [before, after] = [undefined, certificates.authorityFile].map((file) => synthesize({ certificateAuthorityPath: file }).toJSON().Resources);
  expect(Object.keys(after)).toEqual(Object.keys(before));
  const changed = Object.keys(after).filter((id) => JSON.stringify(after[id]) !== JSON.stringify(before[id])).map((id) => `${after[id].Type} ${after[id].Properties.Description}`);
  expect(changed.sort()).toEqual([
    'AWS::CodeBuild::Project Mirrors the container images that the variables IMAGE or IMAGES name into Amazon ECR',
    'AWS::IAM::Role Builds that mirror images',
    'AWS::IAM::Role Schedules that start the builds that mirror images',
    'AWS::IAM::Role Starts builds that mirror images when they are deployed',
  ]);
});
