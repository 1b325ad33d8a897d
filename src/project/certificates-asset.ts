import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/** The build's name for the source that holds the certificates. */
export const CERTIFICATES_SOURCE = 'certificates';

/** One name for every user's file: no shell ever sees the name that it has in the app. */
const FILE_NAME = 'certificates.pem';

/** Where a build finds the certificates, as a shell reads it. */
export const CERTIFICATES_PATH = `$CODEBUILD_SRC_DIR_${CERTIFICATES_SOURCE}/${FILE_NAME}`;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Defines the asset that holds the certificates of private authorities.
 *
 * @param file the file in PEM, of the app
 * @throws Error when there is no such file, when it holds no certificate or a broken one, and when it holds a private key
 */
export function defineCertificatesAsset(scope: Construct, id: string, file: string): s3_assets.Asset {
  const certificates = readCertificates(file);
  // CodeBuild takes a source from S3 as a zip file, and the CDK makes one of a folder only.
  const folder = mkdtempSync(path.join(tmpdir(), 'certificates-'));
  writeFileSync(path.join(folder, FILE_NAME), certificates);
  const asset = new s3_assets.Asset(scope, id, { path: folder });
  // Without staging, the CDK reads the folder when it deploys.
  if (!scope.node.tryGetContext(cxapi.DISABLE_ASSET_STAGING_CONTEXT)) rmSync(folder, { recursive: true });
  return asset;
}

function readCertificates(file: string): string {
  requireLiteral(file, 'certificateAuthorityPath', 'write the path of a file of the app');
  const named = `certificateAuthorityPath ${quote(file)}`;
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(`${named} is no file in ${quote(process.cwd())}; write the path of a file in PEM, for example path.join(__dirname, "authority.pem")`);
  }
  const text = readFileSync(file, 'utf8');
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new Error(`${named} holds a private key, which must not leave its owner; write the path of a file that holds certificates alone`);
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error(`${named} holds no certificate in PEM, which starts with "-----BEGIN CERTIFICATE-----"; convert it, for example with openssl x509 -inform der`);
  const broken = certificates.findIndex((certificate) => !isCertificate(certificate));
  if (broken !== -1) throw new Error(`${named} holds a certificate that cannot be read, number ${broken + 1} of ${certificates.length}; export it again`);
  // Only what was asked for, in one form: comments and line ends are no reason for another asset.
  return certificates.map((certificate) => `${certificate.replace(/\r/g, '')}\n`).join('');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}
