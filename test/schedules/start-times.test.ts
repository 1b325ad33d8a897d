import { Annotations as CdkAnnotations, App, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { fleetImages } from '../../bench/synth/fleet-images';
import { defineFleetApart } from '../../bench/synth/mirrored-fleet';
import { ImageMirror, ImageMirrorProps } from '../../src';

const WARNING = 'cdk-ecr-mirror:ImageMirror.startTimes';
const AT_THREE = scheduler.ScheduleExpression.cron({ minute: '0', hour: '3', timeZone: TimeZone.EUROPE_BERLIN });

/** What a stack with a mirror of so many images warns of. */
function warnings(images: number, props: ImageMirrorProps = {}, more: (mirror: ImageMirror) => void = () => {}): string[] {
  const stack = new Stack(new App(), 'Platform');
  more(new ImageMirror(stack, 'Mirror', { ...props, images: fleetImages(images) }));
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(WARNING.replace('.', '\\.'))).map(({ entry }) => String(entry.data));
}

test('a fleet of 1,000 images with the default window gets no warning', () => {
  const app = new App();
  const [platform] = defineFleetApart(app, fleetImages(1_000), 5);
  expect(Annotations.fromStack(platform).findWarning('*', Match.stringLikeRegexp('startTimes'))).toEqual([]);
});

test('more images at one minute than an account queues get a warning that names the schedule and the window to set', () => {
  expect(warnings(45, { schedule: AT_THREE, timeWindow: scheduler.TimeWindow.off() })).toEqual([expect.stringContaining(
    'too many schedules start builds at the same time (45 at "cron(0 3 * * ? *) Europe/Berlin", about 45 in a minute), but an account queues about 30 builds; '
    + 'set timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(3)), or choose other times for some of them',
  )]);
});

test('30 images at one minute get none', () => {
  expect(warnings(30, { schedule: AT_THREE, timeWindow: scheduler.TimeWindow.off() })).toEqual([]);
});

test('the window that the warning names silences it', () => {
  expect(warnings(45, { schedule: AT_THREE, timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(3)) })).toEqual([]);
});

test('images at different times are not counted together', () => {
  expect(warnings(30, { schedule: AT_THREE, timeWindow: scheduler.TimeWindow.off() }, (mirror) => {
    for (let index = 0; index < 30; index++) {
      mirror.addImage(`registry.example.com/other-${index}:1.0.0`, { schedule: scheduler.ScheduleExpression.cron({ minute: '30', hour: '4' }) });
    }
  })).toEqual([]);
});

test('whoever acknowledges the warning on the mirror silences it', () => {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: fleetImages(40), timeWindow: scheduler.TimeWindow.off() });
  CdkAnnotations.of(mirror).acknowledgeWarning(WARNING);
  expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('startTimes'))).toEqual([]);
});
