import * as fc from 'fast-check';
import { isTag, parseImageReference } from '../../src/image/image-reference';
import { DEFAULT_REPOSITORY_PREFIX, mirrorRepositoryName, mirrorTag, repositoryNameProblem, suffixedTag } from '../../src/image/repository-name';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('repository names', () => {
  test.each([
    ['nginx', 'mirror/nginx'],
    ['docker.io/library/nginx:stable', 'mirror/nginx'],
    [`nginx@${DIGEST}`, 'mirror/nginx'],
    ['grafana/grafana', 'mirror/grafana/grafana'],
    ['library/deep/path', 'mirror/library/deep/path'],
    ['quay.io/prometheus/prometheus:v2.53.0', 'mirror/quay.io/prometheus/prometheus'],
    ['quay.io/library/nginx', 'mirror/quay.io/library/nginx'],
    ['QUAY.IO/prometheus/prometheus', 'mirror/quay.io/prometheus/prometheus'],
    ['registry.example.com:5000/a/b', 'mirror/registry.example.com_5000/a/b'],
    ['registry.example.com-5000/a/b', 'mirror/registry.example.com-5000/a/b'],
    ['docker.io/registry.example.com_5000/a/b', 'mirror/docker.io/registry.example.com_5000/a/b'],
    ['docker.io/quay.io/prometheus', 'mirror/docker.io/quay.io/prometheus'],
    ['docker.io/localhost/nginx', 'mirror/docker.io/localhost/nginx'],
    ['docker.io/team_5000/nginx', 'mirror/docker.io/team_5000/nginx'],
    ['team:5000/nginx', 'mirror/team_5000/nginx'],
    ['docker.io/team_v5/nginx', 'mirror/team_v5/nginx'],
    ['docker.io/library/a.b', 'mirror/a.b'],
    ['docker.io:443/library/nginx', 'mirror/docker.io_443/library/nginx'],
    ['index.docker.io/library/nginx', 'mirror/nginx'],
    ['quay.io:0443/a', 'mirror/quay.io_443/a'],
    ['localhost/nginx', 'mirror/localhost/nginx'],
    ['public.ecr.aws/docker/library/busybox', 'mirror/public.ecr.aws/docker/library/busybox'],
    ['team/a__b', 'mirror/team/a__b'],
    ['team/a--b', 'mirror/team/a--b'],
  ])('%s becomes %s', (image, name) => {
    expect(mirrorRepositoryName(parseImageReference(image))).toBe(name);
  });

  test.each([
    ['platform', 'platform/nginx'],
    ['team/images', 'team/images/nginx'],
    ['', 'nginx'],
  ])('with the prefix %j, nginx becomes %s', (prefix, name) => {
    expect(mirrorRepositoryName(parseImageReference('nginx'), prefix)).toBe(name);
  });

  test('the prefix is "mirror" by default', () => {
    expect(DEFAULT_REPOSITORY_PREFIX).toBe('mirror');
  });

  test('the tag makes no difference to the name', () => {
    expect(mirrorRepositoryName(parseImageReference('nginx:1.27.0'))).toBe(mirrorRepositoryName(parseImageReference('nginx:stable')));
  });

  test.each([
    ['an IPv6 host', '[::1]:5000/nginx', undefined, '"[::1]:5000/nginx:latest" cannot be mirrored as "mirror/[::1]_5000/nginx"'],
    ['an IPv6 host without a port', '[2001:db8:0:0:0:0:0:1]/nginx', undefined, 'cannot be mirrored as "mirror/[2001:db8::1]/nginx"'],
    ['a prefix in capitals', 'nginx', 'Platform', 'cannot be mirrored as "Platform/nginx": a repository name must be lowercase letters and digits'],
    ['a prefix that ends with a slash', 'nginx', 'platform/', 'cannot be mirrored as "platform//nginx"'],
    ['one character without a prefix', 'x', '', 'cannot be mirrored as "x": a repository name must have 2 to 256 characters'],
    ['a name that is too long with its prefix', `quay.io/${'r'.repeat(245)}`, undefined, 'a repository name must have 2 to 256 characters'],
  ])('refuses %s and names the remedy', (_, image, prefix, problem) => {
    const derive = () => mirrorRepositoryName(parseImageReference(image), prefix);
    expect(derive).toThrow(problem);
    expect(derive).toThrow(/; set repositoryName for this image$/);
  });

  test('any reference has a legal name or an error with the remedy', () => {
    const piece = fc.constantFrom('a', '0', '.', '_', '__', '-', '--', '/', ':5000/', 'quay.io/', '[::1]/', 'localhost/');
    fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
      const reference = referenceOf(pieces.join(''));
      fc.pre(reference !== undefined);
      const name = nameOrMessage(reference!);
      if (name.endsWith('; set repositoryName for this image')) return;
      expect(repositoryNameProblem(name)).toBeUndefined();
      expect(name).toMatch(/^mirror\//);
    }));
  });
});

test('two upstream repositories never have the same name', () => {
  const part = fc.constantFrom('a', 'library', 'docker.io', 'quay.io', 'localhost', 'a.b', 'a_5000', 'a-5000', 'quay.io_5000', 'quay.io-5000', 'custom', 'floating', '5000');
  const host = fc.constantFrom('', 'docker.io/', 'quay.io/', 'quay.io:5000/', 'quay.io-5000/', 'a:5000/', 'localhost/', 'localhost:5000/', 'docker.io:5000/', 'a.b/', 'a.b:80/', '[::1]/');
  const upstreams = new Map<string, string>();
  fc.assert(fc.property(host, fc.array(part, { minLength: 1, maxLength: 4 }), (start, parts) => {
    const reference = referenceOf(`${start}${parts.join('/')}`);
    fc.pre(reference !== undefined);
    const upstream = `${reference!.registry}/${reference!.repository}`;
    const name = nameOrMessage(reference!);
    expect(upstreams.get(name) ?? upstream).toBe(upstream);
    upstreams.set(name, upstream);
  }), { numRuns: 5000 });
  expect(upstreams.size).toBeGreaterThan(1000);
});

describe('what Amazon ECR allows', () => {
  test.each(['ab', 'mirror/nginx', 'a.b', 'a_b', 'a__b', 'a-b', 'a--b', 'a---b', '0/1', 'r'.repeat(256)])('%s is a repository name', (name) => {
    expect(repositoryNameProblem(name)).toBeUndefined();
  });

  test.each(['', 'a', 'r'.repeat(257)])('%j has the wrong length', (name) => {
    expect(repositoryNameProblem(name)).toBe('a repository name must have 2 to 256 characters');
  });

  test.each(['Aa', '/a', 'a/', 'a//b', '-a', 'a-', '.a', 'a.', 'a..b', 'a___b', 'a._b', 'a b', 'a:b', 'a\n', 'mirror/\u00e9', '../a'])('%j has wrong characters', (name) => {
    expect(repositoryNameProblem(name)).toContain('lowercase letters and digits');
  });

  test('a name of adversarial length is refused without delay', () => {
    expect(repositoryNameProblem(`${'a-'.repeat(127)}!`)).toContain('lowercase letters and digits');
  });
});

describe('tags', () => {
  test.each([
    ['nginx', 'latest'],
    ['nginx:stable', 'stable'],
    [`nginx:1.27.0@${DIGEST}`, '1.27.0'],
    [`nginx@${DIGEST}`, 'digest-0123456789ab'],
  ])('of %s is %s', (image, tag) => {
    expect(mirrorTag(parseImageReference(image))).toBe(tag);
  });

  test('a tag made of a digest is none that cosign or OCI use', () => {
    expect(mirrorTag(parseImageReference(`nginx@${DIGEST}`))).not.toMatch(/^sha256-/);
  });

  test('a moved image is kept under its tag and the start of its digest', () => {
    expect(suffixedTag('1.27.0', DIGEST)).toBe('1.27.0-0123456789ab');
  });

  test('a longest tag gives way to the suffix', () => {
    const tag = suffixedTag('t'.repeat(128), DIGEST);
    expect(tag).toBe(`${'t'.repeat(115)}-0123456789ab`);
    expect(tag).toHaveLength(128);
  });

  test('every tag with a suffix is a tag', () => {
    fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/), (tag) => {
      expect(isTag(suffixedTag(tag, DIGEST))).toBe(true);
    }));
  });

  test('what is no tag gets no suffix', () => {
    expect(() => suffixedTag('.hidden', DIGEST)).toThrow('".hidden-0123456789ab" is not a valid tag');
  });
});

function referenceOf(text: string) {
  try {
    return parseImageReference(text);
  } catch {
    return undefined;
  }
}

function nameOrMessage(reference: ReturnType<typeof parseImageReference>): string {
  try {
    return mirrorRepositoryName(reference);
  } catch (error) {
    return (error as Error).message;
  }
}
