import { Lazy, Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { MetricSubject } from './result-metric';

/**
 * How long a pattern may be.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
const LONGEST_PATTERN = 1_024;

/** The longest name of a repository in Amazon ECR, which one that is not known at synthesis is taken for. */
const LONGEST_REPOSITORY_NAME = 256;

/** A log group takes 100 filters, and a mirror has 16 sets like this at most, beside 8 filters of its own. */
const MOST_FILTERS = 4;

/** How the filters of a set are made. */
export interface ImageFiltersProps {
  /** The id of the first of them; the others are numbered. */
  readonly id: string;
  /** The pattern for some images, or for all where none are named. */
  readonly patternFor: (named?: readonly MetricSubject[]) => logs.JsonPattern;
  readonly define: (id: string, pattern: logs.IFilterPattern) => void;
}

/**
 * The filters that count one metric of single images.
 *
 * CloudWatch bills a metric for each value of its dimensions, whether anybody asks for that or not. So a filter counts the images that were asked for
 * and no others, as many as its pattern can name. When there are too many for a few filters, one counts those of all images.
 */
export class ImageFilters {
  /** The images that each filter names. */
  private readonly named: MetricSubject[][] = [];
  private isOfAll = false;

  constructor(private readonly scope: Construct, private readonly props: ImageFiltersProps) {}

  /** Whether the images that nobody asked for are counted too. */
  public get countsAll(): boolean {
    return this.isOfAll;
  }

  /** Counts one more image. */
  public include(subject: MetricSubject): void {
    if (this.isOfAll || this.named.flat().some((one) => keyOf(one) === keyOf(subject))) return;
    const last = this.named.at(-1);
    if (last !== undefined && this.fits([...last, subject])) last.push(subject);
    else if (this.named.length < MOST_FILTERS) this.add(subject);
    else this.includeAll();
  }

  private add(subject: MetricSubject): void {
    const named = [subject];
    this.named.push(named);
    // In an order that does not depend on which was asked for first.
    const produce = () => this.props.patternFor(this.isOfAll ? undefined : [...named].sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1)).logPatternString;
    this.props.define(this.idOf(this.named.length), logs.FilterPattern.literal(Lazy.string({ produce })));
  }

  /** One filter is left, for what two count is counted twice. */
  private includeAll(): void {
    this.isOfAll = true;
    for (let number = 2; number <= this.named.length; number++) this.scope.node.tryRemoveChild(this.idOf(number));
  }

  private fits(named: readonly MetricSubject[]): boolean {
    return this.props.patternFor(named.map(longest)).logPatternString.length <= LONGEST_PATTERN;
  }

  private idOf(number: number): string {
    return number === 1 ? this.props.id : `${this.props.id}${number}`;
  }
}

function longest({ repository, tag }: MetricSubject): MetricSubject {
  return { repository: Token.isUnresolved(repository) ? 'x'.repeat(LONGEST_REPOSITORY_NAME) : repository, tag };
}

function keyOf({ repository, tag }: MetricSubject): string {
  return `${repository}:${tag ?? ''}`;
}
