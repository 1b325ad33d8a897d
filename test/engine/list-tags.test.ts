/** Which tags a selection means, as a registry lists them. */
import { listTags } from '../../src/engine/list-tags';
import type { MirrorTools } from '../../src/engine/mirror-request';
import { parseImageReference } from '../../src/image/image-reference';
import type { TagSelection } from '../../src/image/tag-selection';
import type { Exchange } from '../support/exchange';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { withTools } from '../support/mirror-request';
import { withServers } from '../support/with-servers';

const IMAGE = singleImage();
const ALL: TagSelection = { patterns: ['*'] };

/** A registry that decides how many tags are in a page. */
class PagedRegistry extends LocalRegistry {
  maxTags = Infinity;

  clear(): void {
    super.clear();
    this.maxTags = Infinity;
  }

  protected async handle(exchange: Exchange): Promise<void> {
    const { searchParams } = exchange.url;
    if (Number(searchParams.get('n')) > this.maxTags) searchParams.set('n', String(this.maxTags));
    return super.handle(exchange);
  }
}

const [registry] = withServers(new PagedRegistry());
let lines: string[];

beforeEach(() => {
  lines = [];
});

function list(selection: TagSelection, tools: Partial<MirrorTools> = {}): Promise<string[]> {
  const line = (text: string) => { lines.push(text); };
  const progress = { line, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined };
  return withTools((all) => listTags(parseImageReference(`${registry.host}/app`), selection, all), { progress, ...tools });
}

function pushTags(...tags: string[]): void {
  registry.repository('app');
  for (const tag of tags) registry.push('app', tag, IMAGE);
}

function answer(body: string, headers: Record<string, string> = {}, times = 1000): () => number {
  return registry.fail({ match: { path: '/tags/list' }, action: Fault.status(200, { 'content-type': 'application/json', ...headers }, body), times });
}

/** `0000` and so on: tags in the order in which a registry lists them. */
const numbered = (count: number) => Array.from({ length: count }, (_, index) => String(index).padStart(5, '0'));

test('the tags of one page', async () => {
  pushTags('1.0.0', '1.1.0', 'latest');
  expect(await list({ semver: '*' })).toEqual(['1.1.0', '1.0.0']);
  expect(registry.requests.map(({ method, path, query }) => `${method} ${path}?${query}`)).toEqual(['GET /v2/app/tags/list?n=1000']);
  expect(lines).toEqual([`${registry.host}/app has 3 tags, 2 of them are selected`]);
});

test('the tags of several pages', async () => {
  pushTags(...numbered(2500), 'zz-wanted');
  expect(await list({ patterns: ['zz-*', '00000'] })).toEqual(['00000', 'zz-wanted']);
  expect(registry.count({ path: '/tags/list' })).toBe(3);
});

test('six thousand tags in pages of fifty are all listed, and a page that breaks is read again without the pages before it', async () => {
  pushTags(...numbered(6_000));
  registry.maxTags = 50;
  registry.fail({ match: { path: '/tags/list' }, skip: 60, action: Fault.truncate(10) });
  expect(await list({ patterns: ['00000', '05999'] })).toEqual(['00000', '05999']);
  expect(registry.count({ path: '/tags/list' })).toBe(121);
});

test('a page of five megabytes, with the manifests of all tags, is listed', async () => {
  const manifest = Object.fromEntries(numbered(15_000).map((tag) => [`sha256:${tag.padStart(64, '0')}`, { imageSizeBytes: '1', tag: [tag], layerId: '', timeUploadedMs: '1'.repeat(200) }]));
  const page = JSON.stringify({ name: 'app', manifest, tags: numbered(15_000) });
  expect(page.length).toBeGreaterThan(5_000_000);
  answer(page);
  expect(await list({ patterns: ['13999'] })).toEqual(['13999']);
});

test('a page that breaks is asked for again', async () => {
  pushTags('1.0.0');
  registry.fail({ action: Fault.status(503, { 'retry-after': '0' }) });
  expect(await list(ALL)).toEqual(['1.0.0']);
  expect(lines[0]).toMatch(/HTTP 503.*trying again in 0\.0 s$/);
});

test('500 tags at once are not too many', async () => {
  pushTags(...numbered(500));
  expect(await list(ALL)).toHaveLength(500);
});

describe('an error, in words', () => {
  test('of more than 500 tags', async () => {
    pushTags(...numbered(501));
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'invalid-configuration', message: expect.stringMatching(/501 tags of app are selected, and 500 is the limit/) });
  });

  test('of no tag that is selected', async () => {
    pushTags('latest');
    await expect(list({ semver: '>=1' })).rejects.toMatchObject({ reason: 'not-found', message: expect.stringContaining('the tag filter selects none of the 1 tags of app; compare the filter with') });
  });

  test('of a repository without tags', async () => {
    pushTags();
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'not-found', message: expect.stringContaining('none of the 0 tags') });
  });

  test('of no such repository', async () => {
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'not-found', message: expect.stringContaining('cannot list the tags of app') });
  });

  test.each([[401, 'unauthorized'], [403, 'unauthorized'], [400, 'registry-error'], [429, 'rate-limited'], [500, 'registry-error']])('of HTTP %d', async (status, reason) => {
    registry.fail({ action: Fault.status(status, { 'retry-after': '0' }), times: 1000 });
    await expect(list(ALL)).rejects.toMatchObject({ name: 'MirrorError', reason });
  });

  test('of a list that repeats a page', async () => {
    const pages = answer('{"tags":["a"]}', { link: '</v2/app/tags/list?last=a>; rel="next"' });
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'registry-error', message: expect.stringContaining('repeats a page') });
    expect(pages()).toBe(2);
  });

  test('of a page that is larger than eight megabytes', async () => {
    answer(JSON.stringify({ tags: ['a'.repeat(8 * 1024 * 1024)] }));
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'limit-exceeded', message: expect.stringContaining('larger than 8388608 bytes') });
  });
});

test('tags that are reserved for retention are never selected, and a line says so', async () => {
  pushTags('1.0.0', 'mirror.expired.0123456789ab', 'mirror.previous.stable.1');
  expect(await list(ALL)).toEqual(['1.0.0']);
  expect(lines[0]).toMatch(/^warning: 2 tags are not mirrored: tags that start with "mirror\." are reserved/);
});

describe('hostile', () => {
  const hostile = ['../../etc', 'a/b', '/abs', 'a:b', 'a@sha256:b', '', ' ', 'a b', '\u001b[2J', 'x\ny', '-x', '.x', 'x\u202ey', 'ü', 'a'.repeat(129), '?n=1', '%2e%2e', '__proto__'];

  test('tags are passed over, and the others stay', async () => {
    answer(JSON.stringify({ tags: ['ok', ...hostile, null, 1, {}, ['nested'], 'fine'] }));
    expect(await list(ALL)).toEqual(['ok', '__proto__', 'fine']);
  });

  test('ten thousand tags that are none cost nothing', async () => {
    answer(JSON.stringify({ tags: [...Array.from({ length: 10_000 }, (_, index) => `../${index}\u0007`), 'ok'] }));
    expect(await list(ALL)).toEqual(['ok']);
    expect(lines.join()).not.toContain('\u0007');
  });

  test('ten thousand tags are read, and the newest few selected', async () => {
    answer(JSON.stringify({ tags: Array.from({ length: 10_000 }, (_, index) => `1.${index}.0`) }));
    expect(await list({ semver: '*', latest: 2 })).toEqual(['1.9999.0', '1.9998.0']);
  });

  test.each(['', 'no JSON', '[]', 'null', '{}', '{"tags":"latest"}', '{"tags":{"0":"latest"}}', '<html></html>', '{"tags":["a",'])('%j is not a list of tags', async (body) => {
    const hits = answer(body);
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'registry-error', message: expect.stringContaining('list of tags of app is incomplete') });
    expect(hits()).toBeGreaterThan(1);
  });

  test('null is an empty list', async () => {
    answer('{"tags":null}');
    await expect(list(ALL)).rejects.toMatchObject({ reason: 'not-found' });
  });

  test('a link to another host gets no credentials', async () => {
    const other = await new LocalRegistry().start();
    other.push('app', 'there', IMAGE);
    registry.fail({ match: { path: '/tags/list' }, action: Fault.status(401, { 'www-authenticate': 'Basic realm="x"' }) });
    answer('{"tags":["here"]}', { link: `<${other.url}/v2/app/tags/list>; rel="next"` });
    const tags = await list(ALL, { credentials: { credentialFor: async () => ({ username: 'someone', password: 'secret' }) } });
    const seen = other.requests.map(({ headers }) => headers.authorization);
    await other.close();
    expect(tags).toEqual(['here', 'there']);
    expect(registry.requests.at(-1)!.headers.authorization).toBe('Basic [hidden]');
    expect(seen).toEqual([undefined]);
  });
});

test('a registry that stalls is given up at the deadline of the run', async () => {
  registry.fail({ match: { path: '/tags/list' }, action: Fault.stall(), times: 1000 });
  await expect(list(ALL, { deadline: Date.now() + 300 })).rejects.toThrow();
});
