import { Annotations, AspectPriority, Aspects } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ImageFilters } from './image-filters';
import { dimensionFields, dimensionValues, filterFor, MetricSubject, RESULT_METRICS } from './result-metric';
import { METRIC_NAMESPACE, MetricName } from '../image/contract/events-and-metrics';

/** How many images one entry of a mirror stands for. */
export interface CountedImages {
  /** Undefined when nobody knows. */
  readonly tags?: number;
}

/** What is counted where. */
export interface ResultMetricsProps {
  readonly logGroup: logs.ILogGroup;
  readonly project: codebuild.IProject;
  /** The images of the mirror, including those of its catalogs; complete when all images are added. */
  readonly images: readonly CountedImages[];
}

/**
 * CloudWatch may turn a filter off that meets 1,000 names and values of dimensions within an hour, and an image has two.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
const MOST_IMAGES = 450;

/**
 * The metrics that are counted in a mirror's log. A filter is defined when one of its metrics is first asked for: a mirror that nobody watches
 * has none.
 *
 * Filters of single images have the repository and the tag as dimensions. What has dimensions has no sum over all of them that an alarm could watch,
 * so a mirror's own metrics have filters without dimensions.
 */
export class ResultMetrics extends Construct {
  /** Each mirror's own: a filter takes its dimensions from the line, which does not name the mirror. */
  public readonly namespace: string;

  private readonly imageFilters = new Map<string, ImageFilters>();

  constructor(scope: Construct, id: string, private readonly props: ResultMetricsProps) {
    super(scope, id);
    this.namespace = `${METRIC_NAMESPACE}/${props.project.projectName}`;
    const visit = (node: unknown) => {
      if (node === props.project) this.warnOfManyImages();
    };
    Aspects.of(props.project).add({ visit }, { priority: AspectPriority.READONLY });
  }

  /** A metric, and the filter that counts it. */
  public metric(name: MetricName, subject: MetricSubject, options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    if (subject.repository !== undefined) this.filtersOf(name, subject).include(subject);
    else if (this.node.tryFindChild(name) === undefined) this.defineFilter(name, name, subject, filterFor(RESULT_METRICS[name], subject));
    return new cloudwatch.Metric({
      namespace: this.namespace,
      metricName: name,
      dimensionsMap: dimensionValues(subject),
      statistic: RESULT_METRICS[name].statistic,
      ...options,
    }).attachTo(this);
  }

  /** Those of a metric for all subjects that have the same dimensions. */
  private filtersOf(name: MetricName, subject: MetricSubject): ImageFilters {
    const id = `${name}${subject.tag === undefined ? 'ByRepository' : 'ByImage'}`;
    const known = this.imageFilters.get(id) ?? new ImageFilters(this, {
      id,
      patternFor: (named) => filterFor(RESULT_METRICS[name], subject, named),
      define: (filterId, pattern) => this.defineFilter(filterId, name, subject, pattern),
    });
    this.imageFilters.set(id, known);
    return known;
  }

  private defineFilter(id: string, metricName: MetricName, subject: MetricSubject, filterPattern: logs.IFilterPattern): void {
    const { value: metricValue, unit } = RESULT_METRICS[metricName];
    new logs.MetricFilter(this, id, {
      logGroup: this.props.logGroup,
      filterPattern,
      metricNamespace: this.namespace,
      metricName,
      metricValue,
      unit,
      dimensions: dimensionFields(subject),
    });
  }

  private warnOfManyImages(): void {
    if (![...this.imageFilters.values()].some(({ countsAll }) => countsAll)) return;
    const images = this.props.images;
    const known = images.reduce((sum, { tags = 0 }) => sum + tags, 0);
    const isOpen = images.some(({ tags }) => tags === undefined);
    if (known <= MOST_IMAGES && !isOpen) return;
    // On the project, so that whoever acknowledges the warning on the mirror silences it.
    Annotations.of(this.props.project).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.imageMetrics',
      `metrics of so many single images are asked for that their filters count those of all images, and the mirror has ${known} images${isOpen ? ' and those of lists that nobody knows now' : ''}: `
      + 'CloudWatch may turn a metric filter off that meets 1,000 names and values within an hour, of which each image has two; '
      + 'ask for the metrics of fewer images or of the mirror as a whole, or spread the images over several mirrors',
    );
  }
}
