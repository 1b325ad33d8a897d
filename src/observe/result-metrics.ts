import { Annotations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ImageMetricFilters } from './image-metric-filters';
import { dimensionFields, dimensionValues, filterPattern, ImageDimensions, METRIC_DEFINITIONS } from './metric-definitions';
import { METRIC_NAMESPACE, MetricName } from '../image/contract/events-and-metrics';
import { onSynthesis } from '../synthesis/aspects';

/** The number of tags that one image or catalog of a mirror stands for. */
export interface TagCount {
  /** Undefined when the number is not known at synthesis. */
  readonly tags?: number;
}

/** Properties of the metrics of a mirror. */
export interface ResultMetricsProps {
  /** The log of the builds. */
  readonly logGroup: logs.ILogGroup;
  readonly project: codebuild.IProject;
  /** The images and catalogs of the mirror, complete when all are added. */
  readonly images: readonly TagCount[];
}

/**
 * CloudWatch may disable a metric filter that gets 1,000 different names and values of dimensions within an hour. An image has two values.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
const MAX_IMAGES = 450;

/**
 * The CloudWatch metrics that metric filters count in the log of a mirror. A metric filter is defined when its metric is first requested, so a mirror
 * without monitoring has none.
 *
 * The metrics of single images have the repository and the tag as dimensions. An alarm cannot watch the sum over all values of a dimension. So the
 * metrics of the mirror as a whole have filters of their own, without dimensions.
 */
export class ResultMetrics extends Construct {
  /** The namespace is unique for each mirror, because a result line does not name the mirror and so cannot provide it as a dimension. */
  public readonly namespace: string;

  private readonly imageFilters = new Map<string, ImageMetricFilters>();

  constructor(scope: Construct, id: string, private readonly props: ResultMetricsProps) {
    super(scope, id);
    this.namespace = `${METRIC_NAMESPACE}/${props.project.projectName}`;
    onSynthesis(props.project, () => this.warnAboutManyImages());
  }

  /** Returns a metric, and defines the metric filter that counts it. */
  public metric(name: MetricName, dimensions: ImageDimensions, options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    const definition = METRIC_DEFINITIONS[name];
    if (dimensions.repository !== undefined) this.filtersOf(name, dimensions).add(dimensions);
    else if (this.node.tryFindChild(name) === undefined) this.defineFilter(name, name, dimensions, filterPattern(definition, dimensions));
    return new cloudwatch.Metric({
      namespace: this.namespace,
      metricName: name,
      dimensionsMap: dimensionValues(dimensions),
      statistic: definition.statistic,
      ...options,
    }).attachTo(this);
  }

  /** The filters of a metric for all images with the same dimensions. */
  private filtersOf(name: MetricName, dimensions: ImageDimensions): ImageMetricFilters {
    const id = `${name}${dimensions.tag === undefined ? 'ByRepository' : 'ByImage'}`;
    const filters = this.imageFilters.get(id) ?? new ImageMetricFilters(this, {
      id,
      patternFor: (images) => filterPattern(METRIC_DEFINITIONS[name], dimensions, images),
      define: (filterId, pattern) => this.defineFilter(filterId, name, dimensions, pattern),
    });
    this.imageFilters.set(id, filters);
    return filters;
  }

  private defineFilter(id: string, metricName: MetricName, dimensions: ImageDimensions, pattern: logs.IFilterPattern): void {
    const { value: metricValue, unit } = METRIC_DEFINITIONS[metricName];
    new logs.MetricFilter(this, id, {
      logGroup: this.props.logGroup,
      filterPattern: pattern,
      metricNamespace: this.namespace,
      metricName,
      metricValue,
      unit,
      dimensions: dimensionFields(dimensions),
    });
  }

  private warnAboutManyImages(): void {
    if (![...this.imageFilters.values()].some(({ countsAllImages }) => countsAllImages)) return;
    const images = this.props.images;
    const known = images.reduce((sum, { tags = 0 }) => sum + tags, 0);
    const hasUnknown = images.some(({ tags }) => tags === undefined);
    if (known <= MAX_IMAGES && !hasUnknown) return;
    const counted = `all ${known} images of the mirror${hasUnknown ? ' and those not known at synthesis' : ''}`;
    // On the project, so that the warning can be acknowledged on the mirror.
    Annotations.of(this.props.project).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.imageMetrics',
      `a metric filter counts ${counted}, because the app uses metrics of too many single images; `
      + 'CloudWatch may disable a filter with more than 1,000 dimension values (500 images) an hour; '
      + 'use the metrics of fewer images or of the mirror as a whole, or split the images between several mirrors',
    );
  }
}
