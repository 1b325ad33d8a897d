/** Signatures that the real cosign makes, with keys and without a network. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { fileOf, isBuilt } from './tools';
import { CheckedSignatures } from '../support/checked-signatures';
import { cosignTag } from '../support/fixture-images';
import { keySigner } from '../support/signing-services';

const execute = promisify(execFile);
const describeWithCosign = isBuilt('cosign') ? describe : describe.skip;

describeWithCosign('cosign', () => {
  const setup = new CheckedSignatures();
  const folder = mkdtempSync(path.join(tmpdir(), 'cosign-'));
  let pem: string;

  beforeAll(async () => {
    await setup.start();
    await run('generate-key-pair', '--output-key-prefix', 'test');
    pem = readFileSync(path.join(folder, 'test.pub'), 'utf8');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await setup.close();
  });
  beforeEach(() => setup.reset());

  /** Runs cosign without a home, so that it finds no settings of the user. */
  function run(...words: string[]): Promise<unknown> {
    return execute(fileOf('cosign'), words, { cwd: folder, env: { HOME: folder, COSIGN_PASSWORD: '' }, timeout: 100_000 });
  }

  function cosign(command: string, ...options: string[]): Promise<unknown> {
    const offline = ['--key', 'test.key', '--use-signing-config=false', '--tlog-upload=false', '--yes'];
    return run(command, ...offline, ...options, `${setup.upstream.host}/acme/app@${setup.image.digest}`);
  }

  const tags = () => [...setup.upstream.repository('acme/app').tags.keys()].filter((tag) => tag !== 'latest');

  test('a bundle of cosign 3 passes with its key, and not with another one', async () => {
    await cosign('sign');
    expect(tags()).toEqual([]);
    expect(await setup.check({ kind: 'key', pem })).toMatchObject({ passed: true });
    expect(await setup.check({ kind: 'key', pem: keySigner().pem })).toMatchObject({ passed: false, heldBy: 'invalid-signature' });
    expect(await setup.check({ kind: 'key', pem, logs: 1 })).toMatchObject({ passed: false, heldBy: 'invalid-signature' });
  });

  test('a signature under the tag .sig passes', async () => {
    await cosign('sign', '--new-bundle-format=false');
    expect(tags()).toEqual([cosignTag(setup.image.digest)]);
    expect(await setup.check({ kind: 'key', pem })).toMatchObject({ passed: true });
  });

  test('an attestation under the tag .att passes only if it is a signature', async () => {
    writeFileSync(path.join(folder, 'predicate.json'), '{}');
    const attest = (type: string) => cosign('attest', '--new-bundle-format=false', '--predicate', 'predicate.json', '--type', type);
    await attest('https://in-toto.io/attestation/test-result/v0.1');
    expect(tags()).toEqual([cosignTag(setup.image.digest, 'att')]);
    expect(await setup.check({ kind: 'key', pem })).toMatchObject({ passed: false, heldBy: 'unsigned' });
    await attest('https://sigstore.dev/cosign/sign/v1');
    expect(await setup.check({ kind: 'key', pem })).toMatchObject({ passed: true });
  });
});
