import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  afterFree, buildCost, checksCost, checksCostAfterFree, COMPUTES, FREQUENCIES, groupedChecksCost, natCost, previousImages, storageCost,
} from '../../bench/cost/cost-model';
import { costPage } from '../../bench/cost/cost-page';
import { dollars } from '../../bench/cost/dollars';
import { PRICES } from '../../bench/cost/prices';
import { dashboardCost, notifyCost, NOTIFY_ALARM_METRICS } from '../../bench/cost/watching-cost';
import { BUILD_MINUTE_PRICES } from '../../src/observe/build-cost';

const ROOT = join(__dirname, '..', '..');

test('docs/cost.md is what the prices give; if not, run "npm run cost"', () => {
  expect(readFileSync(join(ROOT, 'docs', 'cost.md'), 'utf8')).toBe(costPage());
});

test('the page is the same each time', () => {
  expect(costPage()).toBe(costPage());
});

test('EC2 compute bills whole minutes, and Lambda compute seconds', () => {
  expect(buildCost(COMPUTES.EC2_X86, 61)).toBeCloseTo(0.01, 10);
  expect(buildCost(COMPUTES.EC2_X86, 60)).toBeCloseTo(0.005, 10);
  expect(buildCost(COMPUTES.LAMBDA_ARM, 61)).toBeCloseTo(0.00061, 10);
});

test('twice the images cost twice as much, and checks every hour 24 times those of every day', () => {
  expect(checksCost(COMPUTES.EC2_ARM, FREQUENCIES.DAILY, 20)).toBeCloseTo(2 * checksCost(COMPUTES.EC2_ARM, FREQUENCIES.DAILY, 10), 10);
  expect(checksCost(COMPUTES.EC2_ARM, FREQUENCIES.HOURLY)).toBeCloseTo(24 * checksCost(COMPUTES.EC2_ARM, FREQUENCIES.DAILY), 10);
});

test('what is free is taken off once, and never makes a bill negative', () => {
  expect(afterFree(PRICES.EC2_X86_MINUTE, 40)).toBe(0);
  expect(afterFree(PRICES.EC2_X86_MINUTE, 300)).toBeCloseTo(1, 10);
  expect(checksCostAfterFree(COMPUTES.EC2_X86, FREQUENCIES.DAILY, 10)).toBeCloseTo(checksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, 10) - 0.5, 10);
});

test('100 images that builds check together cost a fiftieth of what they cost one by one', () => {
  expect(checksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, 100)).toBeCloseTo(15, 10);
  expect(groupedChecksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, 100)).toBeCloseTo(0.3, 10);
});

test('a copy crosses a NAT gateway twice, and once where endpoints carry it to Amazon ECR', () => {
  expect([natCost({ endpoints: false }), natCost({ endpoints: true })]).toEqual([2 * PRICES.NAT_GIGABYTE.dollars, PRICES.NAT_GIGABYTE.dollars]);
});

test('every price names the page where AWS has it', () => {
  for (const { page } of Object.values(PRICES)) expect(page).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z-]+\/pricing\/$/);
});

test('npm run cost says what became of docs/cost.md', () => {
  const command = [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), '--tsconfig', 'tsconfig.dev.json', 'bench/cost/main.ts', '--check'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, `${join('docs', 'cost.md')} is up to date\n`, '']);
});

test('each previous image costs at most as much as the image, and there are at most as many as the mirror keeps', () => {
  expect(storageCost(10, 12)).toBeCloseTo(13 * storageCost(10), 10);
  expect([previousImages(12, 1), previousImages(4, 30), previousImages(12, 30)]).toEqual([12, 120, 150]);
});

test.each([
  [0, 'nothing'], [0.0000034, '$0.0000034'], [0.0034, '$0.0034'], [0.005, '$0.005'], [0.0060, '$0.006'], [0.0214, '$0.021'],
  [0.05, '$0.05'], [0.144, '$0.14'], [0.1, '$0.10'], [1.5, '$1.50'], [16, '$16.00'], [1500, '$1,500'],
])('%d dollars are written %s', (amount, text) => {
  expect(dollars(amount)).toBe(text);
});

test('dashboards estimate with the same prices', () => {
  expect(BUILD_MINUTE_PRICES).toEqual({
    'LINUX_CONTAINER BUILD_GENERAL1_SMALL': PRICES.EC2_X86_MINUTE.dollars,
    'ARM_CONTAINER BUILD_GENERAL1_SMALL': PRICES.EC2_ARM_MINUTE.dollars,
    'LINUX_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': expect.closeTo(60 * PRICES.LAMBDA_X86_SECOND.dollars, 10),
    'ARM_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': expect.closeTo(60 * PRICES.LAMBDA_ARM_SECOND.dollars, 10),
  });
});

describe('other pages have the same prices', () => {
  const page = (name: string) => readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8');
  const monthOf = (compute: keyof typeof COMPUTES, images = 10) => checksCost(COMPUTES[compute], FREQUENCIES.DAILY, images);

  test.each([
    ['EC2_X86', 'minute', PRICES.EC2_X86_MINUTE.dollars],
    ['EC2_ARM', 'minute', PRICES.EC2_ARM_MINUTE.dollars],
    ['LAMBDA_ARM', 'second', PRICES.LAMBDA_ARM_SECOND.dollars],
  ] as const)('docs/compute.md: %s', (compute, unit, price) => {
    const [, cells] = page('compute').split(`| ${COMPUTES[compute].name}, $`);
    const [, pricePage, month] = new RegExp(`^([0-9.]+) a ${unit} \\| about \\$([0-9.]+) \\|`).exec(cells)!;
    expect(Number(pricePage)).toBe(price);
    // "About": rounded to a tenth.
    expect(Math.abs(Number(month) / monthOf(compute) - 1)).toBeLessThan(0.05);
  });

  test('README.md: ten images', () => {
    const [, month] = /Ten images, checked daily, cost about \$([0-9.]+) a month/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))!;
    expect(Math.abs(Number(month) / monthOf('EC2_X86') - 1)).toBeLessThan(0.05);
  });

  test('docs/choosing.md: builds', () => {
    expect(page('choosing')).toContain(`builds: ${dollars(monthOf('LAMBDA_ARM'))} to ${dollars(monthOf('EC2_X86'))} a month for 10 images`);
  });

  test('docs/schedules.md: builds that images share', () => {
    const [alone, together] = [monthOf('EC2_X86', 100), groupedChecksCost(COMPUTES.EC2_X86, FREQUENCIES.DAILY, 100)];
    expect(page('schedules')).toContain(`about ${dollars(alone).replace('.00', '')} a month one by one, and about ${dollars(together)} together`);
  });

  test('docs/monitoring.md: alarms and dashboard', () => {
    const alarms = NOTIFY_ALARM_METRICS * PRICES.ALARM_METRIC.dollars;
    expect(page('monitoring')).toContain(`| \`notify()\` | ${dollars(alarms)}, and up to ${dollars(notifyCost() - alarms)} for three metrics`);
    const { dollars: dashboard } = PRICES.DASHBOARD;
    expect(page('monitoring')).toContain(`| \`MirrorDashboard\` | ${dollars(dashboard)} after the first three dashboards of the account, and up to ${dollars(dashboardCost() - dashboard)} for seven metrics |`);
  });

  test('docs/credentials.md and docs/network.md: secrets and NAT gateways', () => {
    expect(page('credentials')).toContain(`A secret costs ${dollars(PRICES.SECRET.dollars)} a month`);
    expect(page('network')).toContain(`and ${dollars(natCost({ endpoints: false }))} for each GB of a copy`);
  });
});
