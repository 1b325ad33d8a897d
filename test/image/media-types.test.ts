import {
  ACCEPTED_MANIFESTS, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST,
  isIndexType, isManifestType, isNonDistributableType, isSchema1Type, OCI_INDEX, OCI_MANIFEST,
} from '../../src/image/media-types';

test.each([OCI_INDEX, DOCKER_MANIFEST_LIST])('%s is an index and no manifest', (type) => {
  expect([isIndexType(type), isManifestType(type)]).toEqual([true, false]);
});

test.each([OCI_MANIFEST, DOCKER_MANIFEST])('%s is a manifest and no index', (type) => {
  expect([isIndexType(type), isManifestType(type)]).toEqual([false, true]);
});

test.each(['', 'application/json', 'application/vnd.oci.image.config.v1+json', `${OCI_INDEX}; charset=utf-8`, OCI_MANIFEST.toUpperCase()])('%j is neither', (type) => {
  expect([isIndexType(type), isManifestType(type)]).toEqual([false, false]);
});

test.each([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
])('%s is schema 1', (type) => {
  expect(isSchema1Type(type)).toBe(true);
});

test.each([OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST])('%s is not schema 1', (type) => {
  expect(isSchema1Type(type)).toBe(false);
});

test.each([
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
])('%s stays at its own address', (type) => {
  expect(isNonDistributableType(type)).toBe(true);
});

test.each([
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.container.image.v1+json',
  '',
])('%j is copied', (type) => {
  expect(isNonDistributableType(type)).toBe(false);
});

test('a request for a manifest accepts all four kinds, and schema 1 never', () => {
  const accepted = ACCEPTED_MANIFESTS.split(', ');
  expect(new Set(accepted)).toEqual(new Set([OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST]));
  expect(accepted.some(isSchema1Type)).toBe(false);
});
