/** What the clients of other projects read in a registry: the judges of what the engine put there. */
import { outputOf } from './tools';

/** The digest that a name stands for, as crane reads it. */
export async function digestAsRead(reference: string): Promise<string> {
  return (await outputOf('crane', ['digest', '--insecure', reference])).toString().trim();
}

/** A manifest's bytes as skopeo and as regctl read them. */
export function manifestsAsRead(reference: string): Promise<Buffer[]> {
  return Promise.all([
    outputOf('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]),
    outputOf('regctl', ['manifest', 'get', ...withoutTls(reference), '--format', 'raw-body', reference]),
  ]);
}

/**
 * Has crane look whether all manifests, configurations and layers of an image are there.
 *
 * @param deeply also whether every layer is the archive that the configuration says
 * @throws when it finds a fault
 */
export async function validate(reference: string, deeply: boolean = false): Promise<void> {
  await outputOf('crane', ['validate', ...deeply ? [] : ['--fast'], '--insecure', '--remote', reference]);
}

/** The platform of the image that crane finds for one. */
export async function platformAsRead(reference: string, platform: string): Promise<string> {
  const config = await outputOf('crane', ['config', '--insecure', '--platform', platform, reference]);
  const { architecture, os } = JSON.parse(config.toString()) as { architecture: string; os: string };
  return `${os}/${architecture}`;
}

/** What refers to a manifest, and what refers to that in turn. */
export interface ReferrerTree {
  readonly digest: string;
  readonly artifactType: string;
  readonly referrers: readonly ReferrerTree[];
}

/** What oras discovers to refer to a manifest, in the order of digests. */
export async function referrersAsDiscovered(reference: string): Promise<readonly ReferrerTree[]> {
  return treesOf(JSON.parse((await outputOf('oras', ['discover', '--plain-http', '--format', 'json', reference])).toString()));
}

/** The digests of what regctl lists to refer to a manifest, in order. */
export async function referrersAsListed(reference: string): Promise<string[]> {
  const format = '{{range .Descriptors}}{{.Digest}} {{end}}';
  return (await outputOf('regctl', ['artifact', 'list', ...withoutTls(reference), '--format', format, reference])).toString().trim().split(' ').sort();
}

/** All tags of a repository as oras lists them. */
export async function tagsAsListed(repository: string): Promise<string[]> {
  return (await outputOf('oras', ['repo', 'tags', '--plain-http', repository])).toString().trim().split('\n');
}

function treesOf({ referrers = [] }: Partial<ReferrerTree>): ReferrerTree[] {
  return referrers
    .map(({ digest, artifactType, ...further }) => ({ digest, artifactType, referrers: treesOf(further) }))
    .sort((one, other) => one.digest < other.digest ? -1 : 1);
}

/** regctl's words for a registry without TLS. */
export function withoutTls(reference: string): string[] {
  return ['--host', `reg=${reference.split('/')[0]},tls=disabled`];
}
