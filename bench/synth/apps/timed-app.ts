import { existsSync, readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import type { AppTimes, FleetCase } from '../report';

/**
 * Defines an app and synthesizes it, as `cdk synth` lets it do, and writes what that took as one line of JSON.
 *
 * The arguments are the case as JSON, and the folder to write to. Times count from the start of the process, so that loading the CDK and the
 * library is among them.
 */
export function timeApp(define: (app: App, size: FleetCase) => void): void {
  const loaded = performance.now();
  const [fleet, outdir] = process.argv.slice(2);
  const app = new App({ outdir });
  define(app, JSON.parse(fleet));
  const defined = performance.now();
  app.synth();
  const total = performance.now();
  const times: AppTimes = {
    loadMilliseconds: loaded,
    defineMilliseconds: defined - loaded,
    synthMilliseconds: total - defined,
    totalMilliseconds: total,
    threadMilliseconds: threadMilliseconds(),
    peakMegabytes: process.resourceUsage().maxRSS * 1024 / 1e6,
  };
  process.stdout.write(`${JSON.stringify(times)}\n`);
}

/** Linux's account of the first thread: nanoseconds on a processor, and others. */
const THREAD_ACCOUNT = '/proc/self/schedstat';

/** Elsewhere than on Linux, the time of all threads. */
function threadMilliseconds(): number {
  if (existsSync(THREAD_ACCOUNT)) return Number(readFileSync(THREAD_ACCOUNT, 'utf8').split(' ')[0]) / 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
