import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { OnTagMoved } from '../on-tag-moved';
import { DeployTrigger } from './deploy-trigger';
import { MirrorScheduleContext } from './mirror-schedule';
import { RepositorySet } from './repository-set';

/** What an image needs from its mirror. */
export interface MirrorContext extends MirrorScheduleContext {
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly onTagMoved: OnTagMoved;
  /** Undefined when a deployment mirrors nothing. */
  readonly deployTrigger?: DeployTrigger;
}
