import { Exchange } from './exchange';

/** A refusal of an AWS service, as its JSON protocol writes it. */
export class AwsApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
    this.name = 'AwsApiError';
  }
}

/** The operation that a request in AWS JSON 1.1 names: the last part of `x-amz-target`. */
export function awsOperation(exchange: Exchange): string | undefined {
  return exchange.header('x-amz-target')?.split('.').pop();
}

/**
 * Answers a request in AWS JSON 1.1.
 *
 * The request must be signed with Signature Version 4; the signature itself is not verified.
 */
export async function replyToAws(exchange: Exchange, answer: (input: Record<string, unknown>) => unknown): Promise<void> {
  const type = 'application/x-amz-json-1.1';
  try {
    const text = await exchange.text();
    if (!exchange.header('authorization')?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
      throw new AwsApiError(400, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    await exchange.json(200, answer(JSON.parse(text || '{}')), { 'content-type': type });
  } catch (error) {
    if (!(error instanceof AwsApiError)) throw error;
    await exchange.json(error.status, { __type: error.code, message: error.message }, { 'content-type': type });
  }
}
