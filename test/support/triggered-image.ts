/** What tests of customized images need: an image with `ONBUILD` instructions, and the credential of a registry. */
import { blobOf, digestOf } from './fixture-blob';
import { FixtureImage } from './fixture-images';
import { LocalEcr } from './local-ecr';
import { OCI_MANIFEST } from '../../src/image/media-types';

/** An image with an instruction for builds on it. */
export function withTriggers(platform: string): FixtureImage {
  const [os, architecture] = platform.split('/');
  const config = blobOf(JSON.stringify({ os, architecture, config: { OnBuild: ['RUN whoami'] }, rootfs: { type: 'layers', diff_ids: [] } }));
  const bytes = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.size }, layers: [],
  }));
  const manifest = { digest: digestOf(bytes), mediaType: OCI_MANIFEST, bytes };
  return { ...manifest, manifests: [manifest], blobs: [config], platform };
}

/** A new credential, as the API of the registry issues it. */
export function issueCredential(ecr: LocalEcr) {
  const [username, password] = Buffer.from(ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
  return { username, password };
}
