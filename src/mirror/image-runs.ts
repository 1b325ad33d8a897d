import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { MirrorContext } from './mirror-context';
import { SinglePlatformTags } from '../consumers/single-platform-tags';
import { CustomizedImage } from '../customize/customized-image';
import { constructIdFor, DeclaredImage, ImageDefaults } from '../declarations/declared-image';
import { latestVersions } from '../declarations/kept-images';
import { Attestations, OnTagMoved } from '../declarations/tag-policy';
import { neverMirroredProblem } from '../deploy/deploy-trigger';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/sanitize';

/** The repositories and tags of an image in Amazon ECR. */
export interface ImageRunsProps {
  /** The repository of the unchanged image. */
  readonly repository: ecr.IRepository;
  /** The tags of single platforms. Consumers add tags after the image is defined. */
  readonly platformTags: SinglePlatformTags;
  /** `undefined` when the image is not customized. */
  readonly custom?: CustomizedImage;
}

/**
 * Defines what starts the runs of an image: its schedule and, if deployments mirror images, the custom resource for the first copy.
 *
 * @returns the constructs that are complete when the first copy exists
 */
export function defineImageRuns(scope: Construct, context: MirrorContext, image: DeclaredImage, props: ImageRunsProps): Construct[] {
  const { schedule, timeWindow, enabled, scheduled, source, tags } = image;
  const variables = () => runVariables(image, context.defaults, props);
  const filter = 'filter' in tags ? `, the tags ${tags.filter._render()}` : '';
  const run = { schedule, timeWindow, enabled, description: () => `Mirrors ${source}${filter}`, key: constructIdFor(image), variables };
  if (scheduled) {
    context.schedules.addImage(scope, run);
    props.platformTags.onChange(() => context.schedules.notice(run));
  }
  if (!enabled) return [];
  const { deployTrigger } = context;
  if (deployTrigger === undefined && !scheduled) scope.node.addValidation({ validate: () => [neverMirroredProblem(quote(source))] });
  const needs = props.custom?.needs ?? [];
  const trigger = deployTrigger?.add({ stack: Stack.of(scope), repository: props.repository, needs, variables, isScheduled: scheduled });
  return trigger === undefined ? [] : [trigger];
}

/** The environment variables of a build that mirrors an image. Values that are the engine's defaults are omitted. */
function runVariables(image: DeclaredImage, defaults: ImageDefaults, { platformTags, custom }: ImageRunsProps): RunVariables {
  const hasOwnNumber = image.mutableTags.length > 0 && image.keepPrevious !== defaults.keepPrevious;
  return {
    [RUN_ENVIRONMENT.IMAGE]: image.source,
    [RUN_ENVIRONMENT.REPOSITORY]: image.hasChosenRepository ? image.repositoryName : undefined,
    [RUN_ENVIRONMENT.TAG_KIND]: image.kindOverride,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: image.onTagMoved === OnTagMoved.FAIL ? undefined : image.onTagMoved,
    [image.platformsIfAvailable ? RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE : RUN_ENVIRONMENT.PLATFORMS]: image.platforms?.join(','),
    [RUN_ENVIRONMENT.REFERRERS]: image.referrers ? undefined : 'false',
    [RUN_ENVIRONMENT.ATTESTATIONS]: image.attestations === Attestations.KEEP_IF_ACCEPTED ? undefined : image.attestations,
    [RUN_ENVIRONMENT.LATE_REFERRERS]: image.lateReferrers ? undefined : 'false',
    [RUN_ENVIRONMENT.TAGS]: 'filter' in image.tags ? image.tags.filter._render(latestVersions(image)) : undefined,
    [RUN_ENVIRONMENT.PLATFORM_TAGS]: platformTags.render(),
    [RUN_ENVIRONMENT.KEEP_PREVIOUS]: hasOwnNumber ? String(image.keepPrevious) : undefined,
    [RUN_ENVIRONMENT.KEEP_VERSIONS]: image.keepVersions?.toString(),
    [RUN_ENVIRONMENT.CUSTOM_IMAGE]: custom?.render(),
  };
}
