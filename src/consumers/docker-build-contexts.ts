import { Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { IMirroredImage } from '../declarations/mirror-interfaces';
import { DOCKER_HUB, familiarImageReference, ImageReference, parseImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';

/**
 * The named contexts that make a build take images from the mirror.
 *
 * Docker compares the name of a context with `FROM` after it has brought both into one spelling; Podman compares the very text.
 * So there is one context for each spelling, which for Docker come to one.
 *
 * @see https://github.com/docker/buildx/blob/master/util/buildflags/context.go the names of contexts
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go NamedContext, what stands behind FROM
 * @see https://github.com/containers/buildah/blob/main/imagebuildah/executor.go additionalBuildContexts, the same in Podman
 * @throws Error when an image has no single tag, or when it is not known at synthesis where it will be
 */
export function dockerBuildContexts(images: readonly IMirroredImage[]): { [name: string]: string } {
  const contexts = images.flatMap((image) => {
    const source = `docker-image://${literalUri(image)}`;
    return spellings(parseImageReference(image.source)).map((spelling): [string, string] => [spelling, source]);
  });
  return Object.fromEntries(contexts.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** All that people write for one image. */
function spellings(reference: ImageReference): string[] {
  const ends = endings(reference);
  return names(reference).flatMap((name) => ends.map((end) => `${name}${end}`));
}

function names({ registry, repository }: ImageReference): string[] {
  const full = `${registry}/${repository}`;
  const familiar = familiarImageReference({ registry, repository });
  if (registry !== DOCKER_HUB || familiar === full) return [full];
  return [...new Set([full, repository, `${registry}/${familiar}`, familiar])];
}

function endings({ tag, digest }: ImageReference): string[] {
  if (digest !== undefined) return tag === undefined ? [`@${digest}`] : [`@${digest}`, `:${tag}@${digest}`];
  return tag === 'latest' ? ['', ':latest'] : [`:${tag}`];
}

/** The image's URI without a token: a Dockerfile is built before CloudFormation resolves any. */
function literalUri(image: IMirroredImage): string {
  const tag = image._singleTag('list the images that the Dockerfile names, and mirror each of them by its tag with addImage()');
  const { account, region } = image.repository.env;
  const repository = image._repositoryName;
  if (Token.isUnresolved(account) || Token.isUnresolved(region)) {
    throw new Error(`${quote(image.source)} will be in an account and Region that are not known at synthesis, and a Dockerfile is built before CloudFormation knows them; `
      + `give the stack ${quote(image.repository.stack.node.path)} its env, for example env: { account: '111122223333', region: 'eu-west-1' }`);
  }
  if (Token.isUnresolved(repository)) {
    throw new Error(`${quote(image.source)} is in a repository whose name is not known at synthesis, and a Dockerfile is built before CloudFormation knows it; `
      + 'give the repository a name, and pass ecr.Repository.fromRepositoryName(this, id, name) to addImage()');
  }
  return `${account}.dkr.ecr.${region}.${domainSuffix(region)}/${repository}:${tag}`;
}

/** What most Regions have is the guess for one that this version of the CDK does not know. */
function domainSuffix(region: string): string {
  return RegionInfo.get(region).domainSuffix ?? 'amazonaws.com';
}
