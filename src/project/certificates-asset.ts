import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/** The identifier of the build's source with the certificates. */
export const CERTIFICATES_SOURCE = 'certificates';

/** The file name in the asset. It is always the same, so no shell reads the file name in the app. */
const FILE_NAME = 'certificates.pem';

/** The path of the certificates in a build, in shell syntax. */
export const CERTIFICATES_PATH = `$CODEBUILD_SRC_DIR_${CERTIFICATES_SOURCE}/${FILE_NAME}`;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Defines the asset with custom CA certificates.
 *
 * @param file the path of a PEM file
 * @throws Error when the file does not exist, when it contains no certificate or an invalid one, and when it contains a private key
 */
export function defineCertificatesAsset(scope: Construct, id: string, file: string): s3_assets.Asset {
  const certificates = readCertificates(file);
  // CodeBuild needs a zip file as its source from Amazon S3, and the CDK zips only folders.
  const folder = mkdtempSync(path.join(tmpdir(), 'certificates-'));
  writeFileSync(path.join(folder, FILE_NAME), certificates);
  const asset = new s3_assets.Asset(scope, id, { path: folder });
  // Without asset staging, the CDK reads the folder during the deployment.
  if (!scope.node.tryGetContext(cxapi.DISABLE_ASSET_STAGING_CONTEXT)) rmSync(folder, { recursive: true });
  return asset;
}

function readCertificates(file: string): string {
  requireLiteral(file, 'certificateAuthorityPath', 'write the path of a file');
  const property = `certificateAuthorityPath ${quote(file)}`;
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(`${property} is not a file in ${quote(process.cwd())}; `
      + 'write the path of a PEM file, for example path.join(__dirname, "authority.pem")');
  }
  const text = readFileSync(file, 'utf8');
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new Error(`${property} contains a private key, which must stay secret; use a file that contains only certificates`);
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw new Error(`${property} contains no PEM certificate, which starts with "-----BEGIN CERTIFICATE-----"; `
      + 'convert the file, for example with openssl x509 -inform der');
  }
  const invalid = certificates.findIndex((certificate) => !isCertificate(certificate));
  if (invalid !== -1) throw new Error(`certificate ${invalid + 1} of ${certificates.length} in ${property} is not valid; export it again`);
  // Keep only the certificates, in a normalized form: comments and line endings must not change the asset.
  return certificates.map((certificate) => `${certificate.replace(/\r/g, '')}\n`).join('');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}
