import { CfnOutput, Duration, Stack, StackProps } from 'aws-cdk-lib';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringListParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { ImageCatalog, ImageMirror, MirrorDashboard, OnTagMoved, ScanSeverity } from 'cdk-ecr-mirror';

/**
 * The public images that a small platform runs on, and what tells of them.
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

    // A tag that seldom moves: once a week is enough. Two lines of our own on top; the original is in the mirror too, unchanged.
    this.mirror.addImage('hashicorp/vault:1.14', {
      schedule: ScheduleExpression.rate(Duration.days(7)),
      dockerfileLines: ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'],
    });

    // Should this release ever change upstream, the platform keeps the one that it has tested, and an event says so.
    this.mirror.addImage('ghcr.io/stefanprodan/podinfo:6.7.0', {
      onTagMoved: OnTagMoved.KEEP,
    });

    this.addTeamImages();
    this.observe();
    this.tellWhere();
  }

  /** What the teams ask for: a list that they edit themselves, with no deployment. */
  private addTeamImages(): void {
    const list = new StringListParameter(this, 'TeamImages', {
      description: 'Public images that the teams want mirrored into Amazon ECR',
      stringListValue: ['grafana/grafana:11.1.0', 'traefik:v3.1'],
    });
    this.mirror.addCatalog('Teams', ImageCatalog.fromParameter(list));
  }

  /** Who is told of what, and where one looks. */
  private observe(): void {
    const trouble = new Topic(this, 'Trouble', { displayName: 'Images of the platform', enforceSSL: true });
    const alarms = this.mirror.notify(trouble);
    new MirrorDashboard(this, 'Dashboard', { mirror: this.mirror, alarms });
    this.mirror.onScanFindings('Vulnerable', { severity: ScanSeverity.CRITICAL, target: new SnsTopic(trouble) });
    // In place of the topic, a build of what is made from nginx: see ../base-image-rebuild.ts.
    this.mirror.image('nginx:stable').onImageMirrored('NewNginx', { target: new SnsTopic(trouble) });
  }

  /** The names that a task definition or a Dockerfile writes in place of the upstream ones. */
  private tellWhere(): void {
    new CfnOutput(this, 'NginxImage', { value: this.mirror.image('nginx:stable').imageUri });
    new CfnOutput(this, 'VaultImage', { value: this.mirror.image('hashicorp/vault:1.14').imageUri });
  }
}
