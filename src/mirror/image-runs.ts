import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IDependable } from 'constructs';
import { MirrorContext } from './mirror-context';
import { SinglePlatformTags } from '../consumers/single-platform-tags';
import { CustomizedImage } from '../customize/customized-image';
import { hasOwnRepository } from '../declarations/image-settings';
import { MirroredImageOptions } from '../declarations/mirrored-image-props';
import { OnTagMoved, TagKind } from '../declarations/tag-policy';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { defineMirrorSchedule, MirrorScheduleProps } from '../schedules/schedules';

/** An image that runs mirror. */
export interface RunImage extends MirrorScheduleProps {
  /** The repository that it is mirrored to. */
  readonly repository: ecr.IRepository;
  /** What its runs need besides. */
  readonly needs: readonly IDependable[];
}

/** Defines what mirrors an image: its schedule and, where deployments mirror, its first copy. Returns what is done when that is there. */
export function defineImageRuns(scope: Construct, context: MirrorContext, { repository, needs, ...schedule }: RunImage): Construct[] {
  defineMirrorSchedule(scope, 'Schedule', context, schedule);
  const trigger = context.deployTrigger?.add({ stack: Stack.of(scope), repository, needs, variables: schedule.variables });
  return trigger === undefined ? [] : [trigger];
}

/** How one image is mirrored. */
export interface ImageRun {
  readonly source: string;
  readonly repositoryName: string;
  readonly toldKind?: TagKind;
  readonly onTagMoved: OnTagMoved;
  readonly platforms?: readonly string[];
  /** The filter that selects the tags, as the engine reads it. */
  readonly filter?: string;
  readonly platformTags: SinglePlatformTags;
  /** Undefined when the image is not customized. */
  readonly custom?: CustomizedImage;
}

/** What a build is told to mirror an image; what the engine takes by default is left out. */
export function runVariables(options: MirroredImageOptions, run: ImageRun): RunVariables {
  return {
    [RUN_ENVIRONMENT.IMAGE]: run.source,
    [RUN_ENVIRONMENT.REPOSITORY]: hasOwnRepository(options) ? run.repositoryName : undefined,
    [RUN_ENVIRONMENT.TAG_KIND]: run.toldKind,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: run.onTagMoved === OnTagMoved.FAIL ? undefined : run.onTagMoved,
    [RUN_ENVIRONMENT.PLATFORMS]: run.platforms?.join(','),
    [RUN_ENVIRONMENT.REFERRERS]: options.referrers === false ? 'false' : undefined,
    [RUN_ENVIRONMENT.TAGS]: run.filter,
    [RUN_ENVIRONMENT.PLATFORM_TAGS]: run.platformTags.render(),
    [RUN_ENVIRONMENT.CUSTOM_IMAGE]: run.custom?.render(),
  };
}
