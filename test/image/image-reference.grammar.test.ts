/** The parser of references beside that of the distribution project, which `docker pull` uses: `test/tools/reference` is a program around it. */
import { spawnSync } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { formatImageReference, parseImageReference } from '../../src/image/image-reference';
import { fileOf, isBuilt } from '../interop/tools';

/** A reference as the distribution project reads it. */
interface Answer {
  readonly error?: string;
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const COUNT = 50_000;
const SHA256 = `sha256:${'0123456789abcdef'.repeat(4)}`;
const REAL_NAMES = [
  'nginx', 'nginx:stable', 'grafana/grafana:11.1.0', 'quay.io/prometheus/prometheus:v2.53.0', 'registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.13.0',
  'ghcr.io/fluxcd/source-controller:v1.3.0', 'public.ecr.aws/docker/library/busybox:1.36', 'mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled', 'gcr.io/distroless/static-debian12:nonroot',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.0.0', 'registry.gitlab.com/gitlab-org/gitlab-runner:alpine', 'docker.elastic.co/elasticsearch/elasticsearch:8.14.3',
  'index.docker.io/library/redis:7', 'docker.io/redis', 'localhost/app', 'localhost:5000/app:dev', '127.0.0.1:5000/a/b', '[::1]:5000/app', '[2001:db8::1]/x', 'REGISTRY.example.com/app',
  `nginx@${SHA256}`, `nginx:1.27.0@${SHA256}`, `quay.io/a/b@${SHA256}`, 'team/a__b', 'team/a--b:x', 'library/deep/path:1', 'us-docker.pkg.dev/google-samples/containers/gke/hello-app:1.0',
];
const HOSTS = [
  '', '', '', 'docker.io/', 'index.docker.io/', 'registry-1.docker.io/', 'registry.hub.docker.com/', 'quay.io/', 'Quay.IO/', 'LOCALHOST/', 'localhost/', 'localhost:1/', 'Team/', 'team:80/',
  'a.b:0/', 'a.b:05000/', 'a.b:65535/', 'a.b:65536/', 'a.b:99999999/', '1.2.3.4/', '1.2.3/', '0x7f.1/', '1.2.3.256/', '127.1:5000/', 'a-b.c/', '-a.b/', 'a-.b/', 'a_b.c/', 'a.b./', '.a.b/',
  'a..b/', `${'l'.repeat(63)}.com/`, `${'l'.repeat(64)}.com/`, '[::1]/', '[::1]:5000/', '[::]/', '[:]/', '[1]/', '[::ffff:1.2.3.4]/', '[2001:DB8:0:0:0:0:0:1]:80/', '[fe80::1%25eth0]/', '[g::]/', 'xn--a.b/', 'a.b:/',
];
const PARTS = ['a', 'nginx', 'library', 'a.b', 'a_b', 'a__b', 'a___b', 'a-b', 'a---b', 'a._b', '0', 'A', 'a-', '_a', '', '..', 'docker.io', 'p'.repeat(120), 'b'.repeat(64), '%41', 'é'];
const TAGS = ['', '', '', ':latest', ':1.27.0', ':_', ':-a', ':.a', ':A-b_c.d', ':', `:${'t'.repeat(128)}`, `:${'t'.repeat(129)}`, ':a b', ':a/b', ':5000'];
const DIGESTS = [
  '', '', '', '', `@${SHA256}`, `@${SHA256.toUpperCase()}`, `@sha256:${'A'.repeat(64)}`, `@sha256:${'a'.repeat(63)}`, `@sha256:${'a'.repeat(65)}`, `@sha512:${'a'.repeat(128)}`, `@sha384:${'a'.repeat(96)}`,
  `@md5:${'a'.repeat(32)}`, `@SHA256:${'a'.repeat(64)}`, `@sha256+b64:${'a'.repeat(64)}`, '@', `@${SHA256}@${SHA256}`, '@sha256:',
];
const CHARACTERS = [...'aZ0._-/:@[]%~+ \n\u00e9\u212a', '::', '//', '__', 'localhost', SHA256];

/** Numbers from 0 to 1, the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const random = numbers(Number(process.env.FAULT_SEED ?? 11));
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
const below = (limit: number) => Math.floor(random() * limit);

/** A reference made of valid and invalid parts. */
const composed = () => `${pick(HOSTS)}${Array.from({ length: 1 + below(4) }, () => pick(PARTS)).join('/')}${pick(TAGS)}${pick(DIGESTS)}`;

/** A text with some characters removed, inserted, replaced, or in the other case. */
function mutated(text: string): string {
  let result = text;
  for (let edits = 1 + below(3); edits > 0; edits--) {
    const at = below(result.length + 1);
    const after = at + below(2);
    const middle = pick([pick(CHARACTERS), '', result.slice(at, after).toUpperCase(), result.slice(at, at + below(9))]);
    result = result.slice(0, at) + middle + result.slice(after);
  }
  return result;
}

const generators = [composed, () => mutated(pick(REAL_NAMES)), () => mutated(composed()), () => Array.from({ length: below(8) }, () => pick(CHARACTERS)).join('')];

function ask(texts: readonly string[]): Answer[] {
  const input = texts.map((text) => JSON.stringify(text)).join('\n');
  const { stdout, status, stderr } = spawnSync(fileOf('reference'), { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`the program failed: ${stderr}`);
  return stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Answer);
}

/** Why a reference that the distribution project accepts is refused here on purpose. The reasons are in the comment of `image-reference.ts`. */
function reasonForRefusal(text: string, { domain, path, digest }: Answer): string | undefined {
  const [, host, port = '1'] = /^(.*?)(?::([0-9]+))?$/.exec(domain)!;
  const labels = host.split('.');
  if (domain === '') return 'it has no host';
  if (/^(?:(?:www\.)?(?:hub\.docker|github)\.com|gitlab\.com|gallery\.ecr\.aws)$/i.test(host)) return 'its host is a website';
  if (/^(?:quay\.io\/repository\/[^/]+\/[^/]|mcr\.microsoft\.com\/(?:product|artifact\/mar)\/)/.test(`${host.toLowerCase()}/${path}`)) return 'it is the path of a web page';
  if (text.length > 1024) return 'it is too long';
  if (digest !== undefined && !digest.startsWith('sha256:')) return 'the digest is not sha256';
  if (!/[.:]/.test(domain) && host.toLowerCase() !== 'localhost' && host !== host.toLowerCase()) return 'its host would be a namespace in lowercase';
  if (Number(port) < 1 || Number(port) > 65_535) return 'there is no such port';
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1)) ? undefined : 'it is not an IPv6 address';
  if (labels.some((label) => label.length > 63)) return 'a label is too long';
  // Node.js 24 accepts more of these hosts than Node.js 20 and 22.
  if (labels.some((label) => /^xn--/i.test(label))) return 'it is not valid Punycode';
  return /^(0x[0-9a-f]*|[0-9]+)$/i.test(labels[labels.length - 1]) && !isUsualIPv4(labels) ? 'a URL has another IPv4 address for it' : undefined;
}

function isUsualIPv4(labels: readonly string[]): boolean {
  return labels.length === 4 && labels.every((label) => /^(0|[1-9][0-9]{0,2})$/.test(label) && Number(label) < 256);
}

/** A reference of the distribution project in the spelling of this project. */
function normalized({ domain, path, tag, digest }: Answer) {
  const [, name, port] = /^(.*?)(?::([0-9]+))?$/.exec(domain.toLowerCase())!;
  const host = name.startsWith('[') ? new URL(`http://${name}/`).hostname : name;
  const aliases = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
  const registry = port === undefined && aliases.includes(host) ? 'docker.io' : `${host}${port === undefined ? '' : `:${Number(port)}`}`;
  return { registry, repository: registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path, tag, digest };
}

function parsed(text: string) {
  try {
    return parseImageReference(text);
  } catch {
    return undefined;
  }
}

/** What differs, as text; undefined when both agree, or differ for a documented reason. */
function difference(text: string, answer: Answer): string | undefined {
  const own = parsed(text);
  if (answer.error !== undefined) return own === undefined ? undefined : `accepted ${formatImageReference(own)}, but: ${answer.error}`;
  if (own === undefined) return reasonForRefusal(text, answer) === undefined ? `refused, but it is ${JSON.stringify(answer)}` : undefined;
  if (reasonForRefusal(text, answer) !== undefined && !/xn--/i.test(text)) return `accepted, but ${reasonForRefusal(text, answer)}`;
  const textOf = ({ registry, repository, tag, digest }: typeof own) => JSON.stringify([registry, repository, tag, digest]);
  const [ours, theirs] = [own, normalized(answer)].map(textOf);
  return ours === theirs ? undefined : `${ours} is not ${theirs}`;
}

const suite = isBuilt('reference') ? describe : describe.skip;

suite('the distribution project', () => {
  test('reads real names as this project does', () => {
    const answers = ask(REAL_NAMES);
    expect(REAL_NAMES.flatMap((text, index) => difference(text, answers[index]) ?? [])).toEqual([]);
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  test('gives the same verdict and the same parts for 50,000 generated texts', () => {
    const texts = Array.from({ length: COUNT }, (_, index) => generators[index % generators.length]());
    const answers = ask(texts);
    expect(answers).toHaveLength(COUNT);
    expect(texts.flatMap((text, index) => {
      const problem = difference(text, answers[index]);
      return problem === undefined ? [] : [`${JSON.stringify(text)}: ${problem}`];
    }).slice(0, 20)).toEqual([]);
    const accepted = answers.filter(({ error }) => error === undefined).length;
    expect(accepted).toBeGreaterThan(COUNT / 10);
    expect(accepted).toBeLessThan(COUNT * 0.9);
  });

  test.each([
    ['Team/app', 'its host would be a namespace in lowercase'],
    ['a_b.c/d', 'it has no host'],
    ['hub.docker.com/r/grafana/grafana:11.1.0', 'its host is a website'],
    ['hub.docker.com:443/r/grafana/grafana', 'its host is a website'],
    ['gallery.ecr.aws/docker/library/redis', 'its host is a website'],
    ['github.com/team/app', 'its host is a website'],
    ['quay.io/repository/prometheus/prometheus', 'it is the path of a web page'],
    ['mcr.microsoft.com/product/dotnet/aspnet', 'it is the path of a web page'],
    ['a.b:0/c', 'there is no such port'],
    ['a.b:65536/c', 'there is no such port'],
    [`a@sha512:${'a'.repeat(128)}`, 'the digest is not sha256'],
    ['[:]/a', 'it is not an IPv6 address'],
    [`${'l'.repeat(64)}.com/a`, 'a label is too long'],
    ['0x7f.1/a', 'a URL has another IPv4 address for it'],
    [`${'a.'.repeat(500)}com/${'b'.repeat(100)}`, 'it is too long'],
  ])('accepts %s, which this project refuses on purpose', (text, reason) => {
    const [answer] = ask([text]);
    expect(answer.error).toBeUndefined();
    expect(parsed(text)).toBeUndefined();
    expect(reasonForRefusal(text, answer)).toBe(reason);
  });
});
