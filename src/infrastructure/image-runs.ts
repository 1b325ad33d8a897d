import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IDependable } from 'constructs';
import { MirrorContext } from './mirror-context';
import { defineMirrorSchedule, MirrorScheduleProps } from './mirror-schedule';

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
