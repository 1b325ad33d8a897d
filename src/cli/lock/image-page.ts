import { DOCKER_HUB, ImageReference } from '../../image/image-reference';

/** The web pages of registries that show an image to everybody. */
const PAGES: Readonly<Record<string, (repository: string, tag: string, digest: string) => string>> = {
  [DOCKER_HUB]: (repository, tag) => {
    const [, official] = /^library\/(.+)$/.exec(repository) ?? [];
    return `https://hub.docker.com/${official === undefined ? `r/${repository}` : `_/${official}`}/tags?name=${tag}`;
  },
  'quay.io': (repository, _, digest) => `https://quay.io/repository/${repository}/manifest/${digest}`,
  'ghcr.io': (repository) => `https://ghcr.io/${repository}`,
  'public.ecr.aws': (repository) => `https://gallery.ecr.aws/${repository}`,
};

/** The web page of an image; `undefined` for a registry without one. Each part of a reference is valid in a URL. */
export function imagePage({ registry, repository, tag }: ImageReference, digest: string): string | undefined {
  return PAGES[registry]?.(repository, tag ?? '', digest);
}
