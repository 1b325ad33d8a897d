import { CfnResource, Stack, Stage } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { PublicImage } from './public-image';
import { PullThroughCache } from '../cache/pull-through-cache';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { waitForFirstCopy } from '../consumers/first-copy';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { familiarImageReference, ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { otherEnvironmentPart } from '../synthesis/environments';

/** An image in Amazon ECR that takes the place of a public one. */
export interface Replacement {
  readonly imageUri: string;
  /** What the permission to pull it depends on. */
  readonly permission: string;
  readonly grantPull: (grantee: iam.IGrantable) => void;
  readonly makeAvailableTo: (user: IConstruct) => void;
}

/** Where replacements come from: a mirror or a pull-through cache. */
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
        permission: image.node.path,
        grantPull: (grantee) => image.grantPull(grantee),
        makeAvailableTo: (user) => waitForFirstCopy(user, image),
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
        permission: `${cache.node.path} ${reference.repository}`,
        grantPull: (grantee) => cache._grantTo(grantee, reference),
        makeAvailableTo: (user) => cache._usedBy(user),
      };
    },
  };
}

/** Why a resource cannot pull from a source, in words; undefined when it can. */
export function distance({ construct }: ImageSource, user: IConstruct): string | undefined {
  const name = quote(construct.node.path);
  if (Stage.of(construct) !== Stage.of(user)) return `${name} has it in another stage; define a mirror in each stage`;
  const part = otherEnvironmentPart(Stack.of(construct), Stack.of(user));
  return part === undefined ? undefined : `${name} has it in another ${part}; define a mirror for each account and Region`;
}

const EXCLUDE = 'MirroredImagesAspect.exclude() if it is to stay';

/** What is wrong with a public image that nothing replaces, and what to write. */
export function missingImage(user: string, image: PublicImage, sources: readonly ImageSource[], resource: CfnResource): string {
  const beginning = `${user} runs the public image ${quote(image.text)}`;
  const { reference, problem } = image;
  if (reference === undefined) return `${beginning}, and whether a mirror has it is not known, for ${problem}; or use ${EXCLUDE}`;
  const [far] = sources.flatMap((source) => source.find(reference) ? distance(source, resource) ?? [] : []);
  if (far !== undefined) return `${beginning}, and ${far}; or use ${EXCLUDE}`;
  const mirror = sources.find((source) => source.mirror !== undefined && distance(source, resource) === undefined)?.mirror;
  const place = mirror === undefined ? 'on an ImageMirror in its stage, account and Region' : `on ${quote(mirror.node.path)}`;
  const name = quote(familiarImageReference(reference));
  // What is in a list is not known, or not for long.
  const listed = sources.some(({ mirror: candidate }) => candidate !== undefined && MirrorCatalogs.has(candidate));
  const catalogs = listed ? ` if no catalog lists it (otherwise write imageUri(${name}) of that)` : '';
  return `${beginning}, which no mirror has; call addImage(${name}) ${place}${catalogs}, or use ${EXCLUDE}`;
}
