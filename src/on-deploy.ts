/**
 * What a deployment does about images that are new, or declared anew.
 */
export enum OnDeploy {
  /**
   * It mirrors them, waits for them, and fails when one of them cannot be mirrored: what is used by name is there when its user starts.
   *
   * CloudFormation waits for an hour at most, so a first copy that takes longer fails too, though the build goes on.
   */
  WAIT = 'WAIT',

  /** It starts to mirror them and goes on. Whether they arrive is told by the builds and by their events. */
  START = 'START',

  /** It does nothing, and nothing is defined for it: the first copy is made by the first run of the schedule. */
  OFF = 'OFF',
}
