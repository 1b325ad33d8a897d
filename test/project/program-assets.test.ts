import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { defineEngineAsset, PROGRAMS_FOLDER } from '../../src/project/program-assets';

test('the programs are at the root of the package, where sources and compiled sources find it alike', () => {
  const root = path.join(__dirname, '..', '..');
  expect(PROGRAMS_FOLDER).toBe(path.join(root, 'assets'));
  expect(path.join(root, 'lib', 'project', '..', '..', 'assets')).toBe(PROGRAMS_FOLDER);
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
