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
    '# Costs',
    '<!-- Written by `npm run cost` from bench/cost/prices.ts; edit that, and the text in bench/cost/cost-page.ts. -->',
    `All amounts are US dollars in ${PRICES_REGION}. The prices were collected on ${PRICES_AS_OF} from reports, and not from AWS. Nothing was billed. `
      + 'Compare [the prices](#prices) with the pages of AWS before you rely on them.',
    ...checks(),
    ...lowerCosts(),
    ...oneImage(),
    ...storage(),
    ...others(),
    ...monitoring(),
    ...comparison(),
    ...declared(),
    '',
  ].join('\n\n').replace(/\n+$/, '\n');
}

function checks(): string[] {
  return [
    '## Checks for new images',
    table(
      ['A month of daily checks, by number of images', ...FLEETS.map((images) => images.toLocaleString('en'))],
      ALL_COMPUTES.flatMap((compute) => [
        [compute.name, ...FLEETS.map((images) => dollars(checksCost(compute, FREQUENCIES.DAILY, images)))],
        ['… after the free tier', ...FLEETS.map((images) => dollars(checksCostAfterFree(compute, FREQUENCIES.DAILY, images)))],
        ['… with `groupRuns: true`', ...FLEETS.map((images) => dollars(groupedChecksCost(compute, FREQUENCIES.DAILY, images)))],
      ]),
    ),
    'CodeBuild bills each build on EC2 compute at least one minute, and each build on Lambda compute by the second. A check takes seconds. '
      + `The free tier of an account is ${free(PRICES.EC2_X86_MINUTE)} minutes and ${free(PRICES.LAMBDA_ARM_SECOND)} seconds a month, for all its builds together.`,
  ];
}

function lowerCosts(): string[] {
  const daily = (compute: Compute) => dollars(checksCost(compute, FREQUENCIES.DAILY, COMPARED_IMAGES));
  const row = (option: string, effect: string, limit: string) => [option, effect, limit];
  return [
    '## Lower the costs',
    table(['Option', `Effect, for ${COMPARED_IMAGES} images with daily checks`, 'Limits'], [
      row('`groupRuns: true`, or a [catalog](catalog.md)',
        `${dollars(groupedChecksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, COMPARED_IMAGES))} instead of ${daily(COMPUTES.EC2_X86)} a month`,
        '[images share a build](fleets.md#one-build-for-many-images)'),
      row(COMPUTES.LAMBDA_ARM.name, `${daily(COMPUTES.LAMBDA_ARM)} instead of ${daily(COMPUTES.EC2_X86)} a month`,
        '15 minutes for a run, no VPC, and not in each Region'),
      row(COMPUTES.EC2_ARM.name, `${daily(COMPUTES.EC2_ARM)} instead of ${daily(COMPUTES.EC2_X86)} a month`, ''),
      row('a weekly `schedule`', `${dollars(checksCost(COMPUTES.EC2_X86, FREQUENCIES.WEEKLY, COMPARED_IMAGES))} instead of ${daily(COMPUTES.EC2_X86)} a month`,
        'new images arrive later'),
      row('`platforms`', 'often a fifth of the storage', 'the index has a different digest'),
      row('`keepPrevious`, `keepVersions`', 'less [storage](#storage) for tags that move', '[old images expire](retention.md)'),
      row('no `images` in `notify()`', `up to ${dollars(imageAlarmsCost(COMPARED_IMAGES))} a month less`, 'no alarms for each image'),
    ]),
  ];
}

function oneImage(): string[] {
  return [
    '## One image',
    table(
      ['A month of checks', ...ALL_COMPUTES.map(({ name }) => name)],
      [
        ...ALL_FREQUENCIES.map((frequency) => [frequency.name, ...ALL_COMPUTES.map((compute) => dollars(checksCost(compute, frequency)))]),
        ['in addition, for each copy', ...ALL_COMPUTES.map((compute) => dollars(copyCost(compute)))],
      ],
    ),
    `One check costs ${dollars(buildCost(COMPUTES.LAMBDA_ARM, ASSUMPTIONS.CHECK_SECONDS))} on Lambda compute, and ${dollars(buildCost(COMPUTES.EC2_X86, ASSUMPTIONS.CHECK_SECONDS))} on EC2 compute.`,
  ];
}

function storage(): string[] {
  const { DAYS_PER_MONTH, MOVES_PER_MONTH } = ASSUMPTIONS;
  const moves = `a floating tag that moves ${MOVES_PER_MONTH === 1 ? 'once' : `${MOVES_PER_MONTH} times`} a month, after a year`;
  const row = (words: string, previous: number) => [words, ...FLEETS.map((images) => dollars(storageCost(images, previous)))];
  return [
    '## Storage',
    table(
      [`A month, by number of images of ${ASSUMPTIONS.IMAGE_GIGABYTES} GB`, ...FLEETS.map((images) => images.toLocaleString('en'))],
      [
        row('fixed tags', 0),
        row(moves, previousImages(12, MOVES_PER_MONTH)),
        row('… with `keepPrevious: 3`', 3),
        row(`a tag that moves daily, after a year: ${DEFAULT_KEEP_PREVIOUS} previous images`, previousImages(12, DAYS_PER_MONTH)),
        row('… with `keepPrevious: 30`', 30),
      ],
    ),
    `Amazon ECR bills ${dollars(PRICES.ECR_GIGABYTE.dollars)} for each GB. **These amounts are upper limits**: they assume that no two images share a layer. `
      + 'Amazon ECR stores each layer of a repository once, so a previous image costs only its changed layers. The share of changed layers was not measured. '
      + 'A rebuild on a new base image changes nearly all layers.',
    `The mirror keeps the last ${DEFAULT_KEEP_PREVIOUS} images of a floating tag, because [services can run them for months](retention.md). `
      + 'Pulls in the same Region are free. AWS bills pulls from other Regions and from the internet as data transfer.',
  ];
}

function others(): string[] {
  const runs = 1_000 * FREQUENCIES.DAILY.runsPerMonth;
  return [
    '## Other costs',
    table(['Item', 'Costs'], [
      [`start, event, and log of a run (${ASSUMPTIONS.LOG_KILOBYTES} kB, kept for ${ASSUMPTIONS.LOG_MONTHS} months)`, `${dollars(runOverhead())}; ${dollars(runs * runOverhead())} a month for 1,000 images with daily checks`],
      ['credentials of a registry', `${dollars(PRICES.SECRET.dollars)} a month; ${dollars(secretCost(runs))} with 1,000 images and daily checks`],
      [`functions of a deployment that waits ${ASSUMPTIONS.DEPLOYMENT_MINUTES} minutes`, `${dollars(deploymentCost())}, and the builds as above`],
      ['project, schedules, roles, queue, and repositories', 'nothing while they are not used'],
      ['NAT gateway, for builds in a VPC', natGateway()],
      ['[checks of new images](admission.md) without a scan: markers of about 1 kB', 'nothing that can be measured, and the builds as above'],
      ['image that waits for a scan, in quarantine', `${dollars(PRICES.ECR_GIGABYTE.dollars)} for each GB and month until it expires, in addition to [storage](#storage)`],
      ['basic scans', 'nothing'],
      ['enhanced scans of Amazon Inspector, a setting of the account', 'each image and each new scan'],
    ]),
  ];
}

function natGateway(): string {
  return `${dollars(24 * ASSUMPTIONS.DAYS_PER_MONTH * PRICES.NAT_HOUR.dollars)} a month, and ${dollars(natCost({ endpoints: false }))} for each GB of a copy, which crosses it twice. `
    + `With endpoints for Amazon ECR and Amazon S3: ${dollars(natCost({ endpoints: true }))} for each GB, and the price of the endpoints`;
}

function monitoring(): string[] {
  const [one, ...more] = [1, ...FLEETS.slice(1)];
  const same = more.map(() => 'the same');
  const each = (cost: (images: number) => number) => [one, ...more].map((images) => dollars(cost(images)));
  const common = DASHBOARD_METRICS.filter((name) => NOTIFY_METRICS.includes(name)).length;
  return [
    '## Monitoring costs',
    'CloudWatch bills custom metrics for the hours in which they have a value, and alarms for each metric that they watch. '
      + '**Metrics and alarms of single images can cost more than the mirror itself.** Those of the whole mirror cost little. All are optional.',
    table(
      ['A month, at most', `${one} image`, ...more.map((images) => images.toLocaleString('en'))],
      [
        [`\`mirror.notify(topic)\`: alarms on ${NOTIFY_ALARM_METRICS} metrics, of which ${NOTIFY_METRICS.length} are custom`, dollars(notifyCost()), ...same],
        [`\`MirrorDashboard\`, with ${DASHBOARD_METRICS.length} custom metrics`, dollars(dashboardCost()), ...same],
        [`\`MirrorDashboard\` with \`notify()\`, which has ${common} of these metrics`, dollars(dashboardCost(NOTIFY_METRICS)), ...same],
        [`\`notify(topic, { images })\`: ${IMAGE_METRICS.length} more alarms and ${IMAGE_METRICS.length} more metrics for each image`, ...each((images) => imageAlarmsCost(images))],
        ['… with daily checks', ...each((images) => imageAlarmsCost(images, FREQUENCIES.DAILY))],
        ['one more metric for each image', ...each((images) => metricsCost(images))],
        ['… with daily checks', ...each((images) => metricsCost(images, FREQUENCIES.DAILY))],
      ],
    ),
    `- Most bills are lower: only \`Succeeded\` often has a value. With one image and daily checks, \`notify()\` costs ${dollars(notifyCostOfOneImage(FREQUENCIES.DAILY))}.\n`
      + '- Customized images add one metric to `notify()`. Each customized image counts as two images.\n'
      + `- The free tier of an account has ${free(PRICES.METRIC)} custom metrics, ${free(PRICES.ALARM_METRIC)} metrics of alarms, and ${free(PRICES.DASHBOARD)} dashboards.\n`
      + `- The ${DASHBOARD_QUERIES} queries of a dashboard read two weeks of logs each time: ${dollars(lookCost(1_000))} with 1,000 images and daily checks.\n`
      + '- It was not verified that hours without a value are free.',
  ];
}

function comparison(): string[] {
  const stored = storageCost(COMPARED_IMAGES);
  const overhead = COMPARED_IMAGES * FREQUENCIES.DAILY.runsPerMonth * runOverhead();
  const ours = (compute: Compute) => checksCost(compute, FREQUENCIES.DAILY, COMPARED_IMAGES) + overhead;
  return [
    '## Comparison with other tools',
    `A month of ${COMPARED_IMAGES} images of ${ASSUMPTIONS.IMAGE_GIGABYTES} GB, before the free tier:`,
    table(
      ['', 'Checks', 'Storage', 'Result'],
      [
        ['mirror, Lambda compute', dollars(ours(COMPUTES.LAMBDA_ARM)), dollars(stored), 'checked daily, copied when upstream moves'],
        ['mirror, EC2 compute, ARM', dollars(ours(COMPUTES.EC2_ARM)), dollars(stored), 'the same, for images of any size, and in a VPC'],
        ['mirror, EC2 compute, x86', dollars(ours(COMPUTES.EC2_X86)), dollars(stored), 'the same'],
        ['pull-through cache', 'nothing', `up to ${dollars(stored)}`, 'checked at a pull, at most daily; stores pulled images only'],
        ['cdk-ecr-deployment', 'not possible', dollars(stored), `copied when properties change (${dollars(peerCopyCost())} each)`],
      ],
    ),
    `Credentials need a secret (${dollars(PRICES.SECRET.dollars)} a month) with each of them. Docker Hub's own price for pulls is not in the table. `
      + 'Docker Hub counts no pull for a check of the mirror, and one pull for each platform of a copy.',
  ];
}

function declared(): string[] {
  return [
    '## Prices',
    table(
      ['US dollars', 'For each', 'Free each month', 'Source', 'AWS'],
      Object.values(PRICES).map(({ dollars: amount, unit, freeUnits, certainty, report, page }: Price) => [
        plain(amount), unit, freeUnits === 0 ? '' : freeUnits.toLocaleString('en'), report === undefined ? certainty : `[${certainty}](${report})`, `[page](${page})`,
      ]),
    ),
    '- `several reports`: all reports of 2026 that were found agree. One of them is linked, if it was kept.\n'
      + '- `one report`: only this one was found.\n'
      + '- `AWS, an older copy`: a stored copy of a page of AWS, of unknown age.\n'
      + `- The ${free(PRICES.LOG_GIGABYTE)} GB of CloudWatch Logs are free once for all three prices.\n`
      + '- A free tier for the first year of an account is not included, for example 500 MB in Amazon ECR.\n'
      + '- Prices in other Regions differ by about a quarter, and by more in a few.',
    '## Assumptions',
    table(['Item', 'Value'], [
      ['a month', `${ASSUMPTIONS.DAYS_PER_MONTH} days`],
      ['a run that finds no new image', `${ASSUMPTIONS.CHECK_SECONDS} s. Others measured 3 to 36 s until a CodeBuild build starts; the run itself takes less than 1 s`],
      ['images in one build of `groupRuns`', `${ASSUMPTIONS.GROUPED_IMAGES}, checked in one minute`],
      ['a run that copies', `${ASSUMPTIONS.COPY_SECONDS} s`],
      ['an image, all platforms, compressed', `${ASSUMPTIONS.IMAGE_GIGABYTES} GB`],
      ['a copy by cdk-ecr-deployment', `${ASSUMPTIONS.PEER_COPY_SECONDS} s with ${ASSUMPTIONS.PEER_GIGABYTES * 1024} MB of memory, its default`],
    ]),
    'To use your own numbers, change `bench/cost/assumptions.ts` and `bench/cost/prices.ts`, and run `npm run cost`.',
  ];
}

function free({ freeUnits }: Price): string {
  return freeUnits.toLocaleString('en');
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replace(/ +\|/g, ' |').replace(/\| +/g, '| ').trimEnd();
  return [line(headings), `|${headings.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
