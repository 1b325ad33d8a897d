/**
 * Suggestions for names that are probably misspelled, and for web pages and commands that name an image.
 */

/** Names that differ from the wanted one in more characters are not suggested. */
const MAX_DISTANCE = 3;

/** A suggested name differs in less than this part of the longer name. */
const MAX_DIFFERENT_PART = 0.5;

/** Names in the order of their similarity to another: the most similar first, and equally similar ones in alphabetical order. */
export function sortBySimilarity(names: readonly string[], wanted: string): string[] {
  const ranked = names.map((name) => ({ name, distance: editDistance(name, wanted) }));
  return ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}

/** The known name to suggest for a misspelled one, regardless of case; undefined when no known name is similar enough. */
export function didYouMean(wanted: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, part: differentPart(name.toLowerCase(), wanted.toLowerCase()) }));
  const [closest] = ranked.sort((a, b) => a.part - b.part);
  return closest.part < MAX_DIFFERENT_PART ? closest.name : undefined;
}

/** The edit distance as a part of the longer name's length; infinite when the names differ too much. */
function differentPart(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_DISTANCE) return Infinity;
  const distance = editDistance(a, b);
  return distance > MAX_DISTANCE ? Infinity : distance / Math.max(a.length, b.length);
}

/** The Levenshtein distance: how many characters must be inserted, removed or replaced to turn one text into the other. */
function editDistance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= to.length; j++) row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1));
  }
  return row[to.length];
}

/** The first word of a command or line that ends with an image: `docker pull nginx`, `FROM nginx`. */
const COMMAND = /^(?:\$ *)?(?:sudo +)?(?:(?:docker|podman|nerdctl|crictl|ctr|crane|skopeo|regctl|oras) +[^ ]+|from|image:|-) +(?:[^ ]+ +)*([^ ]+)$/i;

/** Websites that show images, and the image that a path of them shows. These hosts are not registries. */
const WEBSITES: readonly (readonly [host: RegExp, page: RegExp, image: string])[] = [
  [/^(?:www\.)?hub\.docker\.com$/, /^layers\/(?:library\/)?([^/]+(?:\/[^/]+)?)\/([^/]+)\/images(?:\/|$)/, '$1:$2'],
  [/^(?:www\.)?hub\.docker\.com$/, /^(?:_|r\/(?:library|_)|repository\/docker\/library)\/([^/]+)(?:\/|$)/, '$1'],
  [/^(?:www\.)?hub\.docker\.com$/, /^(?:(?:r|repository\/docker|v2\/repositories)\/)?(?!(?:u|orgs|search|layers|r|_)\/)([^/]+\/[^/]+)(?:\/|$)/, '$1'],
  [/^(?:www\.)?hub\.docker\.com$/, /^(?!(?:search|explore|extensions|signup|login)$)([^/]+)$/, '$1'],
  [/^gallery\.ecr\.aws$/, /^([^/]+\/.+)$/, 'public.ecr.aws/$1'],
  [/^(?:www\.)?github\.com$/, /^(?:orgs|users)\/([^/]+)\/packages\/container\/(?:package\/)?([^/]+)(?:\/|$)/, 'ghcr.io/$1/$2'],
  [/^(?:www\.)?github\.com$/, /^([^/]+)\/[^/]+\/pkgs\/container\/([^/]+)(?:\/|$)/, 'ghcr.io/$1/$2'],
  [/^(?:www\.)?github\.com$/, /^/, ''],
  [/^quay\.io$/, /^repository\/([^/]+\/[^/]+)(?:\/|$)/, 'quay.io/$1'],
  [/^mcr\.microsoft\.com$/, /^(?:[a-z]{2}-[a-z]{2}\/)?(?:artifact\/mar|product)\/(.+?)(?:\/(?:about|tags))?$/, 'mcr.microsoft.com/$1'],
  [/^gitlab\.com$/, /^(.+?)(?:\/-)?\/container_registry(?:\/|$)/, 'registry.gitlab.com/$1'],
];

/** Whether a host with a path is a website that shows images, and not a registry. */
export function isImagePage(host: string, path: string): boolean {
  return pageOf(host, path) !== undefined || WEBSITES.some(([site]) => site.test(host) && !REGISTRY_WITH_PAGES.test(host));
}

/** Hosts that are a registry, and also show pages. */
const REGISTRY_WITH_PAGES = /^(?:quay\.io|mcr\.microsoft\.com)$/;

/** The image that a web page, URL, or command probably means: `nginx` for `https://hub.docker.com/_/nginx`. Other text stays as it is. */
export function impliedImage(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  const words = (COMMAND.exec(line)?.[1] ?? line).replace(/^(["'`])(.*)\1$/, '$2');
  const name = words.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const path = name.replace(/[?#].*$/, '').replace(/\/+$/, '');
  const slash = path.indexOf('/');
  if (slash === -1) return name !== words && /[.:]/.test(path) ? text : path;
  const page = pageOf(path.slice(0, slash).toLowerCase().replace(/:[0-9]+$/, ''), path.slice(slash + 1));
  return page ?? (name === words ? name : path);
}

function pageOf(host: string, path: string): string | undefined {
  for (const [site, page, image] of WEBSITES) {
    const match = site.test(host) && page.exec(path);
    if (match && image !== '') return image.replace(/\$([12])/g, (_, group) => match[Number(group)].replace(/%2f/gi, '/'));
  }
  return undefined;
}
