/** Which run of a day looks for late referrers, where a schedule has several. */
import { Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { lateReferrersWindow } from '../../src/schedules/timetable';
import { mirrorStack } from '../support/mirror-stack';

const cron = (expression: string, timeZone?: TimeZone) => ScheduleExpression.expression(`cron(${expression})`, timeZone);
const rate = (minutes: number) => ScheduleExpression.rate(Duration.minutes(minutes));
const PATHS = Array.from({ length: 60 }, (_, index) => `Stack/Mirror/image ${index}`);

/** Whether a minute of the day is in a window. */
function contains(window: string, minute: number): boolean {
  const [start, end] = window.split(' ')[0].split('-').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
  return start < end ? start <= minute && minute < end : start <= minute || minute < end;
}

test.each([1, 5, 15, 60, 90, 6 * 60, 7 * 60, 12 * 60])('one run a day of a rate of %d minutes looks, whenever its runs start', (interval) => {
  for (const path of PATHS) {
    const window = lateReferrersWindow(rate(interval), path)!;
    for (const offset of [0, Math.floor(interval / 2), interval - 1]) {
      // Over two intervals more than a day, a window that includes midnight is seen as a whole.
      const runs = Array.from({ length: Math.ceil(1440 / interval) }, (_, index) => offset + index * interval).filter((minute) => minute < 1440);
      expect(runs.filter((minute) => contains(window, minute)).length).toBe(1);
    }
  }
});

test.each<[string, number[]]>([
  ['0 8,12,18 * * ? *', [480, 720, 1080]],
  ['30 0/6 * * ? *', [30, 390, 750, 1110]],
  ['0,30 9-11 ? * MON-FRI *', [540, 570, 600, 630, 660, 690]],
  ['0/15 3 * * ? *', [180, 195, 210, 225]],
  ['5 * * * ? *', Array.from({ length: 24 }, (_, hour) => hour * 60 + 5)],
  ['*/20 1 * * ? *', [60, 80, 100]],
])('one run a day of "cron(%s)" looks', (expression, runs) => {
  const windows = PATHS.map((path) => lateReferrersWindow(cron(expression), path)!);
  for (const window of windows) expect(runs.filter((minute) => contains(window, minute))).toHaveLength(1);
  // Each schedule chooses one of them by its path.
  expect(new Set(windows).size).toBeGreaterThan(Math.min(runs.length - 1, 15));
});

test.each([
  ['rate(1 day)'], ['rate(24 hours)'], ['rate(7 days)'], ['rate(1440 minutes)'], ['cron(0 3 * * ? *)'], ['cron(15 4 ? * SUN *)'], ['at(2030-01-01T00:00:00)'],
  ['cron(H 3 * * ? *)'], ['rate(${Token})'],
])('each run of %s looks, because it has at most one a day or its runs are not known', (expression) => {
  expect(lateReferrersWindow(ScheduleExpression.expression(expression), 'path')).toBeUndefined();
});

test('the part of the day is in the time zone of a cron expression', () => {
  expect(lateReferrersWindow(cron('0 8,12 * * ? *', TimeZone.EUROPE_BERLIN), 'path')).toMatch(/^(08:00-12:00|12:00-08:00) Europe\/Berlin$/);
});

test('a schedule has the variable when it has several runs a day and looks for referrers, and the deployment does not', () => {
  const { mirror, deploy } = mirrorStack({ schedule: ScheduleExpression.rate(Duration.hours(1)) });
  mirror.addImage('nginx:stable');
  mirror.addImage('redis:7', { lateReferrers: false });
  mirror.addImage('caddy:2', { referrers: false });
  mirror.addImage('busybox:1', { schedule: ScheduleExpression.rate(Duration.days(1)) });
  const template = deploy();
  const inputs = template.ids('AWS::Scheduler::Schedule').map((id) => JSON.parse(template.properties(id).Target.Input).environmentVariablesOverride as { name: string; value: string }[]);
  const values = Object.fromEntries(inputs.map((variables) => [variables[0].value, variables.find(({ name }) => name === 'LATE_REFERRERS')?.value]));
  expect(values).toEqual({
    'docker.io/library/nginx:stable': expect.stringMatching(/^\d\d:00-\d\d:00$/),
    'docker.io/library/redis:7': 'false',
    'docker.io/library/caddy:2': undefined,
    'docker.io/library/busybox:1': undefined,
  });
  const [trigger] = template.ids('Custom::ImageMirror');
  expect(template.properties(trigger).Images.map(({ LATE_REFERRERS }: Record<string, string>) => LATE_REFERRERS).filter(Boolean)).toEqual(['false']);
});
