import { CfnResource, Stack, Stage } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { PublicImage } from './public-image';
import { PullThroughCache } from '../cache/pull-through-cache';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { dependOnFirstCopy, warnAboutMovedTag } from '../consumers/first-copy';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { familiarImageReference, ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { isDifferent, otherEnvironmentPart } from '../synthesis/environments';

/** An image in Amazon ECR that replaces a public image. */
export interface Replacement {
  readonly imageUri: string;
  /** Identifies the pull permission, so that each role gets it once. */
  readonly permissionKey: string;
  readonly grantPull: (grantee: iam.IGrantable) => void;
  readonly makeAvailableTo: (user: IConstruct) => void;
  /** Warns a user that needs the image for longer than a tag names it. `undefined` when the image is not known. */
  readonly warnAboutMovedTag?: (user: IConstruct) => void;
}

/** A mirror or a pull-through cache that provides replacements. */
export interface ImageSource {
  readonly construct: IConstruct;
  /** `undefined` for a pull-through cache. */
  readonly mirror?: IImageMirror;
  readonly find: (reference: ImageReference) => Replacement | undefined;
}

export function mirrorSource(mirror: IImageMirror): ImageSource {
  return {
    construct: mirror,
    mirror,
    find: (reference) => {
      const image = mirror._find(reference);
      return image && {
        imageUri: image._uriFor(reference),
        permissionKey: image.node.path,
        grantPull: (grantee) => image.grantPull(grantee),
        makeAvailableTo: (user) => dependOnFirstCopy(user, image),
        warnAboutMovedTag: reference.digest === undefined ? (user) => warnAboutMovedTag(user, image) : undefined,
      };
    },
  };
}

export function cacheSource(cache: PullThroughCache): ImageSource {
  return {
    construct: cache,
    find: (reference) => {
      const imageUri = cache._uriFor(reference);
      return imageUri === undefined ? undefined : {
        imageUri,
        permissionKey: `${cache.node.path} ${reference.repository}`,
        grantPull: (grantee) => cache._grantTo(grantee, reference),
        makeAvailableTo: (user) => cache._usedBy(user),
      };
    },
  };
}

/**
 * Why a resource cannot pull from a source, and what to do: the source is in another stage, account or Region.
 *
 * @returns undefined if the resource can pull
 */
export function environmentProblem({ construct, mirror }: ImageSource, resource: IConstruct): string | undefined {
  if (mirror?._importedFrom !== undefined) return undefined;
  const name = quote(construct.node.path);
  const remedy = mirror === undefined ? '' : ', or import the mirror with ImageMirror.fromImageMirrorAttributes() or ImageMirror.fromLookup()';
  if (Stage.of(construct) !== Stage.of(resource)) return `${name} has it in another stage; define a mirror in each stage${remedy}`;
  const part = otherEnvironmentPart(Stack.of(construct), Stack.of(resource));
  return part === undefined ? undefined : `${name} has it in another ${part}; define a mirror in each account and Region${remedy}`;
}

/** The sources in the order of the search: imported mirrors in another account or Region than the resource are last. */
export function nearestFirst(sources: readonly ImageSource[], resource: IConstruct): ImageSource[] {
  const { account, region } = Stack.of(resource);
  const isFar = ({ mirror }: ImageSource) => {
    const from = mirror?._importedFrom;
    return from !== undefined && (isDifferent(from.account, account) || isDifferent(from.region, region));
  };
  return [...sources.filter((source) => !isFar(source)), ...sources.filter(isFar)];
}

/** The problem of a public image that no source replaces, and what to do. */
export function missingImageProblem(user: string, image: PublicImage, sources: readonly ImageSource[], resource: CfnResource): string {
  const { text, reference, problem } = image;
  const details = reference === undefined ? `and no mirror can be searched for it: ${problem}` : unmirroredProblem(reference, sources, resource);
  return `${user} runs the public image ${quote(text)}, ${details}; or call MirroredImagesAspect.exclude() to keep the public image`;
}

function unmirroredProblem(reference: ImageReference, sources: readonly ImageSource[], resource: CfnResource): string {
  const [unreachable] = sources.flatMap((source) => source.find(reference) ? environmentProblem(source, resource) ?? [] : []);
  if (unreachable !== undefined) return `and ${unreachable}`;
  const mirror = sources.find((source) => source.mirror !== undefined && environmentProblem(source, resource) === undefined)?.mirror;
  const target = mirror === undefined ? 'an ImageMirror in its stage, account and Region' : quote(mirror.node.path);
  const name = quote(familiarImageReference(reference));
  const remedy = mirror?._importedFrom === undefined ? `call addImage(${name}) on ${target}` : `add it in the app that defines the mirror ${target}`;
  const problem = `which is not in a mirror; ${remedy}`;
  // The entries of a catalog may change without a deployment, so they are not searched.
  const hasCatalogs = sources.some((source) => source.mirror !== undefined && MirrorCatalogs.has(source.mirror));
  return hasCatalogs ? `${problem}, or use imageUri(${name}) of the catalog that lists it` : problem;
}
