import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { describeShare, ImageRun, RunGroup, RunShare, shareVariables } from './run-group';
import { SwitchedTimetable } from './timetable';
import { RunVariables } from '../image/contract/environment';
import { scopeInStack } from '../synthesis/environments';

/** A schedule, and the build that it starts. */
export interface MirrorScheduleProps extends SwitchedTimetable {
  readonly description: () => string;
  /** The environment variables of the build. They are read when the template is rendered, so later choices count too. */
  readonly variables: () => RunVariables;
}

/** The run of an image, and when its schedule starts it. */
export interface ImageScheduleProps extends MirrorScheduleProps, ImageRun {}

/** Defines and removes the schedules of shares. */
export interface ShareSchedules {
  define(scope: Construct, id: string, props: MirrorScheduleProps): void;
  remove(scope: Construct, id: string): void;
}

/** The images with one timetable in one stack. */
interface ScheduledGroup {
  readonly scope: Construct;
  readonly timetable: SwitchedTimetable;
  readonly runs: RunGroup;
  /** The shares with a schedule, by the id of the schedule. */
  shares: ReadonlyMap<string, RunShare>;
}

/**
 * The schedules that start a build for several images: in each stack, one for all images with the same timetable, and more where one build is not
 * enough.
 *
 * The ids of the schedules depend on the timetable, and not on the images.
 */
export class GroupedSchedules {
  private readonly groups = new Map<string, ScheduledGroup>();
  private readonly groupOf = new Map<ImageRun, ScheduledGroup>();

  /** @param longestBuildMinutes the time after which CodeBuild stops a build */
  constructor(private readonly mirror: Construct, private readonly schedules: ShareSchedules, private readonly longestBuildMinutes: number) {}

  /** Adds an image. */
  public add(stack: Stack, run: ImageScheduleProps): void {
    const scope = scopeInStack(stack, this.mirror, 'GroupedSchedules');
    const id = timetableId(run, stack);
    const key = `${scope.node.path} ${id}`;
    const group = this.groups.get(key) ?? this.defineGroup(new Construct(scope, id), run);
    this.groups.set(key, group);
    this.groupOf.set(run, group);
    this.update(group, run);
  }

  /** Notices that the variables of an image have changed. */
  public notice(run: ImageRun): void {
    const group = this.groupOf.get(run);
    if (group !== undefined) this.update(group, run);
  }

  private defineGroup(scope: Construct, { schedule, timeWindow, enabled }: SwitchedTimetable): ScheduledGroup {
    return { scope, timetable: { schedule, timeWindow, enabled }, runs: new RunGroup(this.longestBuildMinutes), shares: new Map() };
  }

  /** Defines the schedules of new shares. When a share is divided, its first half can be empty, and then its schedule is not needed. */
  private update(group: ScheduledGroup, run: ImageRun): void {
    const { scope, timetable } = group;
    group.runs.add(run);
    const before = group.shares;
    group.shares = new Map(group.runs.shares().map((share) => [`Schedule${share.suffix}`, share]));
    for (const id of before.keys()) if (!group.shares.has(id)) this.schedules.remove(scope, id);
    for (const id of group.shares.keys()) {
      if (before.has(id)) continue;
      const share = () => group.shares.get(id)!;
      this.schedules.define(scope, id, { ...timetable, description: () => describeShare(share()), variables: () => shareVariables(share()) });
    }
  }
}

/** The default time zone of schedules. */
const UTC = 'Etc/UTC';

/** The id of a timetable. It is the same for equal timetables. */
function timetableId({ schedule, timeWindow, enabled }: SwitchedTimetable, stack: Stack): string {
  const window = timeWindow.maxWindow?.toMinutes().toString() ?? '';
  const parts = [schedule.expressionString, schedule.timeZone?.timezoneName ?? UTC, timeWindow.mode, window, enabled ? '' : 'disabled'];
  return parts.map((part) => Token.isUnresolved(part) ? JSON.stringify(stack.resolve(part)) : part).join(' ').trim().replace(/\//g, ':');
}
