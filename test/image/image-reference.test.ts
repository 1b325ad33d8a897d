import * as fc from 'fast-check';
import { DOCKER_HUB, familiarImageReference, formatImageReference, ImageReference, InvalidReferenceError, isDigest, isTag, isRepositoryOnly, parseImageReference, repositoryIn, shortDigest } from '../../src/image/image-reference';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('spellings', () => {
  test.each([
    // Docker Hub
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27.0', 'docker.io/library/nginx:1.27.0'],
    ['library/nginx', 'docker.io/library/nginx:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
    ['registry-1.docker.io/grafana/grafana', 'docker.io/grafana/grafana:latest'],
    ['registry.hub.docker.com/library/nginx', 'docker.io/library/nginx:latest'],
    ['DOCKER.IO/nginx', 'docker.io/library/nginx:latest'],
    ['Registry-1.Docker.IO/nginx', 'docker.io/library/nginx:latest'],
    ['grafana/grafana:11.1.0', 'docker.io/grafana/grafana:11.1.0'],
    ['library/deep/path', 'docker.io/library/deep/path:latest'],
    ['localhost', 'docker.io/library/localhost:latest'],
    ['localhost:5000', 'docker.io/library/localhost:5000'],
    ['docker.io', 'docker.io/library/docker.io:latest'],
    ['my_team/tool', 'docker.io/my_team/tool:latest'],
    ['10/x', 'docker.io/10/x:latest'],
    // Other hosts
    ['quay.io/prometheus/prometheus:v2.53.0', 'quay.io/prometheus/prometheus:v2.53.0'],
    ['QUAY.IO/prometheus/prometheus', 'quay.io/prometheus/prometheus:latest'],
    ['ghcr.io/a', 'ghcr.io/a:latest'],
    ['localhost/nginx', 'localhost/nginx:latest'],
    ['LOCALHOST/nginx', 'localhost/nginx:latest'],
    ['localhost:5000/nginx', 'localhost:5000/nginx:latest'],
    ['registry:5000/nginx:1', 'registry:5000/nginx:1'],
    ['registry.example.com:65535/a/b/c:x', 'registry.example.com:65535/a/b/c:x'],
    ['127.0.0.1:5000/a', '127.0.0.1:5000/a:latest'],
    ['[::1]/nginx', '[::1]/nginx:latest'],
    ['[::1]:5000/nginx:1', '[::1]:5000/nginx:1'],
    ['[2001:DB8::1]/nginx', '[2001:db8::1]/nginx:latest'],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable', '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable'],
    // Separators
    ['a__b', 'docker.io/library/a__b:latest'],
    ['a--b', 'docker.io/library/a--b:latest'],
    ['a.b/c', 'a.b/c:latest'],
    // Digests
    [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
    [`nginx:1.27.0@${DIGEST}`, `docker.io/library/nginx:1.27.0@${DIGEST}`],
    [`localhost:5000/nginx@${DIGEST}`, `localhost:5000/nginx@${DIGEST}`],
    [`[::1]:5000/nginx:1@${DIGEST}`, `[::1]:5000/nginx:1@${DIGEST}`],
  ])('%s means %s', (text, canonical) => {
    expect(formatImageReference(parseImageReference(text))).toBe(canonical);
  });

  test('tells registry, repository, tag and digest apart', () => {
    expect(parseImageReference(`QUAY.io:443/a/b:1@${DIGEST}`)).toEqual({ registry: 'quay.io:443', repository: 'a/b', tag: '1', digest: DIGEST });
  });

  test('a digest without a tag implies no tag', () => {
    expect(parseImageReference(`nginx@${DIGEST}`).tag).toBeUndefined();
  });

  test('a tag keeps its case', () => {
    expect(parseImageReference('minio/minio:RELEASE.2024-01-16T16-07-38Z').tag).toBe('RELEASE.2024-01-16T16-07-38Z');
  });

  test('another registry gets no library namespace', () => {
    expect(parseImageReference('quay.io/nginx').repository).toBe('nginx');
  });

  test.each([
    ['a tag of 128 characters', `nginx:${'t'.repeat(128)}`],
    ['a repository of 255 characters', `quay.io/${'r'.repeat(255)}`],
    ['a host label of 63 characters', `${'h'.repeat(63)}.io/nginx`],
  ])('takes %s', (_, text) => {
    expect(() => parseImageReference(text)).not.toThrow();
  });
});

describe('refusals', () => {
  test.each([
    ['nothing', '', 'it is empty; write for example "nginx:1.27.0"'],
    ['a scheme', 'https://quay.io/a', 'remove the scheme; use "quay.io/a"'],
    ['a scheme in capitals', 'DOCKER://nginx', 'remove the scheme'],
    ['a space', 'nginx latest', 'it contains a space, a control character or a character outside ASCII; remove it'],
    ['a space before', ' nginx', 'it contains a space'],
    ['a newline', 'nginx\n', 'a control character'],
    ['a null character', 'nginx\u0000', 'a control character'],
    ['an escape sequence', 'nginx\u001b[31m', 'a control character'],
    ['a delete character', 'nginx\u007f', 'a control character'],
    ['a letter outside ASCII', 'caf\u00e9', 'a character outside ASCII'],
    ['a letter that looks like ASCII', 'ngin\u0445', 'a character outside ASCII'],
    ['a shell command', 'nginx;id', 'must be lowercase letters and digits'],
    ['a command substitution', '$(id)', 'must be lowercase letters and digits'],
    ['two digests', `nginx@${DIGEST}@${DIGEST}`, 'it has more than one "@"'],
    ['a digest that is empty', 'nginx@', 'a digest must be "sha256:" and 64 lowercase hexadecimal digits'],
    ['a digest that is short', 'nginx@sha256:abc', 'a digest must be "sha256:" and 64 lowercase hexadecimal digits'],
    ['a digest in capitals', `nginx@${DIGEST.toUpperCase()}`, 'a digest must be "sha256:"'],
    ['a digest of another kind', `nginx@sha512:${'a'.repeat(128)}`, 'a digest must be "sha256:"'],
    ['a tag that is empty', 'nginx:', 'the tag "" must be 1 to 128 letters'],
    ['a tag that starts with a full stop', 'nginx:.1', 'the tag ".1" must be 1 to 128 letters, digits, "_", "." or "-", and must not start with "." or "-"'],
    ['a tag that starts with a hyphen', 'nginx:-1', 'the tag "-1" must be'],
    ['a tag that is too long', `nginx:${'t'.repeat(129)}`, 'must be 1 to 128 letters'],
    ['a tag with a plus', 'nginx:1.0+build', 'the tag "1.0+build" must be'],
    ['two tags', 'nginx:1:2', 'the repository "library/nginx:1" must be lowercase letters'],
    ['a repository in capitals', 'Nginx', 'repository names must be lowercase; use "nginx"'],
    ['a namespace in capitals, which is no host', 'Quay/a', 'repository names must be lowercase; use "quay/a"'],
    ['a repository in capitals elsewhere', 'quay.io/Prometheus/prometheus', 'repository names must be lowercase; use "quay.io/prometheus/prometheus"'],
    ['the ID of a local image', 'b'.repeat(64), 'it is the ID of a local image'],
    ['an IPv6 address with an IPv4 address in it', '[::ffff:1.2.3.4]/a', '"[::ffff:1.2.3.4]" is not a valid registry host'],
    ['a repository that is too long', `quay.io/${'r'.repeat(256)}`, 'the repository is longer than 255 characters'],
    ['no repository', 'quay.io/', 'the repository "" must be lowercase letters and digits'],
    ['an empty path component', 'quay.io/a//b', 'the repository "a//b" must be'],
    ['a slash before', '/nginx', 'the repository "/nginx" must be'],
    ['a slash behind', 'grafana/', 'the repository "grafana/" must be'],
    ['a parent folder', 'quay.io/../a', 'the repository "../a" must be'],
    ['an encoded slash', 'quay.io/a%2fb', 'the repository "a%2fb" must be'],
    ['a query', 'quay.io/a?b=c', 'the repository "a?b=c" must be'],
    ['two full stops', 'a..b', 'the repository "library/a..b" must be'],
    ['three underscores', 'a___b', 'the repository "library/a___b" must be'],
    ['a separator before', 'quay.io/-a', 'the repository "-a" must be'],
    ['a separator behind', 'quay.io/a-', 'the repository "a-" must be'],
  ])('refuses %s', (_, text, problem) => {
    expect(() => parseImageReference(text)).toThrow(InvalidReferenceError);
    expect(() => parseImageReference(text)).toThrow(problem);
  });

  test('refuses more than 1024 characters, and does not repeat them all', () => {
    const message = messageOf('a'.repeat(1025));
    expect(message).toContain('it is longer than 1024 characters');
    expect(message.length).toBeLessThan(400);
  });

  test('names the value, quoted', () => {
    expect(messageOf('quay.io/a b')).toMatch(/^invalid image reference "quay\.io\/a b": /);
  });

  test('shows control characters of the value escaped', () => {
    expect(messageOf('nginx\n\u001b[2K')).toContain('"nginx\\n\\u001b[2K"');
  });

  test('the error has a name of its own', () => {
    expect(new InvalidReferenceError('x', 'y').name).toBe('InvalidReferenceError');
  });
});

describe('properties', () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
  const component = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
  const host = fc.tuple(fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.')), fc.option(fc.integer({ min: 1, max: 65_535 })))
    .map(([name, port]) => port === null ? name : `${name}:${port}`);
  const otherReference: fc.Arbitrary<ImageReference> = fc.record({
    registry: host,
    repository: fc.array(component, { minLength: 1, maxLength: 4 }).map((components) => components.join('/')),
    tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,30}$/),
    digest: fc.option(fc.constant(DIGEST), { nil: undefined }),
  });
  const hubReference: fc.Arbitrary<ImageReference> = fc.record({
    registry: fc.constant(DOCKER_HUB),
    repository: fc.tuple(fc.oneof(fc.constantFrom('library', 'localhost'), component), component).map((components) => components.join('/')),
    tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,30}$/),
    digest: fc.option(fc.constant(DIGEST), { nil: undefined }),
  });
  const reference = fc.oneof(otherReference, hubReference);
  /** Texts near the grammar reach further into the parser than random ones. */
  const nearReference = fc.array(fc.constantFrom(
    'a', 'Z', '0', '.', '_', '-', '/', ':', '@', '[', ']', '::1', 'localhost', 'docker.io', 'quay.io', 'library/', 'sha256:', DIGEST, ':5000', ':99999', ' ', '\n', '%', '\u202e', '://',
  ), { maxLength: 20 }).map((pieces) => pieces.join(''));

  test('what is formatted parses back to the same fields', () => {
    fc.assert(fc.property(reference, (one) => {
      expect(parseImageReference(formatImageReference(one))).toEqual(one);
    }));
  });

  test('the familiar spelling parses back to the same fields', () => {
    fc.assert(fc.property(reference, (one) => {
      expect(parseImageReference(familiarImageReference(one))).toEqual(one);
    }));
  });

  test('the case of the host makes no difference', () => {
    fc.assert(fc.property(otherReference, (one) => {
      const { registry, ...rest } = one;
      expect(parseImageReference(formatImageReference({ registry: registry.toUpperCase(), ...rest }))).toEqual(one);
    }));
  });

  test('any text is a reference or an InvalidReferenceError', () => {
    fc.assert(fc.property(fc.oneof(nearReference, fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
      const parsed = parsedOrRefused(text);
      if (parsed instanceof InvalidReferenceError) return;
      expect(parsed.registry).toBe(parsed.registry.toLowerCase());
      expect(parsed.repository).toMatch(/^[a-z0-9._/-]+$/);
      expect(parsed.tag ?? parsed.digest).toBeDefined();
    }), { numRuns: 2000 });
  });

  // A pattern that backtracks exponentially would outlast the test's time limit by ages.
  test.each([
    ['letters', `${'a'.repeat(1000)}!`],
    ['hyphens', '-'.repeat(1024)],
    ['hyphens behind a letter', `a${'-'.repeat(1000)}!`],
    ['pairs of letter and hyphen', `${'a-'.repeat(500)}!`],
    ['pairs of letter and hyphen, and no end', 'a-'.repeat(500)],
    ['underscores', `a${'_'.repeat(1000)}`],
    ['slashes', '/'.repeat(1024)],
    ['short components', `${'a/'.repeat(500)}!`],
    ['host labels', `${'a.'.repeat(500)}/!`],
    ['host labels with hyphens', `${'a-a.'.repeat(250)}/!`],
    ['a long host label', `${'a-'.repeat(500)}.b/c`],
    ['colons', ':'.repeat(1024)],
    ['an IPv6 address', `[${':'.repeat(1000)}]/a`],
    ['scheme characters', `${'a+'.repeat(500)}:`],
    ['a tag', `a:${'.'.repeat(1000)}`],
  ])('refuses a thousand %s without delay', (_, text) => {
    expect(parsedOrRefused(text)).toBeInstanceOf(InvalidReferenceError);
  });
});

describe('familiar spelling', () => {
  test.each([
    ['docker.io/library/nginx:stable', 'nginx:stable'],
    ['docker.io/grafana/grafana:11.1.0', 'grafana/grafana:11.1.0'],
    ['docker.io/library/deep/path:1', 'library/deep/path:1'],
    [`docker.io/library/nginx@${DIGEST}`, `nginx@${DIGEST}`],
    ['quay.io/library/nginx:1', 'quay.io/library/nginx:1'],
    ['docker.io/a.b/c:1', 'docker.io/a.b/c:1'],
    ['docker.io/localhost/c:1', 'docker.io/localhost/c:1'],
    ['docker.io.example.com/library/nginx:1', 'docker.io.example.com/library/nginx:1'],
  ])('of %s is %s', (canonical, familiar) => {
    expect(familiarImageReference(parseImageReference(canonical))).toBe(familiar);
  });
});

test.each(['latest', '1.27.0', '_', 'A-b_c.d', 't'.repeat(128)])('%s is a tag', (text) => {
  expect(isTag(text)).toBe(true);
});

test.each(['', '.a', '-a', 'a b', 'a/b', 'a:b', 'a\n', '\u00e9', 't'.repeat(129)])('%j is no tag', (text) => {
  expect(isTag(text)).toBe(false);
});

test('a sha256 digest is a digest', () => {
  expect(isDigest(DIGEST)).toBe(true);
});

test.each(['', 'sha256:', DIGEST.slice(0, -1), `${DIGEST}0`, DIGEST.toUpperCase(), `${DIGEST}\n`, `sha512:${'a'.repeat(128)}`])('%j is no digest', (text) => {
  expect(isDigest(text)).toBe(false);
});

test('a short digest is its first twelve digits', () => {
  expect(shortDigest(DIGEST)).toBe('0123456789ab');
});

function parsedOrRefused(text: string): ImageReference | InvalidReferenceError {
  try {
    return parseImageReference(text);
  } catch (error) {
    if (error instanceof InvalidReferenceError) return error;
    throw error;
  }
}

function messageOf(text: string): string {
  const outcome = parsedOrRefused(text);
  return outcome instanceof InvalidReferenceError ? outcome.message : '';
}

test.each([
  ['nginx', true, 'nginx'],
  ['nginx:stable', false, 'nginx'],
  ['registry.example.com:5000/team/app', true, 'registry.example.com:5000/team/app'],
  ['registry.example.com:5000/team/app:1.0.0', false, 'registry.example.com:5000/team/app'],
  [`nginx@sha256:${'a'.repeat(64)}`, false, 'nginx'],
])('%s may mean a repository: %s', (text, expected, repository) => {
  expect([isRepositoryOnly(text), repositoryIn(text)]).toEqual([expected, repository]);
});

describe('a web page or command that names an image', () => {
  const PAGES: [string, string][] = [
    ['https://hub.docker.com/_/nginx', 'nginx'], ['hub.docker.com/_/nginx', 'nginx'], ['hub.docker.com/_/nginx/tags', 'nginx'], ['hub.docker.com/nginx', 'nginx'],
    ['https://hub.docker.com/_/nginx?tab=tags#top', 'nginx'], ['https://HUB.docker.com:443/_/nginx/', 'nginx'], ['https://www.hub.docker.com/r/library/nginx', 'nginx'],
    ['hub.docker.com/r/grafana/grafana', 'grafana/grafana'], ['hub.docker.com/r/grafana/grafana:11.1.0', 'grafana/grafana:11.1.0'], ['hub.docker.com/grafana/grafana', 'grafana/grafana'],
    ['https://hub.docker.com/r/grafana/grafana/tags?page=1&name=11', 'grafana/grafana'], ['https://hub.docker.com/repository/docker/org/app/general', 'org/app'],
    ['https://hub.docker.com/layers/library/nginx/1.27/images/sha256-0123', 'nginx:1.27'], ['https://hub.docker.com/layers/grafana/grafana/11.1.0/images/sha256-0123?context=x', 'grafana/grafana:11.1.0'],
    ['https://quay.io/repository/prometheus/prometheus?tab=tags', 'quay.io/prometheus/prometheus'], ['quay.io/repository/prometheus/prometheus', 'quay.io/prometheus/prometheus'],
    ['https://gallery.ecr.aws/docker/library/redis', 'public.ecr.aws/docker/library/redis'], ['gallery.ecr.aws/docker/library/redis:7', 'public.ecr.aws/docker/library/redis:7'],
    ['https://github.com/orgs/x/packages/container/package/y', 'ghcr.io/x/y'], ['https://github.com/users/x/packages/container/y%2Fz/123?tag=1', 'ghcr.io/x/y/z'],
    ['https://github.com/x/repo/pkgs/container/y', 'ghcr.io/x/y'], ['https://gitlab.com/group/app/container_registry/12', 'registry.gitlab.com/group/app'],
    ['https://mcr.microsoft.com/en-us/product/dotnet/aspnet/tags', 'mcr.microsoft.com/dotnet/aspnet'], ['https://mcr.microsoft.com/artifact/mar/dotnet/aspnet/about', 'mcr.microsoft.com/dotnet/aspnet'],
    ['https://quay.io/prometheus/prometheus:v2.53.0', 'quay.io/prometheus/prometheus:v2.53.0'], ['oci://ghcr.io/a/b:1', 'ghcr.io/a/b:1'], ['docker://nginx', 'nginx'],
    ['docker pull nginx', 'nginx'], ['$ sudo docker pull --platform linux/amd64 nginx:1.27', 'nginx:1.27'], ['podman pull quay.io/a/b', 'quay.io/a/b'], ['FROM nginx:1', 'nginx:1'],
    ['docker pull https://hub.docker.com/_/nginx', 'nginx'], ['image: nginx', 'nginx'], ['- nginx', 'nginx'], ['  nginx', 'nginx'], ['nginx\n', 'nginx'], ['nginx:1.27\t', 'nginx:1.27'],
  ];
  test.each(PAGES)('%j is refused, and the error suggests %s', (text, image) => {
    expect(() => parseImageReference(text)).toThrow(new RegExp(`^invalid image reference .*; use ${JSON.stringify(image).replace(/[.]/g, '\\.')}$`));
  });

  test.each([
    'hub.docker.com/u/bitnami', 'https://hub.docker.com/', 'https://hub.docker.com/search?q=nginx', 'github.com/fluxcd/flux2', 'docker pull', 'docker pull x:y:z', 'ngin x', 'https://user:secret@quay.io/a/b',
  ])('%j is refused without a suggestion that could be wrong, and without a secret', (text) => {
    expect(() => parseImageReference(text)).toThrow(/^invalid image reference (?!.*; use ")(?!.*secret)/);
  });

  test.each(['registry.hub.docker.com/library/nginx', 'quay.io/repository/app', 'mcr.microsoft.com/dotnet/aspnet', 'hub.docker.company.com/a/b', 'registry.gitlab.com/a/b', 'hub.docker.com'])(
    '%s is an image', (text) => {
      expect(() => parseImageReference(text)).not.toThrow();
    },
  );
});
