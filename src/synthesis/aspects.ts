import { AspectPriority, Aspects, IAspect, Stage } from 'aws-cdk-lib';
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

/** The aspects that also visit the stages in their scope. */
const CROSSING = new WeakSet<IAspect>();

/** The stages with a bridge. */
const BRIDGED = new WeakSet<IConstruct>();

/** Lets an aspect visit the stages in its scope that have a bridge. */
export function crossStages(aspect: IAspect): void {
  CROSSING.add(aspect);
}

/**
 * Adds a bridge to each stage: an aspect of the stage that calls the aspects of the constructs around the stage.
 *
 * The CDK synthesizes a stage before it invokes the aspects around it, and these aspects do not visit the stage. So the bridge must be there before
 * the stage is synthesized.
 */
export function bridgeStages(constructs: readonly IConstruct[]): void {
  for (const stage of constructs) {
    if (!Stage.isStage(stage) || stage === stage.node.root || BRIDGED.has(stage)) continue;
    BRIDGED.add(stage);
    const outer = stage.node.scopes.slice(0, -1);
    const visit = (node: IConstruct) => {
      const aspects = outer.flatMap((scope) => Aspects.of(scope).all).filter((aspect) => CROSSING.has(aspect));
      for (const aspect of new Set(aspects)) aspect.visit(node);
    };
    Aspects.of(stage).add({ visit });
  }
}
