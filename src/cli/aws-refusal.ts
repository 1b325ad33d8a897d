import { saidBy } from '../builds/service-failure';

/** Why AWS did not do what it was asked for, in words that name the remedy. */
export class AwsRefusal extends Error {}

const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError)$/;
const BAD_CREDENTIALS = /ExpiredToken|UnrecognizedClient|InvalidClientTokenId|IncompleteSignature|InvalidSignature|SignatureDoesNotMatch|MissingAuthenticationToken/;

/**
 * Asks AWS, and puts a refusal in words.
 *
 * @param permission the action that the credentials must allow, for example `codebuild:StartBuild`
 * @throws AwsRefusal
 */
export async function asked<T>(permission: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new AwsRefusal(knownRefusal(error, permission) ?? `${permission}: ${saidBy(error)}`, { cause: error });
  }
}

/** Whether a refusal is for want of a permission. */
export function isDenied(error: unknown): boolean {
  return DENIED.test((Object(error) as Error).name ?? '');
}

/** What to do about a refusal of a service, or of the SDK before it; undefined for what has no remedy of its own. */
export function knownRefusal(error: unknown, permission: string): string | undefined {
  const { name = '', message = '' } = Object(error) as Partial<Error>;
  if (/^Region (is missing|not accepted)/.test(message)) return 'no AWS Region is set, or it does not exist; set AWS_REGION, or the region of the profile that AWS_PROFILE names';
  if (NO_CREDENTIALS.test(name)) return `there are no AWS credentials; sign in, for example with "aws sso login", or set AWS_PROFILE (${saidBy(error)})`;
  if (BAD_CREDENTIALS.test(name)) return `AWS does not take the credentials any more; sign in again (${saidBy(error)})`;
  if (isDenied(error)) return `the AWS credentials do not allow ${permission}; sign in as somebody who may do that (${saidBy(error)})`;
  return undefined;
}

/** Whether CloudFormation says that there is no such stack, or none with such a resource. It has no error of its own for that. */
export function isNoStack(error: unknown): boolean {
  const { name, message = '' } = Object(error) as Partial<Error>;
  return name === 'ValidationError' && /does not exist/.test(message);
}
