import { AwsApiError, replyToAws } from './aws-json-api';
import { Exchange } from './exchange';
import { LocalServer } from './local-server';

/**
 * The API of Amazon ECR's public gallery on one machine: `GetAuthorizationToken`, and nothing else.
 *
 * Imitates: the answer is one object, not a list as that of private registries; the signature must be for us-east-1 and `ecr-public`.
 *
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html
 */
export class PublicGalleryApi extends LocalServer {
  /** Seconds for which a token is valid. */
  tokenSeconds = 43_200;
  /** The passwords given so far. */
  readonly passwords: string[] = [];

  protected async handle(exchange: Exchange): Promise<void> {
    const target = exchange.header('x-amz-target');
    const scope = /Credential=[^/]+\/[0-9]{8}\/(.+)\/aws4_request/.exec(exchange.header('authorization') ?? '')?.[1];
    return replyToAws(exchange, () => {
      if (target !== 'SpencerFrontendService.GetAuthorizationToken') throw new AwsApiError(400, 'UnknownOperationException', `no ${target} here`);
      if (scope !== 'us-east-1/ecr-public') throw new AwsApiError(400, 'InvalidSignatureException', `Credential should be scoped to us-east-1/ecr-public, not ${scope}`);
      const password = `gallery-password-${this.passwords.length + 1}`;
      this.passwords.push(password);
      const expiresAt = Date.now() / 1000 + this.tokenSeconds;
      return { authorizationData: { authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'), expiresAt } };
    });
  }
}
