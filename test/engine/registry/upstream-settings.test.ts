import fc from 'fast-check';
import { MirrorError } from '../../../src/engine/mirror-error';
import { readUpstreamSettings } from '../../../src/engine/registry/upstream-settings';

const LOCATION = { registry: 'docker.io', repository: 'library/nginx' };
const read = (rules: unknown) => readUpstreamSettings(JSON.stringify(rules));

test.each([undefined, '', '[]', '[{"registry":"quay.io","endpoint":"mirror.example.com"}]'])('%j leaves a registry as it is', (text) => {
  expect(readUpstreamSettings(text).locate(LOCATION)).toEqual(LOCATION);
});

test.each([
  ['artifactory.example.com/docker-remote', 'artifactory.example.com', 'docker-remote/library/nginx'],
  ['harbor.example.com:8443/proxy/hub', 'harbor.example.com:8443', 'proxy/hub/library/nginx'],
  ['docker-remote.example.com', 'docker-remote.example.com', 'library/nginx'],
  ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub', '111122223333.dkr.ecr.eu-west-1.amazonaws.com', 'docker-hub/library/nginx'],
])('the endpoint %s is another registry with a path', (endpoint, registry, repository) => {
  expect(read([{ registry: 'docker.io', endpoint }]).locate(LOCATION)).toEqual({ registry, repository });
});

test('a registry with a similar name has no endpoint', () => {
  const settings = read([{ registry: 'quay.io', endpoint: 'mirror.example.com' }]);
  for (const registry of ['quay.io.example.com', 'quay.io:443', 'my.quay.io']) {
    expect(settings.locate({ registry, repository: 'a/b' })).toEqual({ registry, repository: 'a/b' });
  }
});

test.each([
  '{', '{}', 'null', '"docker.io"', '[null]', '[[]]', '[{}]', '[{"registry":"docker.io","endpoint":5}]', '[{"registry":"Docker.io","endpoint":"a.example.com"}]',
  '[{"registry":"docker.io","endpoint":"http://a.example.com"}]', '[{"registry":"docker.io","endpoint":"https://a.example.com"}]', '[{"registry":"docker.io","endpoint":"a.example.com/"}]',
  '[{"registry":"docker.io","endpoint":"a.example.com/../b"}]', '[{"registry":"docker.io","endpoint":"a.example.com/b?c=d"}]', '[{"registry":"docker.io","endpoint":"user:hunter2@a.example.com"}]',
  '[{"registry":"docker.io","endpoint":"a.example.com","unknown":1}]', '[{"registry":"docker.io","requestsPerSecond":0}]', '[{"registry":"docker.io","requestsPerSecond":1001}]',
  '[{"registry":"docker.io","requestsPerSecond":1.5}]', '[{"registry":"docker.io","requestsPerSecond":"5"}]', '[{"registry":"docker.io","requestsPerSecond":5,"endpoint":"a.example.com"}]',
  '[{"registry":"docker.io","reservedPulls":-1}]', '[{"registry":"docker.io","reservedPulls":100001}]', '[{"registry":"docker.io","reservedPulls":"5"}]', '[{"registry":"docker.io","reservedPulls":0.5}]',
  '[{"registry":"quay.io","reservedPulls":5}]', '[{"registry":"docker.io","reservedPulls":5,"endpoint":"a.example.com"}]', '[{"registry":"docker.io/library","endpoint":"a.example.com"}]',
  '[{"registry":"docker.io","endpoint":"a.example.com"},{"registry":"docker.io","endpoint":"b.example.com"}]',
  JSON.stringify(Array.from({ length: 101 }, (_, index) => ({ registry: `r${index}.example.com`, endpoint: 'a.example.com' }))),
])('%j is refused without its value', (text) => {
  expect(() => readUpstreamSettings(text)).toThrow(expect.objectContaining({
    reason: 'invalid-configuration', message: 'the variable MIRROR_REGISTRIES must be a JSON list of at most 100 objects with a registry and its settings, each for another registry',
  }));
});

test('any JSON is read, or refused as a MirrorError', () => {
  const rule = fc.record({ registry: fc.oneof(fc.jsonValue(), fc.constant('docker.io')), endpoint: fc.jsonValue() }, { requiredKeys: [] });
  fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.array(rule)), (value) => {
    try {
      read(value).locate(LOCATION);
    } catch (error) {
      expect(error).toBeInstanceOf(MirrorError);
    }
  }));
});
