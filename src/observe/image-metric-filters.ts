import { Lazy, Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ImageDimensions } from './metric-definitions';

/**
 * The maximum length of a filter pattern.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
const MAX_PATTERN_LENGTH = 1_024;

/** The maximum length of a repository name in Amazon ECR; assumed for a name that is a token. */
const MAX_REPOSITORY_NAME_LENGTH = 256;

/** A log group allows 100 metric filters. A mirror has 11 filters for the mirror as a whole and up to 22 sets of filters for images. */
const MAX_FILTERS = 4;

/** Properties of a set of metric filters. */
export interface ImageMetricFiltersProps {
  /** The id of the first filter; the ids of the others end with a number. */
  readonly id: string;
  /** The pattern that matches the results of some images; without images, the results of all images. */
  readonly patternFor: (images?: readonly ImageDimensions[]) => logs.JsonPattern;
  readonly define: (id: string, pattern: logs.IFilterPattern) => void;
}

/**
 * The metric filters that count one metric for single images.
 *
 * CloudWatch bills a metric for each combination of dimension values, even if nothing reads it. So each filter names the images that it counts, as
 * many as fit into its pattern. When the images do not fit into four filters, one filter counts all images of the mirror.
 */
export class ImageMetricFilters {
  /** The images of each filter. */
  private readonly images: ImageDimensions[][] = [];
  private matchesAll = false;

  constructor(private readonly scope: Construct, private readonly props: ImageMetricFiltersProps) {}

  /** Whether one filter counts all images of the mirror. */
  public get countsAllImages(): boolean {
    return this.matchesAll;
  }

  /** Counts one more image. */
  public add(image: ImageDimensions): void {
    if (this.matchesAll || this.images.flat().some((known) => keyOf(known) === keyOf(image))) return;
    const last = this.images.at(-1);
    if (last !== undefined && this.fits([...last, image])) last.push(image);
    else if (this.images.length < MAX_FILTERS) this.defineFilter(image);
    else this.matchAll();
  }

  private defineFilter(image: ImageDimensions): void {
    const images = [image];
    this.images.push(images);
    // Sorted, so that the template does not depend on the order of calls.
    const sorted = () => [...images].sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
    const produce = () => this.props.patternFor(this.matchesAll ? undefined : sorted()).logPatternString;
    this.props.define(this.idOf(this.images.length), logs.FilterPattern.literal(Lazy.string({ produce })));
  }

  /** Keeps one filter only: two filters that match the same line would count it twice. */
  private matchAll(): void {
    this.matchesAll = true;
    for (let number = 2; number <= this.images.length; number++) this.scope.node.tryRemoveChild(this.idOf(number));
  }

  private fits(images: readonly ImageDimensions[]): boolean {
    return this.props.patternFor(images.map(withLongestName)).logPatternString.length <= MAX_PATTERN_LENGTH;
  }

  private idOf(number: number): string {
    return number === 1 ? this.props.id : `${this.props.id}${number}`;
  }
}

function withLongestName({ repository, tag }: ImageDimensions): ImageDimensions {
  return { repository: Token.isUnresolved(repository) ? 'x'.repeat(MAX_REPOSITORY_NAME_LENGTH) : repository, tag };
}

function keyOf({ repository, tag }: ImageDimensions): string {
  return `${repository}:${tag ?? ''}`;
}
