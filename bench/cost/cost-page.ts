import { ASSUMPTIONS } from './assumptions';
import {
  ALL_COMPUTES, ALL_FREQUENCIES, buildCost, checksCost, checksCostAfterFree, Compute, COMPUTES, copyCost, deploymentCost, FREQUENCIES,
  groupedChecksCost, natCost, peerCopyCost, previousImages, runOverhead, secretCost, storageCost,
} from './cost-model';
import { dollars, plain } from './dollars';
import { Price, PRICES, PRICES_AS_OF, PRICES_REGION } from './prices';
import {
  DASHBOARD_METRICS, DASHBOARD_QUERIES, dashboardCost, IMAGE_METRICS, imageAlarmsCost, lookCost, metricsCost,
  NOTIFY_ALARM_METRICS, NOTIFY_METRICS, notifyCost, notifyCostOfOneImage,
} from './watching-cost';
import { DEFAULT_KEEP_PREVIOUS } from '../../src/image/retention';

const FLEETS = [10, 100, 1_000];
const COMPARED_IMAGES = 100;

/** docs/cost.md, all its numbers computed. */
export function costPage(): string {
  return [
    '# What it costs',
    '<!-- Written by `npm run cost` from bench/cost/prices.ts; edit that, and the text in bench/cost/cost-page.ts. -->',
    `US dollars in ${PRICES_REGION}, by ${PRICES_AS_OF}. No price list of AWS could be read for this page, and nothing here was billed by anybody: the prices are as others reported them in 2026, `
      + 'and a few as an older copy of AWS\'s pages has them. Check those that matter to you; [they are at the end](#the-prices), each with how it is known and AWS\'s page.',
    ...inShort(),
    ...oneImage(),
    ...storage(),
    ...besides(),
    ...watching(),
    ...peers(),
    ...declared(),
    '',
  ].join('\n\n').replace(/\n+$/, '\n');
}

function inShort(): string[] {
  return [
    '## In short',
    'Checks cost nearly everything that is not storage, and where they run decides. EC2 compute bills a whole minute for a run that takes seconds; Lambda compute bills the seconds.',
    table(
      ['a month of images checked daily', ...FLEETS.map((images) => images.toLocaleString('en'))],
      ALL_COMPUTES.flatMap((compute) => [
        [compute.name, ...FLEETS.map((images) => dollars(checksCost(compute, FREQUENCIES.DAILY, images)))],
        ['… less what is free', ...FLEETS.map((images) => dollars(checksCostAfterFree(compute, FREQUENCIES.DAILY, images)))],
        ['… with `groupRuns: true`', ...FLEETS.map((images) => dollars(groupedChecksCost(compute, FREQUENCIES.DAILY, images)))],
      ]),
    ),
    `What is free each month (${free(PRICES.EC2_X86_MINUTE)} minutes, ${free(PRICES.LAMBDA_ARM_SECOND)} seconds) is free once for all builds of the account. `
      + 'With `groupRuns: true`, and in a catalog, one build checks many images together, and they share its minute: '
      + `${COMPARED_IMAGES} images that are checked daily cost ${dollars(checksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, COMPARED_IMAGES))} a month one by one, and `
      + `${dollars(groupedChecksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, COMPARED_IMAGES))} together on EC2 compute.`,
  ];
}

function oneImage(): string[] {
  return [
    '## One image, one month',
    table(
      ['checked', ...ALL_COMPUTES.map(({ name }) => name)],
      [
        ...ALL_FREQUENCIES.map((frequency) => [frequency.name, ...ALL_COMPUTES.map((compute) => dollars(checksCost(compute, frequency)))]),
        ['each copy, besides', ...ALL_COMPUTES.map((compute) => dollars(copyCost(compute)))],
      ],
    ),
    `A run that finds nothing new is taken for ${ASSUMPTIONS.CHECK_SECONDS} seconds, one that copies for ${ASSUMPTIONS.COPY_SECONDS}. `
      + `A check on Lambda compute costs ${dollars(buildCost(COMPUTES.LAMBDA_ARM, ASSUMPTIONS.CHECK_SECONDS))}, on EC2 compute ${dollars(buildCost(COMPUTES.EC2_X86, ASSUMPTIONS.CHECK_SECONDS))}.`,
  ];
}

function storage(): string[] {
  const { DAYS_PER_MONTH, MOVES_PER_MONTH } = ASSUMPTIONS;
  const moves = `a floating tag that moves ${MOVES_PER_MONTH === 1 ? 'once' : `${MOVES_PER_MONTH} times`} a month`;
  const row = (words: string, previous: number) => [words, ...FLEETS.map((images) => dollars(storageCost(images, previous)))];
  return [
    '## Storage',
    table(
      [`a month of images of ${ASSUMPTIONS.IMAGE_GIGABYTES} GB, all platforms`, ...FLEETS.map((images) => images.toLocaleString('en'))],
      [
        row('fixed tags', 0),
        row(`${moves}, after a year`, previousImages(12, MOVES_PER_MONTH)),
        row('… with `keepPrevious: 3`', 3),
        row(`a tag that moves daily, after a year: ${DEFAULT_KEEP_PREVIOUS} previous images`, previousImages(12, DAYS_PER_MONTH)),
        row('… with `keepPrevious: 30`', 30),
      ],
    ),
    `${dollars(PRICES.ECR_GIGABYTE.dollars)} for each GB. **These are upper limits**: as if no image shared a layer with another one. Amazon ECR stores each layer of a repository once, so a previous image costs only the layers that changed. `
      + 'How much that is was not measured: a rebuild with a new base image changes nearly everything, and a new application on the same base image little. '
      + `The last ${DEFAULT_KEEP_PREVIOUS} images of a floating tag [stay by default](retention.md), because a service may run them for months. `
      + '`platforms` mirrors only those that you run, which is often a fifth of the bytes. Pulls within the Region are free, whatever their number; to other Regions and the internet they are billed as data transfer.',
  ];
}

function besides(): string[] {
  const runs = 1_000 * FREQUENCIES.DAILY.runsPerMonth;
  return [
    '## Besides',
    table(['', 'costs'], [
      [`start, event and log of a run (${ASSUMPTIONS.LOG_KILOBYTES} kB, kept for ${ASSUMPTIONS.LOG_MONTHS} months)`, `${dollars(runOverhead())}; ${dollars(runs * runOverhead())} a month for 1,000 images daily`],
      ['credentials of a registry, read in each run', `${dollars(PRICES.SECRET.dollars)} a month; ${dollars(secretCost(runs))} with 1,000 images daily`],
      [`functions of a deployment that waits ${ASSUMPTIONS.DEPLOYMENT_MINUTES} minutes for new images`, `${dollars(deploymentCost())}, and the builds as above`],
      ['project, schedules, roles, queue, repositories', 'nothing while they are not used; the queue takes only what could not be started'],
      ['a NAT gateway, where builds run in your VPC', natGateway()],
      ['basic scans', 'nothing'],
      ['enhanced scans (Amazon Inspector)', 'each image and each rescan: an account-wide choice, and not the mirror\'s'],
    ]),
  ];
}

function natGateway(): string {
  return `${dollars(natCost({ endpoints: false }))} for each GB that is copied, which crosses it from upstream and again to Amazon ECR, `
    + `or ${dollars(natCost({ endpoints: true }))} with endpoints for Amazon ECR and Amazon S3, which have prices of their own; beside ${dollars(24 * ASSUMPTIONS.DAYS_PER_MONTH * PRICES.NAT_HOUR.dollars)} a month for having it`;
}

function watching(): string[] {
  const [one, ...more] = [1, ...FLEETS.slice(1)];
  const same = more.map(() => 'the same');
  const each = (cost: (images: number) => number) => [one, ...more].map((images) => dollars(cost(images)));
  const withNotify = dashboardCost(NOTIFY_METRICS);
  const common = DASHBOARD_METRICS.filter((name) => NOTIFY_METRICS.includes(name)).length;
  return [
    '## Watching it',
    'CloudWatch bills a metric of one\'s own for each name and each value of its dimensions, for the hours in which it has a value, and an alarm for each metric that it watches. '
      + '**Metrics and alarms of every single image can cost more than mirroring it**; those of the whole mirror cost little, and are there only when they are asked for.',
    table(
      ['a month, up to', `${one} image`, ...more.map((images) => images.toLocaleString('en'))],
      [
        [`\`mirror.notify(topic)\`: alarms on ${NOTIFY_ALARM_METRICS} metrics, of which ${NOTIFY_METRICS.length} are the mirror's own`, dollars(notifyCost()), ...same],
        [`\`MirrorDashboard\`, with ${DASHBOARD_METRICS.length} metrics of the mirror's own`, dollars(dashboardCost()), ...same],
        [`the same beside \`notify()\`, which has ${common} of them`, dollars(withNotify), ...same],
        [`\`notify(topic, { images })\`, besides: ${IMAGE_METRICS.length} alarms and ${IMAGE_METRICS.length} metrics of each image`, ...each((images) => imageAlarmsCost(images))],
        ['… of images that are checked daily', ...each((images) => imageAlarmsCost(images, FREQUENCIES.DAILY))],
        ['one more metric of each image that is asked for', ...each((images) => metricsCost(images))],
        ['… of images that are checked daily', ...each((images) => metricsCost(images, FREQUENCIES.DAILY))],
      ],
    ),
    `What is billed is mostly less: \`Succeeded\` has a value in every hour in which something runs, and the other metrics of \`notify()\` seldom have one. With one image that is checked daily it costs ${dollars(notifyCostOfOneImage(FREQUENCIES.DAILY))}. `
      + 'Where images are customized, its alarms watch one metric more, and each such image counts as two. '
      + `Free are ${free(PRICES.METRIC)} metrics, ${free(PRICES.ALARM_METRIC)} metrics of alarms and ${free(PRICES.DASHBOARD)} dashboards in an account. `
      + 'That hours without a value are not billed was not checked.',
    `The dashboard's ${DASHBOARD_QUERIES} queries read the log of two weeks whenever somebody looks: ${dollars(lookCost(1_000))} each time with 1,000 images that are checked daily.`,
  ];
}

function peers(): string[] {
  const stored = storageCost(COMPARED_IMAGES);
  const overhead = COMPARED_IMAGES * FREQUENCIES.DAILY.runsPerMonth * runOverhead();
  const ours = (compute: Compute) => checksCost(compute, FREQUENCIES.DAILY, COMPARED_IMAGES) + overhead;
  return [
    '## Beside others',
    `A month of ${COMPARED_IMAGES} images of ${ASSUMPTIONS.IMAGE_GIGABYTES} GB, before what is free:`,
    table(
      ['', 'to keep them fresh', 'storage', 'what that gives'],
      [
        ['mirror, Lambda compute', dollars(ours(COMPUTES.LAMBDA_ARM)), dollars(stored), 'checked daily, copied when upstream moves'],
        ['mirror, EC2 compute, ARM', dollars(ours(COMPUTES.EC2_ARM)), dollars(stored), 'the same, for images of any size, and in a VPC'],
        ['mirror, EC2 compute, x86', dollars(ours(COMPUTES.EC2_X86)), dollars(stored), 'the same'],
        ['pull-through cache', 'nothing', `up to ${dollars(stored)}`, 'asked again at most daily, and only when somebody pulls; stores only what was pulled'],
        ['cdk-ecr-deployment', 'not possible', dollars(stored), `copies while the stack is deployed (${dollars(peerCopyCost())} each), and never again until its properties change`],
      ],
    ),
    `A registry with credentials takes a secret (${dollars(PRICES.SECRET.dollars)} a month) with each of the three. Docker Hub's own price for more pulls is not in this table: `
      + 'a check by the mirror counts as no pull, a copy by any of the three as one for each platform.',
  ];
}

function declared(): string[] {
  return [
    '## The prices',
    table(
      ['US dollars', 'for each', 'free each month', 'known from', 'AWS says'],
      Object.values(PRICES).map(({ dollars: amount, unit, freeUnits, certainty, report, page }: Price) => [
        plain(amount), unit, freeUnits === 0 ? '' : freeUnits.toLocaleString('en'), report === undefined ? certainty : `[${certainty}](${report})`, `[page](${page})`,
      ]),
    ),
    '`several reports`: those of 2026 that were found agree, and one is linked where it was kept. `one report`: only that one was found. `AWS, an older copy`: a stored copy of AWS\'s own page, whose age is not known. '
      + `The ${free(PRICES.LOG_GIGABYTE)} GB of CloudWatch Logs are free once for all three. What is free for the first year of an account only, such as 500 MB in Amazon ECR, is not counted. `
      + 'Other Regions differ by a quarter in either direction, and more in a few.',
    '## What is taken for granted',
    table(['', ''], [
      ['a month', `${ASSUMPTIONS.DAYS_PER_MONTH} days`],
      ['a run that finds nothing new', `${ASSUMPTIONS.CHECK_SECONDS} s, of which less than one is the engine's: others saw CodeBuild take 3 to 36 s to begin`],
      ['images that one build of `groupRuns` checks, in a minute', String(ASSUMPTIONS.GROUPED_IMAGES)],
      ['a run that copies', `${ASSUMPTIONS.COPY_SECONDS} s`],
      ['an image, all platforms, compressed', `${ASSUMPTIONS.IMAGE_GIGABYTES} GB`],
      ['a copy by cdk-ecr-deployment', `${ASSUMPTIONS.PEER_COPY_SECONDS} s with ${ASSUMPTIONS.PEER_GIGABYTES * 1024} MB of memory, its default`],
    ]),
    'With numbers of your own: change them in `bench/cost/assumptions.ts` and `bench/cost/prices.ts`, and run `npm run cost`.',
  ];
}

function free({ freeUnits }: Price): string {
  return freeUnits.toLocaleString('en');
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replace(/ +\|/g, ' |').replace(/\| +/g, '| ').trimEnd();
  return [line(headings), `|${headings.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
