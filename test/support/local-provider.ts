import { setTimeout as pause } from 'node:timers/promises';
import { Invocation, LocalLambda } from './local-lambda';
import { TemplateResolver } from './template-resolver';

/** What CloudFormation sends about a custom resource. */
export interface CustomResourceRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: unknown;
  readonly OldResourceProperties?: unknown;
}

/** What CloudFormation gets, as far as it shows it. */
export interface CustomResourceAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  /** What CloudFormation shows of a failure. */
  readonly Reason: string;
  readonly PhysicalResourceId: string;
}

/** What CloudFormation reads of an answer, in bytes. */
const LONGEST_ANSWER = 4096;

const CREATE_FAILED = 'AWSCDK::CustomResourceProviderFramework::CREATE_FAILED';

/**
 * The CDK's provider framework on one machine, between a custom resource and the functions of a template.
 *
 * Imitated, from the framework's code: what is handed to the functions and kept of their answers, polling, how a function's error becomes the reason,
 * the marker of a creation that failed. Not imitated: Step Functions, the timeout.
 */
export class LocalProvider {
  /** How often `isComplete` was asked. */
  polls = 0;
  private readonly onEventId: string;
  private readonly isCompleteId: string;

  /** @param pollMilliseconds the time between two polls */
  constructor(private readonly lambda: LocalLambda, template: TemplateResolver, private readonly pollMilliseconds = 100) {
    const functionOf = (handler: string) => template.ids('AWS::Lambda::Function').find((id) => template.properties(id).Handler === `handlers.${handler}`)!;
    [this.onEventId, this.isCompleteId] = [functionOf('onEvent'), functionOf('isComplete')];
  }

  /** Sends a request, and waits for the answer. */
  async request(request: CustomResourceRequest): Promise<CustomResourceAnswer> {
    if (request.RequestType === 'Delete' && request.PhysicalResourceId === CREATE_FAILED) return answer(request, 'SUCCESS', 'SUCCESS');
    let event: CustomResourceRequest = request;
    try {
      const started = await this.invoke(this.onEventId, event);
      if (request.RequestType === 'Delete' && started.PhysicalResourceId !== request.PhysicalResourceId) throw new Error('DELETE: cannot change the physical resource ID');
      event = { ...event, ...started };
      while (!(await this.invoke(this.isCompleteId, event)).IsComplete) await pause(this.pollMilliseconds);
      return answer(event, 'SUCCESS', 'SUCCESS');
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      const PhysicalResourceId = event.PhysicalResourceId ?? (request.RequestType === 'Create' ? CREATE_FAILED : undefined);
      return answer({ ...event, PhysicalResourceId }, 'FAILED', error.reason);
    }
  }

  private async invoke(logicalId: string, event: object): Promise<Record<string, unknown>> {
    if (logicalId === this.isCompleteId) this.polls += 1;
    const { payload, error } = await this.lambda.invoke(logicalId, { ...event, ResponseURL: 'https://cloudformation.example.com/answer' });
    if (error !== undefined) throw new FunctionError(logicalId, error);
    return payload!;
  }
}

/** An error that a function threw, as the framework tells it. */
class FunctionError extends Error {
  readonly reason: string;

  constructor(functionName: string, { errorMessage, trace }: NonNullable<Invocation['error']>) {
    super(errorMessage);
    this.reason = [[errorMessage, '', `Logs: /aws/lambda/${functionName}`, ''].join('\n'), ...trace.slice(1)].join('\n');
  }
}

function answer(event: CustomResourceRequest, Status: CustomResourceAnswer['Status'], Reason: string): CustomResourceAnswer {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = '' } = event;
  if (PhysicalResourceId === '') throw new Error('CloudFormation would answer "Invalid PhysicalResourceId"');
  const length = Buffer.byteLength(JSON.stringify({ Status, Reason, StackId, RequestId, PhysicalResourceId, LogicalResourceId }));
  if (length > LONGEST_ANSWER) throw new Error(`CloudFormation takes answers of ${LONGEST_ANSWER} bytes, and this one has ${length}`);
  return { Status, Reason, PhysicalResourceId };
}
