import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { ImagePair, readImagePairs } from '../../src/cli/commands/image-pairs';
import { UsageError } from '../../src/cli/usage-error';
import { parseImageReference } from '../../src/image/image-reference';
import { mirrorRepositoryName } from '../../src/image/repository-name';
import { joinErrorRealms } from '../support/one-realm';

joinErrorRealms();

const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'image-pairs-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
  const name = path.join(folder, 'images.txt');
  writeFileSync(name, content);
  return name;
}

function problemOf(words: readonly string[], content?: string): string {
  try {
    readImagePairs(words, content === undefined ? undefined : file(content));
  } catch (error) {
    if (error instanceof UsageError) return [error.message, ...error.details].join('\n');
    throw error;
  }
  throw new Error('there is no problem');
}

describe('arguments', () => {
  test('of two words are a source and a target', () => {
    expect(readImagePairs(['nginx:stable', 'localhost:5000/nginx'], undefined)).toEqual([{ source: 'nginx:stable', target: 'localhost:5000/nginx' }]);
  });

  test.each([
    ['nginx:stable', `${ECR}/mirror/`, `${ECR}/mirror/nginx`],
    ['grafana/grafana:11.0.0', `${ECR}/mirror/`, `${ECR}/mirror/grafana/grafana`],
    ['quay.io/prometheus/prometheus', `${ECR}/mirror/`, `${ECR}/mirror/quay.io/prometheus/prometheus`],
    ['nginx', `${ECR}/`, `${ECR}/nginx`],
    ['nginx', `${ECR}/a/b/c/`, `${ECR}/a/b/c/nginx`],
    ['localhost:5001/app:1.0.0', 'localhost:5000/', 'localhost:5000/localhost_5001/app'],
    [`nginx@sha256:${'a'.repeat(64)}`, 'localhost:5000/mirror/', 'localhost:5000/mirror/nginx'],
  ])('of %s in %s belong to %s', (source, place, target) => {
    expect(readImagePairs([source, place], undefined)).toEqual([{ source, target }]);
  });

  test('of several sources keep their order', () => {
    expect(readImagePairs(['bb', 'aa', 'cc', 'localhost:5000/'], undefined).map(({ source }) => source)).toEqual(['bb', 'aa', 'cc']);
  });

  test('name an image in a place as an ImageMirror would', () => {
    const part = fc.stringMatching(/^[a-z0-9]{2,8}$/);
    const source = fc.tuple(fc.option(fc.constantFrom('quay.io', 'localhost:5000', 'ghcr.io', 'docker.io')), fc.array(part, { minLength: 1, maxLength: 3 }))
      .map(([host, parts]) => [...host === null ? [] : [host], ...parts].join('/'));
    fc.assert(fc.property(source, fc.array(part, { maxLength: 2 }), (text, prefix) => {
      const [{ target }] = readImagePairs([text, [ECR, ...prefix, ''].join('/')], undefined);
      expect(target).toBe(`${ECR}/${mirrorRepositoryName(parseImageReference(text), prefix.join('/'))}`);
    }));
  });

  test('leave a source that is none to be told by itself, among the others', () => {
    expect(readImagePairs(['NGINX', 'redis', 'localhost:5000/'], undefined)).toMatchObject([{ source: 'NGINX' }, { source: 'redis', target: 'localhost:5000/redis' }]);
  });
});

describe('a file', () => {
  test.each<[string, string[], string, ImagePair[]]>([
    ['comments at the end of a line', ['localhost:5000/'], 'aa  # web\nbb\t#\tdatabase, "old"\n', [{ source: 'aa', target: 'localhost:5000/aa' }, { source: 'bb', target: 'localhost:5000/bb' }]],
    ['comments after a pair', [], 'aa localhost:5000/x # a -> b, c\n', [{ source: 'aa', target: 'localhost:5000/x' }]],
    ['lines with a folder of their own', ['localhost:5000/'], 'aa\nbb localhost:5001/y/', [{ source: 'aa', target: 'localhost:5000/aa' }, { source: 'bb', target: 'localhost:5001/y/bb' }]],
    ['lines that end with a carriage return only', ['localhost:5000/'], 'aa\rbb\r', [{ source: 'aa', target: 'localhost:5000/aa' }, { source: 'bb', target: 'localhost:5000/bb' }]],
    ['images of a registry with an IPv6 address', [], '[::1]:5000/aa [fd00::7]:5000/x\n', [{ source: '[::1]:5000/aa', target: '[fd00::7]:5000/x' }]],
    ['a target on Docker Hub that says so', [], 'aa docker.io/team/aa\n', [{ source: 'aa', target: 'docker.io/team/aa' }]],
    ['pairs', [], 'a localhost:5000/x\nb localhost:5000/y\n', [{ source: 'a', target: 'localhost:5000/x' }, { source: 'b', target: 'localhost:5000/y' }]],
    ['sources for a place', ['localhost:5000/'], 'aa\nbb', [{ source: 'aa', target: 'localhost:5000/aa' }, { source: 'bb', target: 'localhost:5000/bb' }]],
    ['both', ['localhost:5000/'], 'aa\nbb localhost:5001/z', [{ source: 'aa', target: 'localhost:5000/aa' }, { source: 'bb', target: 'localhost:5001/z' }]],
    ['comments and empty lines', ['localhost:5000/'], '# images\n\n  \naa\n   # more\n#bb\n', [{ source: 'aa', target: 'localhost:5000/aa' }]],
    ['blanks and tabs', [], '  aa \t localhost:5000/x  \n', [{ source: 'aa', target: 'localhost:5000/x' }]],
    ['lines of Windows', ['localhost:5000/'], 'aa\r\nbb\r\n', [{ source: 'aa', target: 'localhost:5000/aa' }, { source: 'bb', target: 'localhost:5000/bb' }]],
    ['a byte order mark', ['localhost:5000/'], '\ufeffaa\n', [{ source: 'aa', target: 'localhost:5000/aa' }]],
  ])('of %s', (_, words, content, pairs) => {
    expect(readImagePairs(words, file(content))).toEqual(pairs);
  });

  test.each([['\ufeff', 'utf16le'], ['', 'utf8']] as const)('that starts with %j in %s is decoded', (mark, encoding) => {
    const name = path.join(folder, 'encoded.txt');
    writeFileSync(name, Buffer.from(`${mark}aa\r\nbb\r\n`, encoding));
    expect(readImagePairs(['localhost:5000/'], name).map(({ source }) => source)).toEqual(['aa', 'bb']);
  });

  test('of UTF-16 in the other byte order is decoded', () => {
    const name = path.join(folder, 'encoded.txt');
    writeFileSync(name, Buffer.from('\ufeffaa\nbb', 'utf16le').swap16());
    expect(readImagePairs(['localhost:5000/'], name).map(({ source }) => source)).toEqual(['aa', 'bb']);
  });

  test('comes after the images among the arguments', () => {
    expect(readImagePairs(['first', 'localhost:5000/'], file('second')).map(({ source }) => source)).toEqual(['first', 'second']);
  });
});

describe('a line that only looks like a pair is rejected', () => {
  test.each([
    ['a b c', 'it has 3 words, "a b c"; write "SOURCE TARGET" or "SOURCE"'],
    ['a localhost:5000/a extra words', 'it has 4 words'],
    ['a -> localhost:5000/a', 'it has a sign between source and target'],
    ['a->localhost:5000/a', 'it has a sign between source and target'],
    ['a => localhost:5000/a', 'separate them only with a space'],
    ['a \u2192 localhost:5000/a', 'it has a sign between source and target'],
    ['a = localhost:5000/a', 'it has a sign between source and target'],
    ['a=localhost:5000/a', 'it has a sign between source and target'],
    ['a : localhost:5000/a', 'it has a sign between source and target'],
    ['a | localhost:5000/a', 'it has a sign between source and target'],
    ['a to localhost:5000/a', 'it has a sign between source and target'],
    ['a,localhost:5000/a', 'it has a comma or a semicolon'],
    ['a, localhost:5000/a', 'write each image in a line'],
    ['a;localhost:5000/a', 'it has a comma or a semicolon'],
    ['"a" "localhost:5000/a"', 'it has quotes'],
    ["'a' localhost:5000/a", 'it has quotes'],
    ['`a` localhost:5000/a', 'it has quotes'],
    ['\u201ca\u201d localhost:5000/a', 'it has quotes'],
    ['a#web', 'write a space before "#"'],
    ['a localhost:5000/a#web', 'write a space before "#"'],
    ['- a', 'it looks like YAML or JSON'],
    ['images:', 'pass a catalog with --catalog'],
    ['["a", "b"]', 'it looks like YAML or JSON'],
    ['{"images": []}', 'it looks like YAML or JSON'],
    ['a team/a', 'the target "team/a" has no registry, so it would be on Docker Hub; start it with the host of your registry, for example "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/a"'],
    ['nginx:stable mirror/nginx:stable', 'the target "mirror/nginx:stable" has no registry'],
    ['a b', 'the target "b" has no registry'],
    ['a team/', 'the target "team/" has no registry'],
    ['a localhost:5000/a@sha256:' + 'a'.repeat(64), 'a target cannot have a digest'],
    ['a:-1 localhost:5000/a', 'the tag "-1" must be'],
    ['NGINX localhost:5000/a', 'repository names must be lowercase; use "nginx"'],
    ['a localhost:5000/A', 'repository names must be lowercase; use "localhost:5000/a"'],
    ['a localhost:99999/a', 'is not a valid registry host'],
    ['a\u00adb localhost:5000/a', 'a character outside ASCII'],
  ])('%j', (line, expected) => {
    const problem = problemOf([], `# images\n${line}\n`);
    expect(problem).toMatch(/^".*images\.txt", line 2: /);
    expect(problem).toContain(expected);
    expect(problem).not.toContain('\n');
  });

  test('with all its other mistakes, each with the number of its line', () => {
    const content = 'a localhost:5000/a\n\nb -> localhost:5000/b\nNGINX localhost:5000/c\nd\ne team/e\nf localhost:5000/a\n';
    expect(problemOf([], content).split('\n')).toEqual([
      expect.stringMatching(/^5 lines of ".*images\.txt" are not valid, so no image was copied:$/),
      expect.stringMatching(/^line 3: it has a sign/),
      expect.stringMatching(/^line 4: .*lowercase/),
      expect.stringMatching(/^line 5: it has no target/),
      expect.stringMatching(/^line 6: the target "team\/e" has no registry/),
      expect.stringMatching(/^line 7: docker\.io\/library\/f:latest has the same target as docker\.io\/library\/a:latest in line 1, localhost:5000\/a:latest; give each image/),
    ]);
  });

  test('but not when it is the same pair in another spelling', () => {
    expect(readImagePairs([], file('nginx localhost:5000/a\ndocker.io/library/nginx:latest localhost:5000/a:latest'))).toHaveLength(2);
  });
});

describe('a problem, in one line', () => {
  test.each<[string, string[], string | undefined, string]>([
    ['of nothing at all', [], undefined, 'name a source and a target'],
    ['of one image without a target', ['nginx'], undefined, 'name a source and a target'],
    ['of a place without images', ['localhost:5000/'], undefined, 'there are no images to mirror'],
    ['of three words without a place', ['a', 'b', 'c'], undefined, 'the last argument must be a target folder that ends with "/", for example "c/"'],
    ['of an empty file', [], '# nothing\n\n', 'there are no images to mirror'],
    ['of an empty file for a place', ['localhost:5000/'], '', 'there are no images to mirror'],
    ['of a line without a target, and no place', [], '# one\nnginx\n', 'has no target'],
    ['of a line of three words', ['localhost:5000/'], 'a b c\n', 'has 3 words'],
    ['of a target without a registry', ['nginx:stable', 'mirror/nginx:stable'], undefined, 'the target "mirror/nginx:stable" has no registry'],
    ['of a target that is one word', ['nginx:stable', 'nginx'], undefined, 'has no registry, so it would be on Docker Hub'],
    ['of a folder without a registry', ['nginx:stable', 'mirror/'], undefined, 'the target "mirror/" has no registry'],
    ['of a folder that is a slash', ['nginx:stable', '/'], undefined, 'has no registry'],
    ['of a file beside a source and a target', ['a', 'localhost:5000/a'], 'b localhost:5000/b', 'with --from-file, the only argument is a target folder'],
    ['of a name that no repository can have', ['a', `localhost:5000/${'x'.repeat(256)}/`], undefined, 'has no valid name in'],
  ])('%s', (_, words, content, expected) => {
    const problem = problemOf(words, content);
    expect(problem).toContain(expected);
    expect(problem).not.toContain('\n');
  });

  test('of a line names the line and its file', () => {
    expect(problemOf([], '# one\nnginx\n')).toMatch(/^".*images\.txt", line 2: it has no target/);
  });

  test('of a file that is not there names it', () => {
    const missing = path.join(folder, 'missing.txt');
    expect(() => readImagePairs([], missing)).toThrow(UsageError);
    expect(() => readImagePairs([], missing)).toThrow(new RegExp(`cannot read "${missing}": ENOENT`));
  });

  test('of a file that is a folder names it', () => {
    expect(() => readImagePairs([], folder)).toThrow(/cannot read ".*": EISDIR/);
  });
});

test('any words and any file are pairs, or a problem in words', () => {
  const word = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('nginx', 'localhost:5000/', '/', '//', 'a/', '', 'x@y'));
  fc.assert(fc.property(fc.array(word, { maxLength: 4 }), fc.option(fc.array(word, { maxLength: 4 }).map((lines) => lines.join('\n'))), (words, content) => {
    let pairs: ImagePair[] = [];
    try {
      pairs = readImagePairs(words, content === null ? undefined : file(content));
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return;
    }
    expect(pairs.length).toBeGreaterThan(0);
    for (const { source, target } of pairs) expect([typeof source, typeof target]).toEqual(['string', 'string']);
  }), { numRuns: 500 });
});
