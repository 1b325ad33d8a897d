import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { trustRootCommand } from '../../src/cli/commands/trust-root-command';
import sigstoreTrustRoot from '../../src/engine/admission/signatures/sigstore-trust-root.json';
import { LocalTrustRoots } from '../support/local-trust-roots';

const folder = mkdtempSync(path.join(tmpdir(), 'trust-root-'));
const rootPath = path.join(folder, 'root.json');
let repository: LocalTrustRoots;
let lines: string[];

beforeEach(async () => {
  repository = await new LocalTrustRoots(sigstoreTrustRoot).start();
  writeFileSync(rootPath, repository.root);
  lines = [];
  const keep = (...values: unknown[]) => {
    lines.push(String(values[0]));
  };
  jest.spyOn(console, 'log').mockImplementation(keep);
  jest.spyOn(console, 'error').mockImplementation(keep);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await repository.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(): Promise<number> {
  return trustRootCommand({}, { name: 'the test', mirrorURL: repository.url, rootPath });
}

test('the current trust root is printed as a JSON list', async () => {
  expect(await run()).toBe(0);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0].replaceAll('.000Z', 'Z'))).toEqual([sigstoreTrustRoot]);
});

test('a trust root that does not match its signed hash is not printed', async () => {
  const [name] = [...repository.files.keys()].filter((file) => file.startsWith('/targets/'));
  repository.files.set(name, repository.files.get(name)!.replace('rekor.sigstore.dev', 'evil0.sigstore.dev'));
  expect(await run()).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/^cannot read the trust root of the test: .+; allow HTTPS to 127\.0\.0\.1:\d+$/)]);
});

test('a repository that another key signs is refused', async () => {
  writeFileSync(rootPath, new LocalTrustRoots(sigstoreTrustRoot).root);
  expect(await run()).toBe(1);
  expect(lines).toEqual([expect.stringContaining('cannot read the trust root of the test')]);
});
