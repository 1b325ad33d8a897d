/** Manifests that two clients would read differently. */
import { readManifest } from '../../../src/engine/copy/manifest';
import { digestOf } from '../../../src/engine/digest';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types';

const MIB = 2 ** 20;
const digest = (character: string) => `sha256:${character.repeat(64)}`;
const CONFIG = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest('c'), size: 7 };
const INDEX = { schemaVersion: 2, manifests: [{ mediaType: OCI_MANIFEST, digest: digest('a'), size: 7 }] };

/** Reads JSON, or the text itself, under its true digest. */
function read(content: unknown, mediaType: string) {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return readManifest({ bytes, mediaType }, digestOf(bytes), 'quay.io');
}

test.each([
  ['the same list twice', '{"manifests":[],"manifests":[]}', 'has the field "manifests" twice in one object, and programs read different ones'],
  ['two lists that are alike but for case', '{"manifests":[],"Manifests":[]}', 'has the field "Manifests", which only some programs read as "manifests"'],
  ['a list in capitals alone', '{"MANIFESTS":[]}', 'has the field "MANIFESTS", which only some programs read as "manifests"'],
  ['a long s for an s', '{"manifests":[],"manife\\u017ft\\u017f":[]}', 'which only some programs read as "manifests"'],
  ['a long s that is not escaped', '{"manifests":[],"manifeſts":[]}', 'which only some programs read as "manifests"'],
  ['a digest twice in an entry', `{"manifests":[{"digest":"${digest('1')}","digest":"${digest('2')}"}]}`, 'has the field "digest" twice'],
  ['a digest in another case in an entry', `{"manifests":[{"digest":"${digest('1')}","Digest":"${digest('2')}"}]}`, 'has the field "Digest"'],
  ['a platform twice in an entry', '{"manifests":[{"platform":{},"platform":{}}]}', 'has the field "platform" twice'],
  ['an operating system in two cases', '{"manifests":[{"platform":{"os":"linux","OS":"windows"}}]}', 'has the field "OS"'],
  ['an escaped name beside the same name', '{"manifests":[],"manifest\\u0073":[]}', 'has the field "manifests" twice'],
  ['two subjects', '{"manifests":[],"subject":null,"Subject":null}', 'has the field "Subject"'],
  ['an annotation twice', '{"manifests":[],"annotations":{"a":"1","a":"2"}}', 'has the field "a" twice'],
  ['an unknown field twice', '{"manifests":[],"x":{"y":1,"y":2}}', 'has the field "y" twice'],
  ['the field __proto__ twice', '{"manifests":[],"__proto__":1,"__proto__":2}', 'has the field "__proto__" twice'],
  ['two names that are the same without valid surrogates', '{"manifests":[],"\\ud800":1,"\\udfff":2}', 'twice in one object'],
])('%s is refused, because clients would see different images under one digest', (_, content, problem) => {
  expect(() => read(content, OCI_INDEX)).toThrow(problem);
  expect(() => read(content, OCI_INDEX)).toThrow(expect.objectContaining({ reason: 'unsupported-manifest', retryable: false }));
});

test.each([
  ['layers twice', `{"config":${JSON.stringify(CONFIG)},"layers":[],"layers":[]}`, 'has the field "layers" twice'],
  ['a configuration in another case', `{"config":${JSON.stringify(CONFIG)},"Config":{}}`, 'has the field "Config"'],
])('an image with %s is refused', (_, content, problem) => {
  expect(() => read(content, OCI_MANIFEST)).toThrow(problem);
});

test.each(['annotations', 'Labels'])('keys of %s may be alike but for case', (name) => {
  const content = { ...INDEX, [name]: { Maintainer: 'a', maintainer: 'b', Manifests: 'c', OS: 'd' } };
  expect(read(content, OCI_INDEX).children).toEqual(INDEX.manifests);
});

test('names in the texts of a manifest are not fields', () => {
  const content = { ...INDEX, annotations: { a: '"manifests": [], "manifests": []', b: '\\', c: '{"Manifests":1}' } };
  expect(read(content, OCI_INDEX).children).toEqual(INDEX.manifests);
});

test('a byte order mark is refused, as Go does', () => {
  expect(() => read(`\ufeff${JSON.stringify(INDEX)}`, OCI_INDEX)).toThrow(/is not a JSON object$/);
});

test('an object with too many fields is refused', () => {
  const fields = Array.from({ length: 10_001 }, (_, index) => `"${index}":0`);
  expect(() => read(`{${fields.join()}}`, OCI_INDEX)).toThrow('has an object with more than 10000 fields');
});

test.each([
  ['opening brackets', '['.repeat(4 * MIB), 'has more than 100 nested levels'],
  ['objects in objects', '{"a":'.repeat(800_000), 'has more than 100 nested levels'],
  ['quotation marks', '"'.repeat(4 * MIB), 'is not a JSON object'],
  ['backslashes', `"${'\\'.repeat(4 * MIB)}`, 'is not a JSON object'],
  ['closing brackets', ']'.repeat(4 * MIB), 'is not a JSON object'],
  ['spaces after a text', `{"a"${' '.repeat(4 * MIB)}`, 'is not a JSON object'],
  ['texts with spaces', '"" '.repeat(MIB), 'is not a JSON object'],
  ['empty names', '"":'.repeat(MIB), 'is not a JSON object'],
])('4 MiB of %s are refused without delay', (_, content, problem) => {
  expect(() => read(content, OCI_INDEX)).toThrow(problem);
});

test.each(['0.5', '1.0', '1e3', '1E3', '1e300', '-1.5'])('the size %s is refused, as Go does', (size) => {
  const content = `{"config":${JSON.stringify(CONFIG)},"layers":[{"digest":"${digest('1')}","size" : ${size}}]}`;
  expect(() => read(content, OCI_MANIFEST)).toThrow(`has ${size} as "size", which must be an integer without an exponent`);
});
