import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { defineEngineAsset, ENGINE_FOLDER } from '../../src/project/program-assets';

test('the engine is at the root of the package, where sources and compiled sources find it alike', () => {
  const root = path.join(__dirname, '..', '..');
  expect(ENGINE_FOLDER).toBe(path.join(root, 'assets', 'engine'));
  expect(path.join(root, 'lib', 'infrastructure', '..', '..', 'assets', 'engine')).toBe(ENGINE_FOLDER);
  expect(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).name).toBe('cdk-ecr-mirror');
});

test('the asset is a zip file, which CodeBuild unpacks', () => {
  expect(defineEngineAsset(new Stack(new App(), 'Stack'), 'Engine').isZipArchive).toBe(true);
});

test('fails with the remedy when the engine was not bundled', () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'engine-'));
  try {
    expect(() => defineEngineAsset(new Stack(new App(), 'Stack'), 'Engine', empty)).toThrow(/^the engine is not bundled: ".*mirror\.js" does not exist; run "npx projen bundle"$/);
  } finally {
    rmSync(empty, { recursive: true });
  }
});
