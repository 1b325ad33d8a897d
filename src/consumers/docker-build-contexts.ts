import { Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { IMirroredImage } from '../declarations/mirror-interfaces';
import { DOCKER_HUB, familiarImageReference, ImageReference, parseImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';

/**
 * The named build contexts that replace upstream images in `FROM` with images of the mirror.
 *
 * Docker normalizes the name of a context and the image in `FROM` before it compares them. Podman compares the text.
 * So each spelling of an image has a context. For Docker, they are the same context.
 *
 * @see https://github.com/docker/buildx/blob/master/util/buildflags/context.go the names of contexts
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go NamedContext, which resolves FROM
 * @see https://github.com/containers/buildah/blob/main/imagebuildah/executor.go additionalBuildContexts, which resolves FROM in Podman
 * @throws Error when an image has no single tag, and when its account, Region, or repository name is not known at synthesis
 */
export function dockerBuildContexts(images: readonly IMirroredImage[]): { [name: string]: string } {
  const contexts = images.flatMap((image) => {
    const source = `docker-image://${literalUri(image)}`;
    return spellings(parseImageReference(image.source)).map((spelling): [string, string] => [spelling, source]);
  });
  return Object.fromEntries(contexts.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** All spellings of an image in a Dockerfile. */
function spellings(reference: ImageReference): string[] {
  const ofReference = suffixes(reference);
  return names(reference).flatMap((name) => ofReference.map((suffix) => `${name}${suffix}`));
}

function names({ registry, repository }: ImageReference): string[] {
  const full = `${registry}/${repository}`;
  const familiar = familiarImageReference({ registry, repository });
  if (registry !== DOCKER_HUB || familiar === full) return [full];
  return [...new Set([full, repository, `${registry}/${familiar}`, familiar])];
}

/** The spellings of the tag and the digest. */
function suffixes({ tag, digest }: ImageReference): string[] {
  if (digest !== undefined) return tag === undefined ? [`@${digest}`] : [`@${digest}`, `:${tag}@${digest}`];
  return tag === 'latest' ? ['', ':latest'] : [`:${tag}`];
}

/** The URI of the image, which must not contain a token, because the Dockerfile is built before the deployment. */
function literalUri(image: IMirroredImage): string {
  const tag = image._singleTag('list the images that the Dockerfile names, and mirror each of them by its tag with addImage()');
  const { account, region } = image.repository.env;
  const repository = image._repositoryName;
  if (Token.isUnresolved(account) || Token.isUnresolved(region)) {
    throw new Error(`the account and Region of ${quote(image.source)} are not known at synthesis, but the Dockerfile is built before the deployment; `
      + `set env of the stack ${quote(image.repository.stack.node.path)}, for example env: { account: '111122223333', region: 'eu-west-1' }`);
  }
  if (Token.isUnresolved(repository)) {
    throw new Error(`the repository name of ${quote(image.source)} is not known at synthesis, but the Dockerfile is built before the deployment; `
      + 'set a name for the repository, and pass ecr.Repository.fromRepositoryName(this, id, name) to addImage()');
  }
  return `${account}.dkr.ecr.${region}.${domainSuffix(region)}/${repository}:${tag}`;
}

/** The domain suffix of a Region. For a Region that is unknown to this version of the CDK, it is the most common suffix. */
function domainSuffix(region: string): string {
  return RegionInfo.get(region).domainSuffix ?? 'amazonaws.com';
}
