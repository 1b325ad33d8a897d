/** The runbook: each alarm's link leads somewhere, and each command of this project is what people can run. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ImageMirror, MirrorAlarm } from '../../src';
import { Certificates, createCertificates } from '../support/certificate';
import { Ending, runCommand } from '../support/command';
import { DeployedAccount } from '../support/deployed-account';
import { singleImage } from '../support/fixture-images';
import { LocalDockerHub } from '../support/local-docker-hub';
import { LocalEcr } from '../support/local-ecr';
import { LoopbackNetwork } from '../support/loopback-network';
import { TemplateResolver } from '../support/template-resolver';

const RUNBOOK = readFileSync(path.join(__dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
const ENVIRONMENT = { account: '123456789012', region: 'eu-west-1' };
const REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const STACK = 'PlatformImages';
const IMAGES = ['nginx:stable', 'logstash:7.11.2'];

/** The commands of all blocks, one by one. */
const commands = [...RUNBOOK.matchAll(/```console\n(.*?)```/gs)].flatMap(([, block]) => block.trim().split('\n'));
const own = [...new Set(commands.filter((line) => line.startsWith('npx cdk-ecr-mirror ')))];

/** The words of a command, with the variables that the runbook sets. */
function wordsOf(command: string, variables: Record<string, string>): string[] {
  return command.replace(/^npx cdk-ecr-mirror /, '').split(' ').map((word) => word.replace(/"/g, '').replace(/\$([A-Z_]+)/g, (_, name: string) => variables[name]));
}

/** The anchors of headings, as GitHub makes them. */
function anchors(): string[] {
  return [...RUNBOOK.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replace(/ /g, '-'));
}

function mirrorIn(app: App): { stack: Stack; mirror: ImageMirror } {
  const stack = new Stack(app, STACK, { env: ENVIRONMENT });
  return { stack, mirror: new ImageMirror(stack, 'Mirror', { images: IMAGES }) };
}

describe('the links of alarms', () => {
  function links(): string[] {
    const { stack, mirror } = mirrorIn(new App());
    mirror.notify(new sns.Topic(stack, 'Trouble'), { images: mirror.images, alarms: Object.values(MirrorAlarm) });
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    return resolver.ids('AWS::CloudWatch::Alarm').map((id) => /#([\w-]+)$/.exec(resolver.properties(id).AlarmDescription)![1]);
  }

  test('lead to headings', () => {
    expect(links().filter((link) => !anchors().includes(link))).toEqual([]);
  });

  test('lead to every procedure', () => {
    const procedures = RUNBOOK.split(/^## /m).slice(1).filter((section) => section.includes('**Resolution.**')).map((section) => section.split('\n')[0].toLowerCase().replace(/ /g, '-'));
    expect([...new Set(links())].sort()).toEqual(procedures.sort());
  });
});

test('each procedure says what the alarm means, what to look at and what to do', () => {
  const procedures = RUNBOOK.split(/^## /m).slice(3, -1);
  expect(procedures).toHaveLength(6);
  for (const procedure of procedures) expect(procedure).toMatch(/\*\*Meaning\.\*\*.*\*\*Investigation\.\*\*.*```console.*\*\*Resolution\.\*\*.*/s);
});

test('its links to its own headings lead somewhere', () => {
  const links = [...RUNBOOK.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.length).toBeGreaterThan(1);
  expect(links.filter((link) => !anchors().includes(link))).toEqual([]);
});

test('its commands use variables that it sets', () => {
  const set = commands.flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []);
  const used = commands.flatMap((line) => [...line.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name));
  // The name of the alarm is in the message that one got.
  expect([...new Set(used)].filter((name) => !set.includes(name))).toEqual(['ALARM']);
});

test('where images are customized, it tells the two projects apart as their logical ids do, and looks into the builds of both', () => {
  const { stack, mirror } = mirrorIn(new App());
  mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  const projects = resolver.ids('AWS::CodeBuild::Project');
  const idOf = (isPrivileged: boolean) => projects.find((id) => resolver.properties(id).Environment.PrivilegedMode === isPrivileged)!;
  expect([idOf(false), idOf(true)].map((id) => id.includes('CustomImages'))).toEqual([false, true]);
  expect(RUNBOOK).toContain('The project that builds them has `CustomImages` in its logical ID');
  for (const [variable, id] of [['PROJECT', idOf(false)], ['CUSTOM_PROJECT', idOf(true)]]) {
    expect(commands).toContainEqual(expect.stringMatching(new RegExp(`^${variable}=${id}-`)));
    expect(commands).toContainEqual(expect.stringMatching(new RegExp(`list-builds-for-project .*"\\$${variable}".*buildStatus!='SUCCEEDED'`)));
  }
});

test('its advice for macOS fits every time that its commands name', () => {
  const times = new Set(commands.flatMap((line) => line.match(/date -d '[^']+'/g) ?? []));
  expect(times.size).toBe(2);
  for (const time of times) expect(RUNBOOK).toMatch(new RegExp(`\`date -v-\\d+[a-zA-Z]\` in place of \`${time}\``));
});

test.each([
  ['An image is stale', /\*\*the alarm is on until the first run has succeeded\*\*/],
  ['A run failed', /"because of client error or a timeout".*While it is on, a new failure sends no second notification/s],
])('the procedure "%s" says what else its alarm means', (heading, meaning) => {
  expect(RUNBOOK.split(/^## /m).find((section) => section.startsWith(heading))).toMatch(meaning);
});

describe('its commands', () => {
  test('are of one of three kinds', () => {
    expect(own.length).toBeGreaterThan(5);
    expect(commands.filter((line) => !/^(aws |npx cdk-ecr-mirror (check|start) |[A-Z_]+=)/.test(line))).toEqual([]);
  });

  test.each(own.filter((command) => command.includes(' start ')))('%s', async (command) => {
    const account = await DeployedAccount.open();
    try {
      const app = new App();
      mirrorIn(app);
      account.deploy(app);
      const [, ...words] = wordsOf(command, { STACK });
      expect(await account.start(words)).toMatchObject({ code: 0, stderr: expect.stringContaining('copied') });
      expect(account.codeBuild.builds).toHaveLength(1);
      expect(account.errors()).toEqual([]);
    } finally {
      await account.close();
    }
  });
});

describe('on Docker Hub and Amazon ECR', () => {
  const HOSTS = { hub: 'registry-1.docker.io', auth: 'auth.docker.io', api: 'api.ecr.eu-west-1.amazonaws.com', bucket: 'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com' };
  const [FIRST, SECOND] = ['first', 'second'].map((seed) => singleImage({ seed }));

  let certificates: Certificates;
  let hub: LocalDockerHub;
  let ecr: LocalEcr;
  let network: LoopbackNetwork;
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'runbook-'));
    certificates = await createCertificates([REGISTRY, ...Object.values(HOSTS)]);
    const certificate = certificates.server;
    hub = await new LocalDockerHub({ certificate, realm: `https://${HOSTS.auth}/token` }).start();
    ecr = await new LocalEcr(['mirror/nginx', 'mirror/logstash'], { certificate, blobOrigin: `https://${HOSTS.bucket}` }).start();
    network = await new LoopbackNetwork().start();
    const routes = [[HOSTS.hub, hub], [HOSTS.auth, hub], [REGISTRY, ecr], [HOSTS.api, ecr], [HOSTS.bucket, ecr.blobStorage]] as const;
    for (const [host, { port }] of routes) network.route(host, port);
    hub.push('library/nginx', 'stable', FIRST);
    hub.push('library/logstash', '7.11.2', SECOND);
    ecr.push('mirror/nginx', 'stable', FIRST);
    ecr.push('mirror/logstash', '7.11.2', FIRST);
  });
  afterEach(async () => {
    expect([...hub.errors, ...ecr.errors, ...network.refused]).toEqual([]);
    await Promise.all([hub, ecr, network].map((server) => server.close()));
    await certificates.dispose();
    rmSync(folder, { recursive: true });
  });

  async function run(command: string): Promise<Ending> {
    const app = new App({ outdir: path.join(folder, 'cdk.out') });
    mirrorIn(app);
    app.synth();
    const words = wordsOf(command, { REGISTRY }).map((word) => word === 'cdk.out' ? path.join(folder, word) : word);
    return runCommand(words, { environment: { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', ...network.environment(certificates.authorityFile) } });
  }

  test.each(own.filter((command) => command.includes(' check ')))('%s', async (command) => {
    const { code, stdout, stderr } = await run(command);
    const isMoved = !command.includes('nginx');
    expect([code, /(unchanged|tag-moved)/.test(stdout + stderr)]).toEqual([isMoved ? 1 : 0, true]);
    expect((stdout + stderr).includes('tag-moved')).toBe(isMoved);
  });
});
