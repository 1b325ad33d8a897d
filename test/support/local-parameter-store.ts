import { AwsApiError, awsOperation, replyToAws } from './aws-json-api';
import { Exchange } from './exchange';
import { LocalServer } from './local-server';

/** A parameter. */
export interface Parameter {
  readonly value: string;
  /** @default 'StringList' */
  readonly type?: 'String' | 'StringList' | 'SecureString';
}

/**
 * The Parameter Store of AWS Systems Manager on one machine: `GetParameter`, and nothing else. A SecureString is answered encrypted.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export class LocalParameterStore extends LocalServer {
  /** The parameters by name. */
  readonly parameters = new Map<string, Parameter>();

  protected async handle(exchange: Exchange): Promise<void> {
    const scope = /Credential=[^/]+\/[0-9]{8}\/(.+)\/aws4_request/.exec(exchange.header('authorization') ?? '')?.[1];
    return replyToAws(exchange, ({ Name }) => {
      if (awsOperation(exchange) !== 'GetParameter') throw new AwsApiError(400, 'UnknownOperationException', 'only GetParameter is imitated');
      if (!scope?.endsWith('/ssm')) throw new AwsApiError(400, 'InvalidSignatureException', `Credential should be scoped to ssm, not ${scope}`);
      const parameter = this.parameters.get(String(Name));
      if (parameter === undefined) throw new AwsApiError(400, 'ParameterNotFound', '');
      const { type = 'StringList', value } = parameter;
      return { Parameter: { Name, Type: type, Value: type === 'SecureString' ? 'AQICAHi...' : value, Version: 1, DataType: 'text' } };
    });
  }
}
