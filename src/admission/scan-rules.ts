import { createHash } from 'node:crypto';
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { DeclaredImage } from '../declarations/declared-image';
import { OnTagMoved } from '../declarations/tag-policy';
import { heldTagPrefix, imageHash, imageKey, quarantineRepository } from '../image/admission/quarantine';
import { repositoryIn } from '../image/image-reference';
import { repositoryArn } from '../repositories/repository-arns';
import { onSynthesis } from '../synthesis/aspects';

/** An event bus has 300 rules by default, for all uses of an account. */
const MAX_SCAN_RULES = 50;

/** An image that waits for scans in quarantine. */
export interface ScanRuleImage {
  readonly declared: DeclaredImage;
  /** The start of a run of the image. */
  readonly target: () => events.IRuleTarget;
}

/**
 * The EventBridge rules that start a run of an image when a scan in quarantine is complete. Without a rule, the next run of the schedule looks again.
 *
 * A rule matches a tag that starts with the hash of the image. The events of basic and of enhanced scanning have the tags of the scanned image.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
 */
export class ScanRules {
  private rules = 0;
  private others = 0;

  constructor(private readonly mirror: Construct, private readonly repositoryPrefix: string) {
    onSynthesis(mirror, () => this.warn());
  }

  /** Defines the rule of an image with an enforced check of findings. */
  public add(scope: Construct, { declared, target }: ScanRuleImage): void {
    const { admission: { scan }, enabled, repositoryName, source } = declared;
    // In the mode AUDIT, an image does not wait for its scan. The hash needs the name of the repository.
    if (scan === undefined || scan.mode === 'AUDIT' || !enabled || Token.isUnresolved(repositoryName)) return;
    if (this.rules >= MAX_SCAN_RULES) {
      this.others++;
      return;
    }
    this.rules++;
    // AWS services send their events to the account's default event bus, also when the mirror has another event bus.
    const rule = new events.Rule(scope, 'ScanCompleted', {
      description: `Starts a run of ${source} when a scan in quarantine is complete`.slice(0, 512),
      eventPattern: {
        source: ['aws.ecr', 'aws.inspector2'],
        detailType: ['ECR Image Scan', 'Inspector2 Scan'],
        resources: [repositoryArn(Stack.of(scope), quarantineRepository(this.repositoryPrefix))],
        detail: { 'scan-status': ['COMPLETE', 'INITIAL_SCAN_COMPLETE'], 'image-tags': [{ prefix: heldPrefix(declared) }] },
      },
    });
    rule.addTarget(target());
  }

  private warn(): void {
    if (this.others === 0) return;
    Annotations.of(this.mirror).addWarningV2('cdk-ecr-mirror:ImageMirror.scanRules',
      `${this.rules} images start a run as soon as their scan is complete, but ${this.others} more images with maximumSeverity wait for the next run `
      + 'of their schedule, because an account has 300 rules of EventBridge by default; use a schedule with more runs, or acknowledge this warning');
  }
}

/** The start of the tags in quarantine of an image. A filter, and a tag with a suffix, have more tags than the app knows. */
function heldPrefix({ fixedTags, onTagMoved, repositoryName: repository, source, tags }: DeclaredImage): string {
  const image = { source: repositoryIn(source), repository };
  const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const hasOneTag = 'tag' in tags && (fixedTags.length === 0 || onTagMoved !== OnTagMoved.SUFFIX);
  return heldTagPrefix(hasOneTag ? imageKey({ ...image, tag: tags.tag }, digestOf) : imageHash(image, digestOf));
}
