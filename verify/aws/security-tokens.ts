import { sendAwsRequest } from '../../src/engine/aws-request';
import { awsServiceHost } from '../../src/image/registry-hosts';

const VERSION = '2011-06-15';
const MAX_RESPONSE_BYTES = 64 * 1024;
/** Seconds. A run takes less. */
const SESSION_SECONDS = '3600';

/** Temporary credentials of a role, for clients of the AWS SDK. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** AWS Security Token Service, in one Region. */
export class SecurityTokens {
  constructor(private readonly region: string, private readonly signal: AbortSignal) {}

  /** The account of the credentials of this process. */
  async account(): Promise<string> {
    return field(await this.request({ Action: 'GetCallerIdentity' }), 'Account');
  }

  async assumeRole(roleArn: string, externalId: string): Promise<RoleCredentials> {
    const response = await this.request({
      Action: 'AssumeRole', RoleArn: roleArn, ExternalId: externalId, RoleSessionName: externalId, DurationSeconds: SESSION_SECONDS,
    });
    return {
      accessKeyId: field(response, 'AccessKeyId'),
      secretAccessKey: field(response, 'SecretAccessKey'),
      sessionToken: field(response, 'SessionToken'),
    };
  }

  private async request(parameters: Record<string, string>): Promise<string> {
    const { body = '', status } = await sendAwsRequest({
      service: 'sts',
      region: this.region,
      url: new URL(`https://${awsServiceHost('sts', this.region)}/`),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...parameters, Version: VERSION }).toString(),
      maxBytes: MAX_RESPONSE_BYTES,
      signal: this.signal,
    });
    if (status === 200) return body;
    throw new Error(`AWS STS refused ${parameters.Action} (HTTP ${status}): ${/<Message>([^<]*)</.exec(body)?.[1] ?? 'no message'}`);
  }
}

/** The text of an element in XML. The error does not contain the response, because that can contain credentials. */
function field(xml: string, name: string): string {
  const [, text] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml) ?? [];
  if (text === undefined) throw new Error(`the response of AWS STS has no ${name}`);
  return text;
}
