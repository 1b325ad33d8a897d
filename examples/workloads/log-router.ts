import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';

/**
 * Adds a sidecar as somebody else's library might: with the public name of its image. `MirroredImagesAspect` sees to it.
 */
export function addLogRouter(taskDefinition: ecs.TaskDefinition): void {
  taskDefinition.addContainer('log-router', {
    image: ecs.ContainerImage.fromRegistry('fluent/fluent-bit:3.1.9'),
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'log-router', logRetention: logs.RetentionDays.ONE_MONTH }),
    memoryReservationMiB: 64,
    essential: false,
  });
}
