import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { OnTagMoved } from './on-tag-moved';

/**
 * How the images of a catalogue are mirrored.
 */
export interface MirroredCatalogueOptions {
  /**
   * How often the list is read, and upstream is asked for newer images.
   *
   * @default - as the mirror's images
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How late a run may start.
   *
   * @default - as for the mirror's images
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * How many builds the images are divided among, each with a schedule of its own: 1 to 30.
   *
   * A build takes 500 entries at most, and checks them in a minute or two; copying takes longer, and what was not done in a build's time is done by
   * the next. Entries beyond that fail one by one, and in a file of the app all at synthesis. The tags of one upstream repository are always mirrored
   * by the same build, whatever the shards: select many of them with `tags`, which is one entry.
   *
   * @default 1
   */
  readonly shards?: number;

  /**
   * What a run does when a fixed tag names another image upstream than in the mirror, and the entry does not say.
   *
   * @default - as for the mirror's images
   */
  readonly onTagMoved?: OnTagMoved;
}
