import { isChosen } from './chosen-repository';
import { PlatformTags } from './consumers/platform-tags';
import { CustomisedImage } from './customise/customised-image';
import { RUN_ENVIRONMENT, RunVariables } from '../image/environment';
import { MirroredImageOptions } from '../mirrored-image-options';
import { OnTagMoved } from '../on-tag-moved';
import { TagKind } from '../tag-kind';

/** How one image is mirrored. */
export interface ImageRun {
  readonly source: string;
  readonly repositoryName: string;
  readonly toldKind?: TagKind;
  readonly onTagMoved: OnTagMoved;
  readonly platforms?: readonly string[];
  /** The filter that selects the tags, as the engine reads it. */
  readonly filter?: string;
  readonly platformTags: PlatformTags;
  /** Undefined when the image is not customised. */
  readonly custom?: CustomisedImage;
}

/** What a build is told to mirror an image; what the engine takes by default is left out. */
export function runVariables(options: MirroredImageOptions, run: ImageRun): RunVariables {
  return {
    [RUN_ENVIRONMENT.IMAGE]: run.source,
    [RUN_ENVIRONMENT.REPOSITORY]: isChosen(options) ? run.repositoryName : undefined,
    [RUN_ENVIRONMENT.TAG_KIND]: run.toldKind,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: run.onTagMoved === OnTagMoved.FAIL ? undefined : run.onTagMoved,
    [RUN_ENVIRONMENT.PLATFORMS]: run.platforms?.join(','),
    [RUN_ENVIRONMENT.REFERRERS]: options.referrers === false ? 'false' : undefined,
    [RUN_ENVIRONMENT.TAGS]: run.filter,
    [RUN_ENVIRONMENT.PLATFORM_TAGS]: run.platformTags.render(),
    [RUN_ENVIRONMENT.CUSTOM_IMAGE]: run.custom?.render(),
  };
}
