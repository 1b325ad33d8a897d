import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Token } from 'aws-cdk-lib';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';
import { listOf, mapAll, requireShape, text } from '../synthesis/shapes';

/** The identifier of the build's source with the trust roots. */
export const TRUST_ROOT_SOURCE = 'trust_roots';

/** The file name in the asset. It is always the same, so no shell reads the file name in the app. */
const FILE_NAME = 'trust-roots.json';

/** The path of the trust roots in a build, in shell syntax. */
export const TRUST_ROOT_PATH = `$CODEBUILD_SRC_DIR_${TRUST_ROOT_SOURCE}/${FILE_NAME}`;

/** The paths, for callers without a compiler. */
const PATHS = listOf(text('trusted_root.json'), '"trusted_root.json"');

/** A trust root of Sigstore has 7 kB. */
const MAX_FILE_LENGTH = 1_000_000;

const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(\.v0\.[0-9]+)?\+json(;version=0\.[0-9]+)?$/;

/**
 * Defines the asset with the trust roots for signatures.
 *
 * @param files the paths of JSON files, with a trust root in each; a file can also have a trust root in each line
 * @throws Error with all mistakes, for example a file that does not exist or is not a trust root
 */
export function defineTrustRootAsset(scope: Construct, id: string, files: readonly string[]): s3_assets.Asset {
  if (Token.isUnresolved(files)) throw new Error('trustRootPaths must be known at synthesis, but it is a list token; write the paths as strings');
  requireShape('trustRootPaths', files, PATHS);
  if (files.length === 0) throw new Error('trustRootPaths is empty; write the path of a file, or omit it to use the trust root of this library');
  const roots = mapAll('trustRootPaths', files, readTrustRoots).flat();
  // CodeBuild needs a zip file as its source from Amazon S3, and the CDK zips only folders.
  const folder = mkdtempSync(path.join(tmpdir(), 'trust-roots-'));
  writeFileSync(path.join(folder, FILE_NAME), `${JSON.stringify(roots)}\n`);
  const asset = new s3_assets.Asset(scope, id, { path: folder });
  // Without asset staging, the CDK reads the folder during the deployment.
  if (!scope.node.tryGetContext(cxapi.DISABLE_ASSET_STAGING_CONTEXT)) rmSync(folder, { recursive: true });
  return asset;
}

function readTrustRoots(file: string): object[] {
  requireLiteral(file, 'trustRootPaths', 'write the path of a file');
  const property = `the file ${quote(file)} of trustRootPaths`;
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(`${property} does not exist in ${quote(process.cwd())}; write a path such as path.join(__dirname, "trusted_root.json")`);
  }
  const content = readFileSync(file, 'utf8');
  if (content.length > MAX_FILE_LENGTH) throw new Error(`${property} has more than ${MAX_FILE_LENGTH} characters; use a file with a trust root only`);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(content)) {
    throw new Error(`${property} contains a private key, which must stay secret; use a file with a trust root only`);
  }
  const roots = parse(content) ?? content.split('\n').filter((line) => line.trim() !== '').map(parse);
  const list = Array.isArray(roots) ? roots : [roots];
  if (list.length > 0 && list.every(isTrustRoot)) return list as object[];
  throw new Error(`${property} is not a trust root of Sigstore, which is a JSON object with "mediaType", "tlogs", and "certificateAuthorities"; `
    + 'use the file trusted_root.json of the Sigstore instance, or the output of gh attestation trusted-root');
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return undefined;
  }
}

/** The engine validates the contents. This check finds files of another kind. */
function isTrustRoot(value: unknown): boolean {
  const { certificateAuthorities, mediaType, timestampAuthorities, tlogs } = Object(value) as { readonly [name: string]: unknown };
  const lists = [certificateAuthorities, timestampAuthorities, tlogs].filter((list) => list !== undefined);
  return MEDIA_TYPE.test(String(mediaType)) && lists.length > 0 && lists.every((list) => Array.isArray(list));
}
