import * as fc from 'fast-check';
import { MAX_CATALOG_BYTES, parseCatalog, CatalogSyntaxError } from '../../../src/engine/catalog/catalog-syntax';
import { MAX_CATALOG_ENTRIES } from '../../../src/image/catalog/catalog-entry';
import { randomCases } from '../../support/random-cases';

const values = (text: string) => parseCatalog(text).map(({ value }) => value);

/** The entries, or the words of the refusal. */
function outcomeOf(text: string): unknown {
  try {
    return parseCatalog(text).length;
  } catch (error) {
    if (error instanceof CatalogSyntaxError) return error.message;
    throw error;
  }
}

describe('a list', () => {
  test.each([
    ['nginx:stable', ['nginx:stable']],
    ['nginx:stable,redis:7.2.5', ['nginx:stable', 'redis:7.2.5']],
    [' nginx , redis:7 ,\n quay.io/a/b:v1\n', ['nginx', 'redis:7', 'quay.io/a/b:v1']],
    ['nginx\nredis\r\n\r\nalpine', ['nginx', 'redis', 'alpine']],
    ['localhost:5000/a:1,images:latest', ['localhost:5000/a:1', 'images:latest']],
    ['images', ['images']],
  ])('%j is images with commas or line ends between them', (text, images) => {
    expect(values(text)).toEqual(images);
  });

  test('says which entry is which', () => {
    expect(parseCatalog('nginx,redis').map(({ position }) => position)).toEqual(['entry 1', 'entry 2']);
  });

  test.each([
    ['on a line of its own', 'nginx:stable\n  # old, unused\nredis:7.2.5', ['nginx:stable', '# old, unused', 'redis:7.2.5']],
    ['behind a name', 'nginx:stable # ours, too\nredis:7.2.5', ['nginx:stable', '# ours, too', 'redis:7.2.5']],
    ['behind a comma', 'nginx:stable,# ours\nredis:7.2.5', ['nginx:stable', '# ours', 'redis:7.2.5']],
  ])('has a comment %s as an entry that cannot be meant', (_, text, images) => {
    const entries = parseCatalog(text);
    expect(entries.map(({ value }) => value)).toEqual(images);
    expect(entries.map(({ problem }) => problem)).toEqual([undefined, expect.stringContaining('a list of names cannot have comments'), undefined]);
  });

  test('has no comment where a name goes on', () => {
    expect(parseCatalog('nginx#1,redis')).toEqual([{ position: 'entry 1', value: 'nginx#1' }, { position: 'entry 2', value: 'redis' }]);
  });

  test.each([',', '\n,\n , '])('%j names no image', (text) => {
    expect(() => parseCatalog(text)).toThrow('it has no images');
  });

  test('has an end', () => {
    expect(() => parseCatalog('a,'.repeat(MAX_CATALOG_ENTRIES + 1))).toThrow(`it has ${MAX_CATALOG_ENTRIES + 1} images, and ${MAX_CATALOG_ENTRIES} is the limit`);
  });
});

describe('a document', () => {
  const IMAGES = ['nginx:stable', { image: 'redis', tags: { semver: '>=7 <8', latest: 3 } }];

  test.each([
    ['JSON', JSON.stringify({ images: IMAGES })],
    ['JSON with tabs', JSON.stringify({ version: 1, images: IMAGES }, undefined, '\t')],
    ['JSON with a mark of its byte order', `\uFEFF${JSON.stringify({ images: IMAGES })}`],
    ['YAML', 'images:\n  - nginx:stable\n  - image: redis\n    tags:\n      semver: ">=7 <8"\n      latest: 3\n'],
    ['YAML with comments and a marked start', '# ours\n---\nversion: 1\nimages: # all\n- nginx:stable\n- {image: redis, tags: {semver: ">=7 <8", latest: 3}}\n'],
    ['YAML with a marked end', '---\nimages:\n- nginx:stable\n- {image: redis, tags: {semver: ">=7 <8", latest: 3}}\n...\n# ours\n'],
    ['YAML with the line ends of Windows', 'images:\r\n  - nginx:stable\r\n  - image: redis\r\n    tags: {semver: \'>=7 <8\', latest: 3}\r\n'],
  ])('may be %s', (_, text) => {
    expect(values(text)).toEqual(IMAGES.map((image) => typeof image === 'string' ? image : expect.objectContaining({ image: 'redis' })));
    expect(JSON.parse(JSON.stringify(values(text)))).toEqual(IMAGES);
  });

  test('says on which line each entry is', () => {
    expect(parseCatalog('# ours\nimages:\n\n  - nginx\n  - image: a\n    owner: b\n  - redis\n').map(({ position }) => position)).toEqual(['line 4', 'line 5', 'line 7']);
    expect(parseCatalog('{\n "images": [\n  "nginx",\n  "redis"\n ]\n}').map(({ position }) => position)).toEqual(['line 3', 'line 4']);
  });

  test('keeps what looks like a number, a day or a truth value as YAML 1.2 has it', () => {
    expect(values('images: [1.10, 2027-03-31, yes, true, null, 0o17]')).toEqual([1.1, '2027-03-31', 'yes', true, null, 15]);
  });

  test('with a field twice in one entry has that entry refused and no other', () => {
    expect(parseCatalog('images:\n- nginx\n- {image: a, image: b}\n- redis')).toEqual([
      { position: 'line 2', value: 'nginx' }, { position: 'line 3', value: undefined, problem: 'the field "image" is defined twice; remove one of them' }, { position: 'line 4', value: 'redis' },
    ]);
  });

  test('reaches no prototype', () => {
    const [value] = values('images: [{__proto__: {polluted: 1}, constructor: {prototype: {polluted: 1}}}]') as Record<string, unknown>[];
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([
    ['images: [nginx', /^line 1: /],
    ['images:\n  - nginx\n redis', /^line 3: /],
    ['images:\n  - "nginx', /^line 2: /],
    ['images: &a [nginx]', 'line 1: a catalog doesn\'t support anchors ("&")'],
    ['version: 1\nimages: *a', 'line 2: a catalog doesn\'t support aliases ("*"); put a value that starts with "*" in quotes'],
    ['images: !!set {nginx}', 'line 1: a catalog doesn\'t support tags ("!")'],
    ['%YAML 1.1\n---\nimages: [nginx]', 'line 1: a catalog doesn\'t support directives ("%")'],
    ['? images\n: [nginx]', 'line 1: a catalog doesn\'t support keys with "?"'],
    ['images: [nginx]\n---\nimages: [redis]\n---\n', 'line 2: several documents are not supported; write a single document'],
    ['images: [a:1.0.0]\n---\nimages: [b:2.0.0]', 'line 2: several documents are not supported; write a single document'],
    ['---\nimages: [a:1.0.0]\n---\nimages: [b:2.0.0]', 'line 3: several documents are not supported; write a single document'],
    ['images: [a:1.0.0]\n...\nimages: [b:2.0.0]', 'line 3: several documents are not supported; write a single document'],
    ['images: [a:1.0.0]\n...\n# more\n---\nimages: [b:2.0.0]', 'line 4: several documents are not supported; write a single document'],
    ['{"images": ["a:1.0.0"]}\n---\n', 'line 2: several documents are not supported; write a single document'],
    ['...\nimages: [a:1.0.0]', 'line 2: several documents are not supported; write a single document'],
    ['---\n---\nimages: [a:1.0.0]', 'line 2: several documents are not supported; write a single document'],
    ['images:\n- {image: nginx, owner: team: web}', 'line 2: unexpected ":"; put a value that contains ": " in quotes'],
    ['images:\n- image: nginx\n  owner: team: web', 'line 3: unexpected ":"; put a value that contains ": " in quotes'],
    [`images:\n  ${'- '.repeat(1_000)}nginx`, 'line 2: more than 8 nested levels are not supported'],
    [`images:\n${Array.from({ length: 20 }, (_, index) => `${' '.repeat(index)}-`).join('\n')}`, 'line 10: more than 8 nested levels are not supported'],
    [Array.from({ length: 20 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'), 'line 9: more than 8 nested levels are not supported'],
    ['images: [nginx]\nimages: [redis]', 'the field "images" is defined twice; remove one of them'],
    ['images: [nginx]]', 'line 1: a closing bracket has no opening bracket'],
    ['images: [nginx,, redis]', 'line 1: there is no value between two commas; remove a comma'],
    [`images: ${'['.repeat(20)}`, 'line 1: more than 8 nested levels are not supported'],
    ['', 'it is empty; add images, for example {"images": ["nginx:stable"]}'],
    [' \n', 'it is empty; add images, for example {"images": ["nginx:stable"]}'],
    ['# nothing\n', 'it is empty; add images, for example {"images": ["nginx:stable"]}'],
    ['"images"', 'the top level must be an object with "images:", for example {"images": ["nginx:stable"]}'],
    ['# ours\nnginx:stable\nredis:7.2.5', 'a list of names cannot have comments; use a YAML document, with "images:" on the first line and "- " before each name'],
    ['- nginx\n- redis', 'the top level must be an object with "images:"; put "images:" above the list, or in JSON {"images": [...]} around it'],
    ['["nginx", "redis"]', 'the top level must be an object with "images:"; put "images:" above the list, or in JSON {"images": [...]} around it'],
    ['images: nginx', 'its images are "nginx", and not a list; write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}'],
    ['images:\n  nginx: stable\n', 'its images are an object, {"nginx":"stable"}, and not a list; write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}'],
    ['images:\n', 'its images have no value; below "images:", write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}'],
    ['images: null\n', 'its images have no value; below "images:", write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}'],
    ['version: 1\n', 'it has no list of images; add "images:", and below it write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}'],
    ['images:\n  -nginx\n  -redis\n', 'its images are the text "-nginx -redis"; write a space after each "-"'],
    ['images:\n- image:nginx\n  owner: team\n', 'line 2: "- image:nginx" has no space after the colon; write for example "image: nginx:stable"'],
    ['images:\n- image: nginx\n  tags:{semver: ">1"}\n', 'line 3: "tags:{semver: \\">1\\"}" has no space after the colon; write for example "image: nginx:stable"'],
    ['images:\n- image: nginx\n\towner: team\n', 'line 3: the line is indented with a tab; indent it with spaces'],
    ['images:\n\t- nginx\n', 'line 2: the line is indented with a tab; indent it with spaces'],
    ['images:\n- "nginx\n', 'line 3: a quote is not closed; add the closing quote'],
    ['images:\n- "nginx"# web\n', 'line 2: write a space before "#" to start a comment'],
    ['images:\n- @nginx\n', 'line 2: a value that starts with "@" or "`" must be in quotes'],
    ['images:\n - nginx\n- redis\n', /^line 3: the line does not continue what is above it; indent/],
    ['images:\n- image: nginx:stable: x\n', 'line 2: unexpected ":"; put a value that contains ": " in quotes'],
    ['images: []', 'images is empty; add images, or disable the schedule'],
    ['version: 2\nimages: [nginx]', 'its version is 2, and this version of cdk-ecr-mirror supports only 1'],
    ['image: nginx', 'it has the unknown field "image" (did you mean "images"?); valid fields are version and images'],
    ['{"images": ["nginx"], "__proto__": {}}', 'it has the unknown field "__proto__"; valid fields are version and images'],
    [`images: [${'nginx,'.repeat(MAX_CATALOG_ENTRIES)}redis]`, `it has ${MAX_CATALOG_ENTRIES + 1} images, and ${MAX_CATALOG_ENTRIES} is the maximum; divide it into several catalogs`],
  ])('that begins with %.40j is refused in words', (text, words) => {
    expect(outcomeOf(text)).toEqual(typeof words === 'string' ? words : expect.stringMatching(words));
  });

  test('may have what a list has, in as many lines as it takes, and go on at any depth', () => {
    const entry = '  -\n    image: a\n    tags:\n      patterns:\n        - "1.*"\n      exclude:\n      - "*-rc"\n    platforms: [\n      linux/amd64,\n    ]\n';
    const value = { image: 'a', tags: { patterns: ['1.*'], exclude: ['*-rc'] }, platforms: ['linux/amd64'] };
    expect(JSON.parse(JSON.stringify(values(`images:\n${entry.repeat(20)}`)))).toEqual(Array.from({ length: 20 }, () => value));
  });

  test('may have a text over several lines in quotes, and colons in quotes', () => {
    expect(values('images: ["a:1", "b: c: d", \'e: f\', "g\n  h"]')).toEqual(['a:1', 'b: c: d', 'e: f', 'g h']);
  });

  test('may have a pattern that starts with a star, in quotes', () => {
    expect(JSON.stringify(values('images: [{image: a, tags: {patterns: ["*-alpine"]}}]'))).toBe('[{"image":"a","tags":{"patterns":["*-alpine"]}}]');
  });
});

describe('a text that was made to do harm', () => {
  const repeated = (unit: string, start = '', end = '') => `${start}${unit.repeat(Math.floor((MAX_CATALOG_BYTES - start.length - end.length) / unit.length))}${end}`;

  // Each of these took the parser of YAML minutes, gigabytes or its stack before it was held back.
  test.each([
    ['brackets', repeated('[')], ['braces', repeated('{a: ')], ['dashes', repeated('- ')], ['closing brackets', repeated('}', 'a: [\n')],
    ['keys', repeated('k: 1\n')], ['keys in braces', repeated('k: 1,', 'images: {', '}')], ['commas', repeated(',', 'a: [', ']')], ['colons', repeated(': ', 'a: ')],
    ['anchors', repeated('&a ')], ['laughs', `a: &a [x]\n${'b: [*a,*a,*a]\n'.repeat(1000)}`], ['question marks', repeated('? ')],
    ['documents', repeated('---\n')], ['directives', repeated('%a\n')], ['quotes', repeated('- "\n')], ['dashes in a list', repeated('- ', 'images:\n  ')], ['keys behind keys', repeated('a: b: ')], ['keys behind keys in brackets', repeated('a: b: ', 'a: [', ']')], ['keys behind dashes', repeated('- a: ')],
    ['texts behind keys in braces', repeated('"a": ', 'images: {', '}')], ['ever deeper dashes', Array.from({ length: 700 }, (_, index) => `${' '.repeat(index)}-`).join('\n')],
    ['ever deeper keys', Array.from({ length: 700 }, (_, index) => `${' '.repeat(index)}a:`).join('\n')], ['ever deeper lines', Array.from({ length: 900 }, (_, index) => `${' '.repeat(index)}- a`).join('\n')],
  ])('is refused or read, and no more than that: %s', (_, text) => {
    const outcome = outcomeOf(text);
    expect(['number', 'string']).toContain(typeof outcome);
    expect(outcome).not.toEqual(expect.stringContaining('call stack'));
  });

  test('is refused for its size before it is parsed', () => {
    expect(outcomeOf('x'.repeat(MAX_CATALOG_BYTES + 1))).toBe(`it has more than ${MAX_CATALOG_BYTES} bytes; divide it into several catalogs`);
    expect(outcomeOf('é'.repeat(MAX_CATALOG_BYTES / 2 + 1))).toContain('it has more than');
  });

  test('is refused or read whatever it is', () => {
    const piece = fc.constantFrom('images', 'nginx', ':', ' ', '\n', '- ', '[', ']', '{', '}', ',', '"', "'", '#', '|', '>', '&', '*', '!', '%', '\t', '\0', '\u2028', '?', '<<', '---', '...', '\\');
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))), (text) => {
      expect(['number', 'string']).toContain(typeof outcomeOf(text));
    }), { numRuns: randomCases(3_000) });
  });

  test('never has another meaning than JSON has, where it is JSON', () => {
    fc.assert(fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 1 }), fc.constantFrom('', ' ', '\t', '  '), (images, space) => {
      const text = JSON.stringify({ images }, undefined, space);
      fc.pre(!text.includes('__proto__'));
      expect(JSON.stringify(values(text))).toBe(JSON.stringify(images));
    }), { numRuns: randomCases(2_000) });
  });
});
