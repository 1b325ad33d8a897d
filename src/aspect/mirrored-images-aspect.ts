import { Annotations, Aspects, CfnResource, IAspect, Stage } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { buildProjectImages, jobDefinitionImages, taskDefinitionImages } from './image-locators';
import { ImageReplacement, publicImagesIn, ReplacementRules } from './image-replacement';
import { cacheSource, mirrorSource } from './image-source';
import { excludeImages, ImageLocator } from './image-use';
import { PullThroughCache } from '../cache/pull-through-cache';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { quote } from '../image/sanitize';
import { bridgeStages, crossStages } from '../synthesis/aspects';

/**
 * Properties of a `MirroredImagesAspect`.
 */
export interface MirroredImagesAspectProps {
  /**
   * The mirrors that have the replacements, in the order of the search. A mirror serves the resources in its own stage, account, and Region.
   * An imported mirror serves all resources; mirrors in the account and Region of the resource are searched first.
   *
   * @default - none
   */
  readonly mirrors?: IImageMirror[];

  /**
   * The pull-through caches for images that are not in a mirror, in the order of the search.
   *
   * A cache serves the resources in its own stage, account, and Region.
   *
   * @default - none
   */
  readonly pullThroughCaches?: PullThroughCache[];

  /**
   * Whether a public image without a replacement is an error. The mirrors are then the list of allowed images.
   *
   * Synthesis fails and lists all such images at once. An image that is known only at deployment is allowed.
   *
   * @default false - such an image causes a warning with the ID `cdk-ecr-mirror:MirroredImagesAspect.notMirrored`
   */
  readonly enforce?: boolean;
}

const IMAGE_LOCATORS: ReadonlyMap<string, ImageLocator> = new Map([
  ['AWS::ECS::TaskDefinition', taskDefinitionImages],
  ['AWS::CodeBuild::Project', buildProjectImages],
  ['AWS::Batch::JobDefinition', jobDefinitionImages],
]);

/**
 * Replaces public images with their copies in Amazon ECR.
 *
 * The aspect replaces the images of all containers in Amazon ECS task definitions and AWS Batch job definitions, and the build images of
 * AWS CodeBuild projects.
 *
 * ```ts
 * declare const app: cdk.App;
 * declare const mirror: ImageMirror;
 * cdk.Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
 * ```
 *
 * For each resource with a replaced image, the aspect also:
 *
 * - makes the resource wait for the first copy of the image;
 * - grants pull permission to the execution role of the task or job, or to the service role of the project; it defines a missing execution role;
 * - removes the credentials of the public registry.
 *
 * For AWS Batch on Amazon EKS, the nodes pull the images, and the aspect does not grant them pull permission. The node role that Amazon EKS
 * recommends can pull from all repositories of the account.
 *
 * The aspect replaces images in the final template, so it includes containers that other aspects add, in any order. It also visits the stages in its
 * scope, if they are defined before the aspect and synthesized after it was added: add it before `pipeline.addStage()`. Otherwise, synthesis fails if
 * such a stage runs a public image. `docs/shared-mirrors.md` describes stages and mirrors of other apps.
 *
 * The aspect does not change images in Amazon ECR, images that are known only at deployment, and images that AWS CodeBuild manages. It does not
 * replace images in buildspecs and Dockerfiles. AWS Lambda does not run public images.
 */
export class MirroredImagesAspect implements IAspect {
  /**
   * Excludes a construct and all constructs in it. The aspect does not replace their images, and reports no warning or error for them.
   *
   * To exclude a service, exclude its task definition, because the service does not contain it.
   *
   * @param construct a container, a task definition, a project, a job definition, or any construct around them
   * @param reason the reason, which the aspect writes to the metadata of the cloud assembly; "no reason given" by default
   */
  public static exclude(construct: IConstruct, reason?: string): void {
    excludeImages(construct, reason ?? 'no reason given');
  }

  private readonly rules: ReplacementRules;
  private readonly visited = new WeakSet<IConstruct>();

  constructor(props: MirroredImagesAspectProps = {}) {
    const { mirrors = [], pullThroughCaches = [], enforce = false } = props;
    this.rules = { sources: [...mirrors.map(mirrorSource), ...pullThroughCaches.map(cacheSource)], enforce };
    crossStages(this);
    const roots = new Set(this.rules.sources.map(({ construct }) => construct.node.root));
    for (const root of roots) {
      bridgeStages(root.node.findAll());
      root.node.addValidation({ validate: () => this.tooLateProblems(root) });
    }
  }

  /** Visits a construct. The CDK calls this method. */
  public visit(node: IConstruct): void {
    this.checkAll(node);
    // Visit the L2 task definition instead of its resource: if it defines an execution role now, the other aspects still visit that role.
    const resource = node instanceof ecs.TaskDefinition ? node.node.defaultChild : node;
    if (!CfnResource.isCfnResource(resource)) return;
    const locator = IMAGE_LOCATORS.get(resource.cfnResourceType);
    if (locator !== undefined) ImageReplacement.of(resource, locator).add(this.rules);
  }

  /** The problems of constructs that were synthesized before the aspect was added to them. The CDK never visits them. */
  private tooLateProblems(root: IConstruct): string[] {
    const unvisited = root.node.findAll().filter((scope) => Aspects.of(scope).all.includes(this) && !this.visited.has(scope));
    return unvisited.map(({ node: { path } }) => `MirroredImagesAspect was added to ${quote(path)} after the CDK had synthesized it; `
      + 'add the aspect before pipeline.addStage() or synth()');
  }

  /** Validates everything in the first construct that the CDK visits, also what the CDK does not visit. */
  private checkAll(node: IConstruct): void {
    const { scope } = node.node;
    const isFirst = !this.visited.has(node) && (scope === undefined || !this.visited.has(scope));
    this.visited.add(node);
    if (isFirst) node.node.addValidation({ validate: () => missedProblems(node, this.rules) });
  }
}

/** The problems of resources with public images that the aspect did not visit. Without `enforce`, some of them are warnings. */
function missedProblems(root: IConstruct, rules: ReplacementRules): string[] {
  const stages = new Set<Stage | undefined>();
  const own = Stage.isStage(root) ? root : Stage.of(root);
  return root.node.findAll().flatMap((resource) => {
    const locator = CfnResource.isCfnResource(resource) ? IMAGE_LOCATORS.get(resource.cfnResourceType) : undefined;
    if (locator === undefined || !CfnResource.isCfnResource(resource) || ImageReplacement.applies(resource, rules)) return [];
    const [image] = publicImagesIn(resource, locator);
    const stage = Stage.of(resource);
    if (image === undefined || stages.has(stage)) return [];
    if (stage === own) return lateProblems(resource, image, rules);
    stages.add(stage);
    return [`MirroredImagesAspect did not visit the stage ${quote(stage?.node.path ?? '')}, which runs the public image ${quote(image)} in `
      + `${quote(resource.node.path)}, because the CDK synthesized the stage before the aspect was added; define the stage before the aspect, `
      + 'add the aspect before pipeline.addStage(), or add it to the stage: Aspects.of(stage).add(...)'];
  });
}

/** The CDK without aspect stabilization does not visit a construct that an aspect adds to a construct it has already visited. */
function lateProblems(resource: CfnResource, image: string, { enforce }: ReplacementRules): string[] {
  const problem = `MirroredImagesAspect did not visit ${quote(resource.node.path)}, which runs the public image ${quote(image)}, because `
    + 'another aspect added it; set the feature flag "@aws-cdk/core:aspectStabilization" to true in cdk.json';
  if (enforce) return [problem];
  Annotations.of(resource).addWarningV2('cdk-ecr-mirror:MirroredImagesAspect.notVisited', problem);
  return [];
}
