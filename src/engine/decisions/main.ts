/**
 * The program of the project that records the decisions of people about images in quarantine.
 *
 * It logs its progress on stderr, and ends with one JSON line on stdout and an event. The exit code is 0 only if the decision is recorded.
 */
import { readDecisionRequest } from './decision-request';
import { recordDecision } from './record-decision';
import type { DecisionDetail, DecisionResult, RecordedDecision } from '../../image/contract/decision-result';
import { EVENT_DETAIL_TYPE } from '../../image/contract/events-and-metrics';
import { sanitizeForLog } from '../../image/sanitize';
import { saveMemory, silenceVersionAdvice, withBuildTools } from '../build-tools';
import { readSettings, Settings } from '../configuration';
import { describeFailure } from '../failure';
import { MirrorError } from '../mirror-error';
import { LogProgress } from '../report/progress';
import { eventPublisher, exitSoon, MAX_EVENT_TIME } from '../report/run-report';
import { shownSource } from '../run-variables';

const log = new LogProgress((line) => { process.stderr.write(`${line}\n`); });

/** Records the decision that the environment describes. */
async function main(): Promise<DecisionResult> {
  saveMemory();
  silenceVersionAdvice();
  const settings = readSettings(process.env);
  const request = readDecisionRequest(process.env);
  return withBuildTools(settings, log, async (tools): Promise<DecisionResult> => {
    try {
      const result = await recordDecision(request, tools);
      await publish(result, settings);
      return result;
    } catch (error) {
      const { message, reason } = describeFailure(error, tools);
      return failed(reason, message);
    }
  });
}

/** Puts the event of a decision. A lost event does not change the decision. */
async function publish({ decision, message, ...detail }: RecordedDecision, { eventBus }: Settings): Promise<void> {
  const events = eventPublisher(eventBus);
  const type = decision === 'released' ? EVENT_DETAIL_TYPE.RELEASED : EVENT_DETAIL_TYPE.REFUSED;
  const problem = await events?.put(type, detail satisfies DecisionDetail, Date.now() + MAX_EVENT_TIME);
  if (problem) log.line(problem);
  log.line(message);
  await events?.close();
}

function failed(failure: MirrorError['reason'], message: string): DecisionResult {
  return { decision: 'failed', source: shownSource(process.env), failure, message: sanitizeForLog(message, MAX_MESSAGE_LENGTH) };
}

const MAX_MESSAGE_LENGTH = 1_000;

async function run(): Promise<void> {
  const result = await main().catch((error: unknown) => {
    return failed(error instanceof MirrorError ? error.reason : 'internal-error', error instanceof Error ? error.message : String(error));
  });
  if (result.decision === 'failed') log.line(`failed: ${result.message}`);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = result.decision === 'failed' ? 1 : 0;
}

void run().finally(exitSoon);
