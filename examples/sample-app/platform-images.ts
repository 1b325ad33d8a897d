import { CfnOutput, Duration, Stack, StackProps } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { ImageMirror, OnTagMoved } from 'cdk-ecr-mirror';

/**
 * The public images that a small platform runs on.
 */
export class PlatformImages extends Stack {
  public readonly mirror: ImageMirror;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);

    this.mirror = new ImageMirror(this, 'Mirror', {
      images: [
        'nginx:stable', // floats: follows upstream every day
        'logstash:7.11.2', // fixed: immutable once it is here
        'quay.io/prometheus/prometheus:v2.53.0',
        'public.ecr.aws/docker/library/redis:7',
      ],
    });

    // A tag that seldom moves: once a week is enough.
    this.mirror.addImage('hashicorp/vault:1.14', {
      schedule: ScheduleExpression.rate(Duration.days(7)),
    });

    // Should this release ever change upstream, the platform keeps the one that it has tested, and an event says so.
    this.mirror.addImage('ghcr.io/stefanprodan/podinfo:6.7.0', {
      onTagMoved: OnTagMoved.KEEP,
    });

    new CfnOutput(this, 'NginxImage', {
      description: 'What a task definition or a Dockerfile writes instead of nginx:stable',
      value: this.mirror.image('nginx:stable').imageUri,
    });
  }
}
