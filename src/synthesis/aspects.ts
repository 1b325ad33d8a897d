import { AspectPriority, Aspects, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Runs an action once at synthesis, when all images of the app were added.
 *
 * The action runs as a read-only aspect of the construct: after the aspects that change the tree, and before the CDK resolves references and
 * validates the tree. It may add annotations or throw, and must not define constructs. A warning that the action adds to the construct can be
 * acknowledged on any construct around it.
 */
export function onSynthesis(construct: IConstruct, action: () => void): void {
  const visit = (node: IConstruct) => {
    if (node === construct) action();
  };
  Aspects.of(construct).add({ visit }, { priority: AspectPriority.READONLY });
}

/**
 * Runs an action at synthesis for each construct of the stage that a construct is in; or of the app, for a construct that is in no stage.
 *
 * Aspects do not cross the boundaries of stages, so constructs in other stages are not visited.
 */
export function onSynthesisOfStage(construct: IConstruct, visit: (node: IConstruct) => void): void {
  Aspects.of(Stage.of(construct) ?? construct.node.root).add({ visit }, { priority: AspectPriority.READONLY });
}
