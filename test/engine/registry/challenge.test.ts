import * as fc from 'fast-check';
import { parseChallenge } from '../../../src/engine/registry/challenge';

test.each([
  [
    'Docker Hub',
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
    { scheme: 'bearer', realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:library/nginx:pull' },
  ],
  [
    'GHCR',
    'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
    { scheme: 'bearer', realm: 'https://ghcr.io/token', service: 'ghcr.io', scope: 'repository:user/image:pull' },
  ],
  [
    'Quay',
    'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:prometheus/prometheus:pull"',
    { scheme: 'bearer', realm: 'https://quay.io/v2/auth', service: 'quay.io', scope: 'repository:prometheus/prometheus:pull' },
  ],
  [
    'Amazon ECR',
    'Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
    { scheme: 'basic' },
  ],
  [
    'Amazon ECR Public',
    'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
    { scheme: 'bearer', realm: 'https://public.ecr.aws/token/', service: 'public.ecr.aws', scope: 'aws' },
  ],
  [
    'GitLab',
    'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:group/project:pull",error="invalid_token"',
    { scheme: 'bearer', realm: 'https://gitlab.com/jwt/auth', service: 'container_registry', scope: 'repository:group/project:pull' },
  ],
  [
    'Harbor',
    'Bearer realm="https://harbor.example.com/service/token",service="harbor-registry",scope="repository:library/nginx:pull,push"',
    { scheme: 'bearer', realm: 'https://harbor.example.com/service/token', service: 'harbor-registry', scope: 'repository:library/nginx:pull,push' },
  ],
  [
    'Artifact Registry',
    'Bearer realm="https://europe-docker.pkg.dev/v2/token",service="europe-docker.pkg.dev",scope="repository:project/repository/image:pull"',
    {
      scheme: 'bearer',
      realm: 'https://europe-docker.pkg.dev/v2/token',
      service: 'europe-docker.pkg.dev',
      scope: 'repository:project/repository/image:pull',
    },
  ],
  ['a registry with htpasswd', 'Basic realm="Registry Realm"', { scheme: 'basic' }],
])('reads the challenge of %s', (_, header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});

test.each([
  ['the scheme in any case', 'bEaReR realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
  ['names in any case', 'Bearer REALM="https://a/t",Service="s"', { scheme: 'bearer', realm: 'https://a/t', service: 's' }],
  ['values without quotes', 'Bearer realm=token,service=s', { scheme: 'bearer', realm: 'token', service: 's' }],
  ['space around signs', 'Bearer  realm = "https://a/t" ,  service = "s"', { scheme: 'bearer', realm: 'https://a/t', service: 's' }],
  ['commas in quotes', 'Bearer realm="https://a/t",scope="repository:x:pull,push",service="a, b"', { scheme: 'bearer', realm: 'https://a/t', scope: 'repository:x:pull,push', service: 'a, b' }],
  ['escapes in quotes', 'Bearer realm="https://a/t",service="say \\"hi\\" \\\\"', { scheme: 'bearer', realm: 'https://a/t', service: 'say "hi" \\' }],
  ['another scheme in quotes', 'Basic realm="Bearer realm=\\"https://evil/t\\""', { scheme: 'basic' }],
  ['parameters that it does not know', 'Bearer error="x",realm="https://a/t",foo=bar', { scheme: 'bearer', realm: 'https://a/t' }],
  ['a parameter twice, of which the last counts', 'Bearer realm="https://a/t",realm="https://b/t"', { scheme: 'bearer', realm: 'https://b/t' }],
  ['a parameter twice, of which the last is blank', 'Bearer realm="https://a/t",realm=""', { scheme: 'bearer', realm: 'https://a/t' }],
  ['a blank scope as none', 'Bearer realm="https://a/t",service="s",scope=""', { scheme: 'bearer', realm: 'https://a/t', service: 's' }],
  ['a blank service as none', 'Bearer realm="https://a/t",service="",scope="x"', { scheme: 'bearer', realm: 'https://a/t', scope: 'x' }],
  ['a scope of spaces as none', 'Bearer realm="https://a/t",scope="  "', { scheme: 'bearer', realm: 'https://a/t' }],
  ['values that are missing as none', 'Bearer realm="https://a/t",scope=,service=', { scheme: 'bearer', realm: 'https://a/t' }],
  ['what stands behind a missing value', 'Bearer scope=, realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
  ['addresses and scopes without quotes', 'Bearer realm=https://a/t?x=y,service=a.b:1,scope=repository:x:pull', { scheme: 'bearer', realm: 'https://a/t?x=y', service: 'a.b:1', scope: 'repository:x:pull' }],
  ['parameters without commas', 'Bearer realm="https://a/t" service="s" scope="x"', { scheme: 'bearer', realm: 'https://a/t', service: 's', scope: 'x' }],
  ['parameters with semicolons', 'Bearer realm="https://a/t";service=s; scope="x"', { scheme: 'bearer', realm: 'https://a/t', service: 's', scope: 'x' }],
  ['a comma behind the scheme', 'Bearer, realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
  ['an error before and behind', 'Bearer error="invalid_token",realm="https://a/t",error_description="say \\"no\\", please",scope="x"', { scheme: 'bearer', realm: 'https://a/t', scope: 'x' }],
  ['several scopes', 'Bearer realm="https://a/t",scope="repository:x:pull repository(plugin):y:pull,push"', { scheme: 'bearer', realm: 'https://a/t', scope: 'repository:x:pull repository(plugin):y:pull,push' }],
  ['a scheme in upper case', 'BEARER realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
  ['tabs', 'Bearer\trealm="https://a/t",\tservice="s"', { scheme: 'bearer', realm: 'https://a/t', service: 's' }],
  ['empty list elements', ', ,Bearer realm="https://a/t", ,service="s",', { scheme: 'bearer', realm: 'https://a/t', service: 's' }],
  ['Basic without a realm', 'Basic', { scheme: 'basic' }],
  ['what stands behind a scheme with a value of its own', 'Negotiate abc==, Bearer realm="https://a/b"', { scheme: 'bearer', realm: 'https://a/b' }],
])('reads %s', (_, header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});

test.each([
  ['before', 'Bearer realm="https://a/t",service="s", Basic realm="r"'],
  ['behind', 'Basic realm="r", Bearer realm="https://a/t",service="s"'],
  ['behind one that it does not know', 'Digest realm="d",nonce="n", Bearer realm="https://a/t",service="s"'],
])('prefers Bearer %s Basic', (_, header) => {
  expect(parseChallenge(header)).toEqual({ scheme: 'bearer', realm: 'https://a/t', service: 's' });
});

test.each(['', 'realm="",'])('falls back to Basic when Bearer names no realm: %s', (realm) => {
  expect(parseChallenge(`Bearer ${realm}service="s", Basic realm="r"`)).toEqual({ scheme: 'basic' });
});

test('gives a scheme no parameters of another', () => {
  expect(parseChallenge('Bearer realm="https://a/t", Basic service="of basic"')).toEqual({ scheme: 'bearer', realm: 'https://a/t' });
});

test.each([
  ['no header', undefined],
  ['an empty header', ''],
  ['only separators', ' , ,, '],
  ['a scheme that it cannot answer', 'Digest realm="d",nonce="n"'],
  ['Bearer without a realm', 'Bearer service="s"'],
  ['Bearer with a blank realm', 'Bearer realm="",service="s"'],
  ['Bearer with a realm of spaces', 'Bearer realm="  "'],
  ['a realm that does not end', 'Bearer realm="https://a/t'],
  ['parameters of no scheme', 'realm="https://a/t"'],
  ['an equals sign alone', '= = ='],
  ['HTML', '<html><body>401</body></html>'],
  ['a header that is too long', `Bearer realm="https://a/t",service="${'s'.repeat(8192)}"`],
])('finds nothing to answer in %s', (_, header) => {
  expect(parseChallenge(header)).toBeUndefined();
});

test('reads any challenge that it is given in form', () => {
  const value = fc.string({ maxLength: 30 }).filter((text) => !/[\r\n]/.test(text) && text.trim() !== '');
  fc.assert(fc.property(value, value, value, (realm, service, scope) => {
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    expect(parseChallenge(`Bearer realm=${quoted(realm)},service=${quoted(service)},scope=${quoted(scope)}`)).toEqual({ scheme: 'bearer', realm, service, scope });
  }));
});

test('makes a challenge or nothing of any text', () => {
  const piece = fc.constantFrom('Bearer', 'Basic', 'realm', 'service', '=', '"', '\\', ',', ' ', 'https://a/t', '\t', '\u0000', '\u00e9', 'x');
  const header = fc.oneof(fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')), fc.string({ unit: 'binary', maxLength: 200 }));
  fc.assert(fc.property(header, (text) => {
    expect([undefined, 'basic', 'bearer']).toContain(parseChallenge(text)?.scheme);
  }), { numRuns: 2000 });
});

// Patterns that backtrack would outlast the test's time limit by ages.
test.each([
  ['backslashes', `Bearer realm="${'\\'.repeat(8000)}`],
  ['quotation marks', `Digest realm=${'"'.repeat(8000)}`],
  ['escaped quotation marks', `Bearer realm="${'\\"'.repeat(4000)}`],
  ['spaces', `Bearer${' '.repeat(8000)}=`],
  ['commas', ','.repeat(8192)],
  ['schemes', 'a '.repeat(4096)],
])('makes nothing of thousands of %s, without delay', (_, header) => {
  expect(parseChallenge(header)).toBeUndefined();
});
