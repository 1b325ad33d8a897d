/**
 * Two weeks of a mirror of twelve images, made up for a picture of its dashboard: once a day, with six new images, a registry that limits the rate
 * on the ninth day, and a fixed tag that upstream moved on the eleventh.
 */

/** The values of a series, one for each hour; undefined where nothing was counted. */
export type HourlyValues = readonly (number | undefined)[];

/** The rows of a table by the names of their columns; what is empty is left out. */
export type Rows = readonly Readonly<Record<string, string>>[];

export const DAYS = Array.from({ length: 14 }, (_, index) => `11-${String(index + 9).padStart(2, '0')}`);

export const HOURS_OF_A_DAY = 24;

/** When schedules start, all within an hour. */
const HOUR_OF_RUNS = 3;

const _ = undefined;
const BUILDS = 12;
const COPIED = [_, 1, _, _, 1, _, 2, _, _, _, 1, _, _, 1];
const FAILED = [_, _, _, _, _, _, _, _, 2, _, _, _, _, _];
const MOVED = [_, _, _, _, _, _, _, _, _, _, 1, 1, 1, 1];
const HELD = [_, _, _, _, _, _, _, _, _, _, _, _, 1, 1];
const MEGABYTES = [0, 68, 0, 0, 412, 0, 95, 0, 0, 0, 187, 0, 0, 68];

/** US dollars for a minute of a build. */
const MINUTE = 0.005;

/** The series of the dashboard by their labels. */
export const SERIES: Readonly<Record<string, HourlyValues>> = {
  'New images': hourly(COPIED),
  'Unchanged': hourly(DAYS.map((_day, index) => BUILDS - (COPIED[index] ?? 0) - (FAILED[index] ?? 0) - (HELD[index] ?? 0) - (MOVED[index] ?? 0))),
  'Failures': hourly(FAILED),
  'Held': hourly(HELD),
  'Fixed tags moved': hourly(MOVED),
  'Failed builds': hourly(DAYS.map((_day, index) => (FAILED[index] ?? 0) + (MOVED[index] ?? 0) || undefined)),
  'Rate limited': hourly(FAILED),
  'Runs not started': hourly(DAYS.map(() => undefined)),
  'Bytes copied': hourly(MEGABYTES.map((value) => value * 1e6)),
  'Builds': hourly(DAYS.map(() => BUILDS)),
  'US dollars': DAYS.flatMap((_day, index) => Array.from({ length: HOURS_OF_A_DAY }, (_hour, hour) => {
    return Math.round((hour < HOUR_OF_RUNS ? index : index + 1) * BUILDS * MINUTE * 100) / 100;
  })),
};

const IN_ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror';
const RATE_LIMITED = { lastReason: 'rate-limited', lastMessage: 'registry-1.docker.io limits the rate of pulls, and the time of the run is over' };

/** The tables of the dashboard by the start of their titles. */
export const TABLES: Readonly<Record<string, Rows>> = {
  'Last success of each image': [
    { repository: 'mirror/logstash', tag: '7.11.2', lastSuccess: '11-18 03:24', lastRun: '11-22 03:24', lastOutcome: 'tag-moved' },
    { repository: 'mirror/nginx', tag: 'stable', lastSuccess: '11-22 03:02', lastRun: '11-22 03:02', lastOutcome: 'copied' },
    { repository: 'mirror/redis', tag: '7', lastSuccess: '11-22 03:07', lastRun: '11-22 03:07', lastOutcome: 'unchanged' },
    { repository: 'mirror/quay.io/prometheus/prometheus', tag: 'v2.53.0', lastSuccess: '11-22 03:11', lastRun: '11-22 03:11', lastOutcome: 'unchanged' },
    { repository: 'mirror/grafana/grafana', tag: '11.1.0', lastSuccess: '11-22 03:12', lastRun: '11-22 03:12', lastOutcome: 'unchanged' },
    { repository: 'mirror/postgres', tag: '16.4', lastSuccess: '11-22 03:19', lastRun: '11-22 03:19', lastOutcome: 'unchanged' },
    { repository: 'mirror/hashicorp/vault', tag: '1.14', lastSuccess: '11-22 03:26', lastRun: '11-22 03:26', lastOutcome: 'unchanged' },
    { repository: 'mirror/haproxy', tag: 'lts', lastSuccess: '11-20 03:31', lastRun: '11-22 03:31', lastOutcome: 'held' },
  ],
  'Images that are held': [
    {
      repository: 'mirror/haproxy',
      tag: 'lts',
      lastRun: '11-22 03:31',
      lastOutcome: 'held',
      lastHeldBy: '"minimum-age"',
      since: '2026-11-21T03:31:07Z',
      oldEnoughAt: '2026-11-24T03:31:07Z',
      lastMessage: 'the image is not old enough; the mirror serves the previous image',
    },
  ],
  'Problems, newest first': [
    {
      source: 'docker.io/library/logstash:7.11.2',
      lastTime: '11-22 03:24',
      times: '4',
      lastReason: 'immutable-tag',
      lastMessage: 'upstream moved docker.io/library/logstash:7.11.2, a tag that should name one image for ever',
    },
    { source: 'docker.io/hashicorp/vault:1.14', lastTime: '11-17 03:27', times: '1', ...RATE_LIMITED },
    { source: 'docker.io/library/redis:7', lastTime: '11-17 03:08', times: '1', ...RATE_LIMITED },
  ],
  'Latest results': [
    resultOf('03:31', 'held', 'docker.io/library/haproxy:lts', 'haproxy:lts', '1.1'),
    resultOf('03:26', 'unchanged', 'docker.io/hashicorp/vault:1.14', 'hashicorp/vault:1.14', '1.3'),
    { ...resultOf('03:24', 'tag-moved', 'docker.io/library/logstash:7.11.2', 'logstash:7.11.2', '1.2'), reason: 'immutable-tag' },
    resultOf('03:19', 'unchanged', 'docker.io/library/postgres:16.4', 'postgres:16.4', '1.2'),
    resultOf('03:12', 'unchanged', 'docker.io/grafana/grafana:11.1.0', 'grafana/grafana:11.1.0', '1.4'),
    resultOf('03:11', 'unchanged', 'quay.io/prometheus/prometheus:v2.53.0', 'quay.io/prometheus/prometheus:v2.53.0', '1.6'),
    resultOf('03:07', 'unchanged', 'docker.io/library/redis:7', 'redis:7', '1.2'),
    { ...resultOf('03:02', 'copied', 'docker.io/library/nginx:stable', 'nginx:stable', '14.2'), bytesCopied: '68233414' },
  ],
};

/** The alarms that ring in the end, by the parts of their ids that say what they watch. */
export const RINGING: readonly string[] = ['Failed', 'TagMoved'];

/** What was counted once a day, in the hour of the runs. */
function hourly(daily: readonly (number | undefined)[]): HourlyValues {
  return daily.flatMap((value) => Array.from({ length: HOURS_OF_A_DAY }, (_hour, hour) => hour === HOUR_OF_RUNS ? value : undefined));
}

/** A line of the last day. */
function resultOf(time: string, outcome: string, source: string, name: string, seconds: string): Record<string, string> {
  return { '@timestamp': `11-22 ${time}`, outcome, source, 'target': `${IN_ECR}/${name}`, 'bytesCopied': '0', seconds };
}
