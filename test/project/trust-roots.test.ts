import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ImageMirror, ImageMirrorProps, OnDeploy } from '../../src';

const ROOT = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs: [], certificateAuthorities: [] };
const NEWER = { ...ROOT, mediaType: 'application/vnd.dev.sigstore.trustedroot.v0.2+json' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'trust-roots-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const location = path.join(folder, name);
  writeFileSync(location, typeof content === 'string' ? content : JSON.stringify(content));
  return location;
}

function synthesize(props: ImageMirrorProps): Template {
  const stack = new Stack(new App({ outdir: path.join(folder, 'cdk.out') }), 'Stack');
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], onDeploy: OnDeploy.OFF, ...props });
  return Template.fromStack(stack);
}

/** The contents of the trust roots in the cloud assembly. */
function synthesizedRoots(): unknown[] {
  const names = readdirSync(path.join(folder, 'cdk.out'), { recursive: true }) as string[];
  return names.filter((name) => name.endsWith('trust-roots.json')).map((name) => JSON.parse(readFileSync(path.join(folder, 'cdk.out', name), 'utf8')));
}

test('trust roots are one list in a second source, which the command of builds names', () => {
  const template = synthesize({ trustRootPaths: [file('it\'s "$(my)" root.json', ROOT), file('github.jsonl', `${JSON.stringify(ROOT)}\n${JSON.stringify(NEWER)}\n`)] });
  const command = 'MIRROR_TRUST_ROOT="$CODEBUILD_SRC_DIR_trust_roots/trust-roots.json" NODE_OPTIONS= node mirror.js';
  template.hasResourceProperties('AWS::CodeBuild::Project', {
    SecondarySources: [Match.objectLike({ SourceIdentifier: 'trust_roots', Type: 'S3' })],
    Source: { BuildSpec: Match.serializedJson(Match.objectLike({ phases: Match.objectLike({ build: { commands: [command] } }) })) },
  });
  expect(synthesizedRoots()).toEqual([[ROOT, ROOT, NEWER]]);
});

test('builds without trust roots have no second source', () => {
  synthesize({}).hasResourceProperties('AWS::CodeBuild::Project', { SecondarySources: Match.absent() });
});

test.each<[string, unknown, string]>([
  ['text', 'hello', 'is not a trust root of Sigstore'],
  ['another JSON object', { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }, 'is not a trust root of Sigstore'],
  ['a list without a trust root', [], 'is not a trust root of Sigstore'],
  ['a trust root without contents', { mediaType: ROOT.mediaType }, 'is not a trust root of Sigstore'],
  ['a trust root whose logs are no list', { ...ROOT, tlogs: {} }, 'is not a trust root of Sigstore'],
  ['a private key', '-----BEGIN EC PRIVATE KEY-----', 'contains a private key, which must stay secret'],
  ['too much', ' '.repeat(1_000_001), 'has more than 1000000 characters'],
])('a file with %s is an error', (_, content, message) => {
  expect(() => synthesize({ trustRootPaths: [file('root.json', content)] })).toThrow(message);
});

test('the error has all files that are not valid', () => {
  const paths = [path.join(folder, 'no.json'), file('text.json', 'hello'), file('root.json', ROOT)];
  expect(() => synthesize({ trustRootPaths: paths })).toThrow(/^trustRootPaths has 2 mistakes:\n {2}- the file ".*no.json" of trustRootPaths does not exist.*\n {2}- the file ".*text.json"/);
});

test.each<[string, unknown, string]>([
  ['an empty list', [], 'trustRootPaths is empty'],
  ['a single path', 'root.json', 'trustRootPaths must be a list, but it is the string "root.json"; write ["root.json"]'],
  ['a token', Token.asList({ Ref: 'Paths' }), 'trustRootPaths must be known at synthesis'],
])('%s is an error', (_, trustRootPaths, message) => {
  expect(() => synthesize({ trustRootPaths: trustRootPaths as string[] })).toThrow(message);
});
