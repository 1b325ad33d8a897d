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
    if (error instanceof UsageError) return error.message;
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

  test('comes after the images among the arguments', () => {
    expect(readImagePairs(['first', 'localhost:5000/'], file('second')).map(({ source }) => source)).toEqual(['first', 'second']);
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
    ['of a file beside a source and a target', ['a', 'localhost:5000/a'], 'b localhost:5000/b', 'with --from-file, the only argument is a target folder'],
    ['of a name that no repository can have', ['a', `localhost:5000/${'x'.repeat(256)}/`], undefined, 'has no valid name in'],
  ])('%s', (_, words, content, expected) => {
    const problem = problemOf(words, content);
    expect(problem).toContain(expected);
    expect(problem).not.toContain('\n');
  });

  test('of a line names the line and its file', () => {
    expect(problemOf([], '# one\nnginx\n')).toMatch(/^line 2 of .*images\.txt /);
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
