import { awsOperation, AwsApiError, replyToAws } from '../../test/support/aws-json-api';
import type { Exchange } from '../../test/support/exchange';
import { evaluateLifecyclePolicy, parseLifecyclePolicy } from '../../test/support/lifecycle-policy';
import { LocalEcr } from '../../test/support/local-ecr';

interface PreviewInput {
  readonly repositoryName: string;
  readonly lifecyclePolicyText?: string;
}

/** The local Amazon ECR, with previews of lifecycle policies and with account settings. */
export class PreviewEcr extends LocalEcr {
  private readonly policies = new Map<string, string>();

  protected async handle(exchange: Exchange): Promise<void> {
    const operation = exchange.path === '/' ? awsOperation(exchange) : undefined;
    switch (operation) {
      case 'GetAccountSetting': return replyToAws(exchange, ({ name }) => ({ name, value: 'DISABLED' }));
      case 'StartLifecyclePolicyPreview': return replyToAws(exchange, (input) => this.startPreview(input as unknown as PreviewInput));
      case 'GetLifecyclePolicyPreview': return replyToAws(exchange, (input) => this.preview(input as unknown as PreviewInput));
      default: return super.handle(exchange);
    }
  }

  private startPreview({ lifecyclePolicyText = '', repositoryName }: PreviewInput) {
    parseLifecyclePolicy(lifecyclePolicyText);
    this.policies.set(repositoryName, lifecyclePolicyText);
    return { repositoryName, lifecyclePolicyText, status: 'IN_PROGRESS' };
  }

  private preview({ repositoryName }: PreviewInput) {
    const lifecyclePolicyText = this.policies.get(repositoryName);
    if (lifecyclePolicyText === undefined) throw new AwsApiError(400, 'LifecyclePolicyPreviewNotFoundException', 'there is no preview');
    const images = this.images(repositoryName).all();
    const { expired } = evaluateLifecyclePolicy(parseLifecyclePolicy(lifecyclePolicyText), images, Date.now());
    const previewResults = images.filter(({ digest }) => expired.includes(digest)).map(({ digest, tags }) => {
      return { imageTags: tags, imageDigest: digest, action: { type: 'EXPIRE' } };
    });
    return { repositoryName, lifecyclePolicyText, status: 'COMPLETE', previewResults };
  }
}
