/** What builds that mirror a catalog find: an account where pushes create repositories, upstream images, and lists. */
import { FixtureImage, singleImage } from './fixture-images';
import { EngineRun, LocalAccount, UPSTREAM } from './local-account';
import type { EcrRepositoryDefinition } from './local-ecr';

/** The parameter and the object that lists are in. */
export const PARAMETER = '/platform/images';
export const OBJECT = 'lists/platform/images.yaml';
/** What the names of repositories start with, of tags of either kind. */
export const FIXED = `mirror/${UPSTREAM}`;
export const FLOATING = `mirror-floating/${UPSTREAM}`;

/** An account with the creation templates of a mirror, by default without a repository. */
export async function openCatalogAccount(repositories: readonly EcrRepositoryDefinition[] = []): Promise<LocalAccount> {
  return LocalAccount.open(repositories, {
    creationTemplates: [{ prefix: 'mirror', imageTagMutability: 'IMMUTABLE' }, { prefix: 'mirror-floating', imageTagMutability: 'MUTABLE' }],
  });
}

/** An upstream image as references name it. */
export function nameOf(app: string, tag?: string): string {
  return `${UPSTREAM}/${app}${tag === undefined ? '' : `:${tag}`}`;
}

/** The image that a tag has upstream. */
export function imageOf(app: string, tag: string): FixtureImage {
  return singleImage({ seed: `${app}:${tag}` });
}

export function publish({ upstream }: LocalAccount, app: string, ...tags: string[]): void {
  for (const tag of tags) upstream.push(app, tag, imageOf(app, tag));
}

/** Mirrors the list that is in the parameter. */
export async function mirrorParameter(account: LocalAccount, value: string, variables: Record<string, string> = {}): Promise<EngineRun> {
  account.parameters.parameters.set(PARAMETER, { value });
  return account.run({ CATALOG: `ssm:${PARAMETER}`, ...variables });
}

/** Mirrors the list that is in the object. */
export async function mirrorObject(account: LocalAccount, text: string | Buffer, variables: Record<string, string> = {}): Promise<EngineRun> {
  account.objects.objects.set(OBJECT, text);
  return account.run({ CATALOG: `s3://${OBJECT}`, ...variables });
}

/** A document with an entry on each line, the first on line 2. */
export function documentOf(...entries: string[]): string {
  return ['images:', ...entries.map((entry) => `  - ${entry}`)].join('\n');
}
