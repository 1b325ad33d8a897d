import * as fc from 'fast-check';
import { formatCatalogLocation, isObjectKey, isParameterName, parseCatalogLocation } from '../../../src/image/catalog/catalog-location';

test.each([
  ['ssm:/platform/images', { parameter: '/platform/images' }],
  ['ssm:images', { parameter: 'images' }],
  ['ssm:Team_1.list-a', { parameter: 'Team_1.list-a' }],
  ['s3://lists/images.yaml', { bucket: 'lists', key: 'images.yaml' }],
  ['s3://my.lists-1/a/b/..c/images.yaml', { bucket: 'my.lists-1', key: 'a/b/..c/images.yaml' }],
])('%s is a location, and written so', (text, location) => {
  expect(parseCatalogLocation(text)).toEqual(location);
  expect(formatCatalogLocation(location)).toBe(text);
});

test.each([
  '', 'images', 'ssm:', 'ssm:/', 'ssm://a', 'ssm:/a/', 'ssm:a b', 'ssm:a\n', 'ssm:arn:aws:ssm:eu-west-1:111122223333:parameter/a', `ssm:${'a'.repeat(1012)}`,
  's3://', 's3://lists', 's3://lists/', 's3:///key', 's3://Lists/key', 's3://lists//key', 's3://lists/a//b', 's3://lists/a/', 's3://lists/../other', 's3://lists/a/../b', 's3://lists/./b', 's3://lists/..',
  's3://lists/a b', 's3://lists/a%2e%2e', 's3://lists/a?versionId=1', 's3://lists/a#b', 's3://lists/é', `s3://lists/${'a'.repeat(1025)}`, 's3://user@lists/key', 's3://lists:80/key', 'https://lists.s3.amazonaws.com/key',
  'S3://lists/key', ' s3://lists/key',
])('%j is none', (text) => {
  expect(parseCatalogLocation(text)).toBeUndefined();
});

test('whatever the location, the address of the object stays in its bucket and is spelt as it is', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z./_%-]{1,20}$/), fc.webPath()), (key) => {
    const location = parseCatalogLocation(`s3://lists/${key}`);
    fc.pre(location !== undefined);
    expect(new URL(`https://s3.eu-west-1.amazonaws.com/lists/${key}`).pathname).toBe(`/lists/${key}`);
    expect(encodeURI(key)).toBe(key);
  }));
});

test('whatever the text, it is judged', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect([true, false]).toEqual(expect.arrayContaining([isParameterName(text), isObjectKey(text)]));
  }));
});
