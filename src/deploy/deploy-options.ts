import { OnDeploy } from './deploy-trigger';

/**
 * Options of an `ImageMirror` for deployments.
 */
export interface MirrorDeployOptions {
  /**
   * The action of a deployment for new or changed images.
   *
   * Unchanged images are mirrored by their schedules only. A rollback and the deletion of the stack do not mirror images.
   *
   * @default OnDeploy.WAIT
   */
  readonly onDeploy?: OnDeploy;
}
