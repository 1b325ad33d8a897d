/** `check --app` with the folder of an app that another person synthesized. */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { AppCatalogs } from '../../src/cli/app/app-catalogs';
import { readAssetFiles, readSynthesizedBuilds } from '../../src/cli/app/cloud-assembly';
import { UsageError } from '../../src/cli/usage-error';
import { runCommand } from '../support/command';
import { withFolder } from '../support/with-folder';

const folder = withFolder();
const SECRET = '{"Resources":{"Secret":{"Type":"hunter2"}}}';

let app: string;

beforeEach(() => {
  app = path.join(folder, 'cdk.out');
  mkdirSync(app);
  writeFileSync(path.join(folder, 'secret.json'), SECRET);
});

function write(name: string, content: unknown): void {
  writeFileSync(path.join(app, name), typeof content === 'string' ? content : JSON.stringify(content));
}

const stack = (templateFile: unknown) => ({ type: 'aws:cloudformation:stack', environment: 'aws://123456789012/eu-west-1', properties: { templateFile } });
const nested = (directoryName: unknown) => ({ type: 'cdk:cloud-assembly', properties: { directoryName } });
const manifest = (...artifacts: unknown[]) => ({ version: '38.0.0', artifacts: Object.fromEntries(artifacts.map((artifact, index) => [`A${index}`, artifact])) });

/** The message of the error for the app. */
function refusal(read: () => unknown = () => readSynthesizedBuilds(app, {})): string {
  try {
    read();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'it was not refused';
}

describe('a path that leads out of the folder', () => {
  beforeEach(() => {
    symlinkSync(path.join(folder, 'secret.json'), path.join(app, 'link.json'));
    symlinkSync(folder, path.join(app, 'folder'));
    mkdirSync(path.join(app, 'stage'));
    mkdirSync(`${app}-beside`);
    writeFileSync(`${app}-beside/template.json`, SECRET);
  });

  test.each([
    '../secret.json', 'stage/../../secret.json', './../secret.json', 'link.json', 'folder/secret.json', '../cdk.out-beside/template.json', '/etc/passwd', '/dev/zero', '../missing.json',
  ])('%s as a template is refused', (templateFile) => {
    write('manifest.json', manifest(stack(templateFile)));
    const message = refusal();
    expect(message).toContain(`the path "${templateFile}" leads out of its folder; run "cdk synth" and pass its output folder`);
    expect(message).not.toContain('hunter2');
  });

  test.each(['..', 'folder', '/', '../cdk.out-beside'])('%s as a nested assembly is refused', (directoryName) => {
    write('manifest.json', manifest(nested(directoryName)));
    expect(refusal()).toContain(`the path "${directoryName}" leads out of its folder`);
  });

  test.each(['../secret.json', '/etc/passwd', 'link.json'])('%s as the manifest of assets, or as the file of an asset, is refused', (file) => {
    write('manifest.json', manifest({ type: 'cdk:asset-manifest', properties: { file } }));
    expect(refusal(() => readAssetFiles(app))).toContain(`the path "${file}" leads out of its folder`);
    write('assets.json', { files: { a: { source: { path: file, packaging: 'file' }, destinations: { d: { objectKey: 'list.yaml' } } } } });
    write('manifest.json', manifest({ type: 'cdk:asset-manifest', properties: { file: 'assets.json' } }));
    const catalogs = () => new AppCatalogs(app, [{ stack: 'A', environment: { CATALOG: 's3://bucket/list.yaml' } }], undefined);
    expect(refusal(catalogs)).toContain(`the path "${file}" leads out of its folder`);
  });

  test('is allowed inside the folder, also through a link, and from a nested assembly', () => {
    write('template.json', {});
    symlinkSync(path.join(app, 'template.json'), path.join(app, 'inside.json'));
    writeFileSync(path.join(app, 'stage', 'manifest.json'), JSON.stringify(manifest(stack('../template.json'), stack('../inside.json'))));
    write('manifest.json', manifest(nested('stage')));
    expect(refusal()).toContain('mirrors no images');
  });

  test('is not followed when the folder itself is a link', () => {
    symlinkSync(app, path.join(folder, 'linked.out'));
    write('manifest.json', manifest(stack('../secret.json')));
    expect(refusal(() => readSynthesizedBuilds(path.join(folder, 'linked.out'), {}))).toContain('leads out of its folder');
  });
});

test.each(['.', './', 'stage/..'])('an assembly that contains itself as %s is refused', (directoryName) => {
  mkdirSync(path.join(app, 'stage'));
  write('manifest.json', manifest(nested(directoryName)));
  expect(refusal()).toContain(`"${directoryName}" contains itself`);
});

test('two assemblies that contain each other are refused', () => {
  for (const [name, other] of [['a', '../b'], ['b', '../a']]) {
    mkdirSync(path.join(app, name));
    write(`${name}/manifest.json`, manifest(nested(other)));
  }
  write('manifest.json', manifest(nested('a')));
  expect(refusal()).toContain('"../a" contains itself');
});

test('assemblies that are nested too deeply are refused', () => {
  let directory = '';
  for (let depth = 0; depth < 12; depth++) {
    write(path.join(directory, 'manifest.json'), manifest(nested('n')));
    directory = path.join(directory, 'n');
    mkdirSync(path.join(app, directory));
  }
  expect(refusal()).toContain('"n" is nested more than 10 levels deep');
});

test('a file that is too large is refused before it is read', () => {
  write('template.json', '');
  truncateSync(path.join(app, 'template.json'), 2 ** 31);
  write('manifest.json', manifest(stack('template.json')));
  expect(refusal()).toContain('the file "template.json" has more than 16777216 bytes');
});

test('too many files are refused', () => {
  write('template.json', {});
  write('manifest.json', manifest(...Array.from({ length: 2001 }, () => stack('template.json'))));
  expect(refusal()).toContain('it has more than 2000 manifests and templates');
});

test('many assemblies that list the same assemblies again are refused', () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    mkdirSync(path.join(app, name));
    write(`${name}/manifest.json`, manifest(...['a', 'b', 'c', 'd', 'e'].filter((other) => other > name).flatMap((other) => Array(10).fill(nested(`../${other}`)))));
  }
  write('manifest.json', manifest(nested('a')));
  expect(refusal()).toMatch(/has more than 2000 manifests|mirrors no images/);
});

test.each<[string, unknown]>([
  ['no JSON', '{'],
  ['nothing', ''],
  ['a list', []],
  ['null', 'null'],
  ['artifacts that are a text', { artifacts: 'hunter2' }],
  ['an artifact that is null', manifest(null)],
  ['an artifact without properties', manifest({ type: 'aws:cloudformation:stack' })],
  ['a nested assembly without a folder', manifest({ type: 'cdk:cloud-assembly', properties: null })],
  ['a path that is a number', manifest(stack(7))],
  ['a path that is empty', manifest(stack(''))],
  ['a path that is a folder', manifest(stack('.'))],
  ['a path with a null character', manifest(stack('a\u0000b'))],
  ['a file that is missing', manifest(stack('missing.json'))],
  ['a terminal sequence', manifest(stack('\u001b[2J\u202e'))],
])('a manifest with %s is refused in one visible line', (_, content) => {
  write('manifest.json', content);
  const message = refusal();
  expect(message).toMatch(/cannot be read: |mirrors no images/);
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

const schedule = (Target: unknown) => ({ Type: 'AWS::Scheduler::Schedule', Properties: { Target } });
const override = (name: string, value: unknown) => JSON.stringify({ environmentVariablesOverride: [{ name, value }] });
const JOINS = `${'{"Fn::Join":["",['.repeat(20_000)}""${']]}'.repeat(20_000)}`;

test.each<[string, unknown]>([
  ['resources that are a text', { Resources: 'hunter2' }],
  ['a resource that is null', { Resources: { A: null } }],
  ['properties that are null', { Resources: { A: { Type: 'AWS::Scheduler::Schedule', Properties: null } } }],
  ['a target that is a text', { Resources: { A: schedule('x') } }],
  ['a join that is a text', { Resources: { A: schedule({ Input: { 'Fn::Join': 'x' } }) } }],
  ['a join of a text', { Resources: { A: schedule({ Input: { 'Fn::Join': ['', 'x'] } }) } }],
  ['an attribute that is a number', { Resources: { A: schedule({ Arn: { 'Fn::GetAtt': 7 }, Input: override('IMAGE', 'nginx') }) } }],
  ['a value that is an object', { Resources: { A: schedule({ Arn: {}, Input: override('IMAGE', {}) }) } }],
  ['variables that are an object', { Resources: { A: schedule({ Input: '{"environmentVariablesOverride":{}}' }) } }],
  ['variables that are null', { Resources: { A: schedule({ Input: '{"environmentVariablesOverride":[null]}' }) } }],
  ['an export that imports itself', {
    Resources: { A: schedule({ Arn: { 'Fn::ImportValue': 'x' }, Input: override('IMAGE', 'nginx') }) },
    Outputs: { O: { Export: { Name: 'x' }, Value: { 'Fn::ImportValue': 'x' } } },
  }],
  ['outputs that are null', { Resources: { A: schedule({ Arn: { 'Fn::ImportValue': 'x' }, Input: override('IMAGE', 'nginx') }) }, Outputs: { O: null } }],
  ['a project with variables that are a text', {
    Resources: {
      A: schedule({ Arn: { 'Fn::GetAtt': ['P', 'Arn'] }, Input: override('IMAGE', 'nginx') }),
      P: { Type: 'AWS::CodeBuild::Project', Properties: { Environment: { EnvironmentVariables: 'x' } } },
    },
  }],
  ['values in values without end', JSON.stringify({ Resources: { A: schedule({ Input: 'JOINS' }) } }).replace('"JOINS"', JOINS)],
])('a template with %s is refused in words, or has no images', (_, template) => {
  write('template.json', template);
  write('manifest.json', manifest(stack('template.json')));
  expect(refusal()).toMatch(/cannot be read: (a template refers to itself|a manifest or a template has a value of a wrong type)|mirrors no images/);
});

test('the command shows the problem without a stack trace', async () => {
  write('manifest.json', manifest(nested('.')));
  const { code, stderr } = await runCommand(['check', '--app', app]);
  expect(code).not.toBe(0);
  expect(stderr).toContain('"." contains itself');
  expect(stderr).not.toMatch(/\n\s+at /);
});
