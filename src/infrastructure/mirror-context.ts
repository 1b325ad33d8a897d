import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { OnTagMoved } from '../on-tag-moved';
import { MirrorCatalogues } from './catalogue/mirror-catalogues';
import { ComputeConfiguration } from './compute-configuration';
import { CustomImages } from './customise/custom-images';
import { DeployTrigger } from './deploy/deploy-trigger';
import { MirrorScheduleContext } from './mirror-schedule';
import { MirrorSignals } from './observe/observed';
import { RepositorySet } from './repository-set';

/** What an image needs from its mirror. */
export interface MirrorContext extends MirrorScheduleContext {
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly onTagMoved: OnTagMoved;
  readonly compute: ComputeConfiguration;
  readonly signals: MirrorSignals;
  readonly customImages: CustomImages;
  readonly catalogues: MirrorCatalogues;
  /** Undefined when a deployment mirrors nothing. */
  readonly deployTrigger?: DeployTrigger;
}
