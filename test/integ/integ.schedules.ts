/** One build for many images, schedules of single images, and an image that is not updated. */
import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror } from '../../src';

scenario('Schedules', (stack) => {
  const grouped = new ImageMirror(stack, 'Grouped', {
    ...TEMPORARY,
    groupRuns: true,
    images: ['public.ecr.aws/nginx/nginx:stable', 'public.ecr.aws/docker/library/busybox:1.37.0'],
    schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '5' }),
    timeWindow: scheduler.TimeWindow.off(),
  });
  grouped.addImage('public.ecr.aws/docker/library/alpine:3.21', { schedule: scheduler.ScheduleExpression.rate(Duration.hours(12)) });

  const single = new ImageMirror(stack, 'Single', { ...TEMPORARY, repositoryPrefix: 'single' });
  single.addImage('public.ecr.aws/docker/library/redis:7', { schedule: scheduler.ScheduleExpression.rate(Duration.days(7)) });
  single.addImage('public.ecr.aws/docker/library/memcached:1.6', { enabled: false });
});
