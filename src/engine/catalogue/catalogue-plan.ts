import { setMaxListeners } from 'node:events';
import { dayOf } from '../../image/catalogue-day';
import { parseCatalogueLocation } from '../../image/catalogue-location';
import { MOST_IN_A_SHARD, parseShard, WHOLE } from '../../image/catalogue-shard';
import { ecrHost } from '../../image/ecr-host';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/environment';
import { quote } from '../../image/image-reference';
import { describeFailure, signalOf } from '../failure';
import { MirrorError } from '../mirror-error';
import { MirrorTools } from '../mirror-image';
import { printable } from '../report/printable';
import { untried } from '../result';
import { refuseOthersBeside, RunPlan } from '../run-plan';
import { catalogueRuns } from './catalogue-runs';
import { readCatalogueText } from './read-catalogue';

/**
 * Reads what a build is to mirror from the catalogue that its environment names.
 *
 * A catalogue that cannot be read is the result of the whole run, so that an event tells of it.
 *
 * @throws MirrorError when the environment itself cannot be meant
 */
export async function readCataloguePlan(environment: NodeJS.ProcessEnv, tools: MirrorTools): Promise<RunPlan> {
  refuseOthersBeside(RUN_ENVIRONMENT.CATALOGUE, environment, [RUN_ENVIRONMENT.SHARD, RUN_ENVIRONMENT.ON_TAG_MOVED]);
  const { [RUN_ENVIRONMENT.CATALOGUE]: name = '', [RUN_ENVIRONMENT.SHARD]: part } = environment;
  const location = parseCatalogueLocation(name);
  if (location === undefined) throw wrong(RUN_ENVIRONMENT.CATALOGUE, name, 'it must be a parameter or an object in Amazon S3, for example "ssm:/platform/images" or "s3://bucket/images.yaml"');
  const shard = part ? parseShard(part) : WHOLE;
  if (shard === undefined) throw wrong(RUN_ENVIRONMENT.SHARD, part!, 'it must be one of so many parts, for example "1/4"');
  const signal = signalOf(tools);
  setMaxListeners(0, signal);
  const onRetry = (error: MirrorError, seconds: number) => tools.progress.line(`${error.message}; trying again in ${seconds.toFixed(1)} s`);
  try {
    const owner = ecrHost(environment[PROJECT_ENVIRONMENT.REGISTRY] ?? '')?.account;
    const text = await readCatalogueText(location, { region: environment.AWS_REGION ?? '', owner }, { ...tools, signal, onRetry });
    const runs = catalogueRuns({ name, text, shard, today: dayOf(Date.now()), most: MOST_IN_A_SHARD }, environment);
    tools.progress.line(`${name} has ${runs.length} entries for this build`);
    return { runs, isSummedUp: true };
  } catch (error) {
    const { reason, message } = describeFailure(error, tools);
    return { runs: [{ result: untried(name, '', reason, message) }], isSummedUp: true };
  }
}

function wrong(variable: string, value: string, problem: string): MirrorError {
  return new MirrorError('invalid-configuration', `the variable ${variable} is ${printable(quote(value))}: ${problem}`);
}
