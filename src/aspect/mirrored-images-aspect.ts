import { CfnResource, IAspect } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { ImageReplacement, ImageRules } from './image-replacement';
import { cacheSource, mirrorSource } from './image-source';
import { exclude, ImageUser } from './image-use';
import { buildProjectImages, jobDefinitionImages, taskDefinitionImages } from './image-users';
import { PullThroughCache } from '../cache/pull-through-cache';
import { IImageMirror } from '../declarations/mirror-interfaces';

/**
 * Properties of a `MirroredImagesAspect`.
 */
export interface MirroredImagesAspectProps {
  /**
   * The mirrors that replace images, asked in this order. A mirror serves the resources of its own stage, account and Region.
   *
   * @default - none
   */
  readonly mirrors?: IImageMirror[];

  /**
   * The pull-through caches that replace what no mirror has, asked in this order. A cache serves the resources of its own stage, account and Region.
   *
   * @default - none
   */
  readonly pullThroughCaches?: PullThroughCache[];

  /**
   * Whether a public image that nothing replaces is an error, so that the mirrors are the list of what is allowed.
   *
   * Synthesis then fails, and names all such images at once. An image that only CloudFormation knows passes.
   *
   * @default false - it is a warning with the id `cdk-ecr-mirror:MirroredImagesAspect.notMirrored`
   */
  readonly enforce?: boolean;
}

const IMAGE_USERS: ReadonlyMap<string, ImageUser> = new Map([
  ['AWS::ECS::TaskDefinition', taskDefinitionImages],
  ['AWS::CodeBuild::Project', buildProjectImages],
  ['AWS::Batch::JobDefinition', jobDefinitionImages],
]);

/**
 * Replaces public images by their copies in Amazon ECR, wherever an app runs containers: in all containers of Amazon ECS task definitions,
 * in the environments of CodeBuild projects, and in AWS Batch job definitions.
 *
 * ```ts
 * declare const app: cdk.App;
 * declare const mirror: ImageMirror;
 * cdk.Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
 * ```
 *
 * What runs a replaced image may pull it and waits for its first copy. The pull is granted to the execution role of a task or job, which is defined
 * where there is none, and to the service role of a project. The pods of AWS Batch on Amazon EKS are pulled by their nodes, whose role is not granted
 * anything: the one that Amazon EKS recommends may pull from all repositories of the account. Credentials for the public registry are removed.
 *
 * It looks at the template as it will be, so that containers count which other aspects add, in whichever order. It sees one stage: the CDK does not
 * carry aspects from an app into its stages, so add it to each.
 *
 * It leaves alone what is in Amazon ECR already, images that only CloudFormation knows, CodeBuild's own images, and what a build specification
 * or a Dockerfile names. AWS Lambda takes no public images in the first place.
 */
export class MirroredImagesAspect implements IAspect {
  /**
   * Leaves the images of a construct, and of everything in it, as they are, without a warning or an error.
   *
   * Exclude a task definition rather than the service that runs it: the service does not contain it.
   *
   * @param construct a container, a task definition, a project, a job definition, or anything around them
   * @param reason why, for those who read the code or the cloud assembly's metadata
   */
  public static exclude(construct: IConstruct, reason?: string): void {
    exclude(construct, reason ?? 'no reason given');
  }

  private readonly rules: ImageRules;

  constructor(props: MirroredImagesAspectProps = {}) {
    const { mirrors = [], pullThroughCaches = [], enforce = false } = props;
    this.rules = { sources: [...mirrors.map(mirrorSource), ...pullThroughCaches.map(cacheSource)], enforce };
  }

  /** Called by the CDK for each construct. */
  public visit(node: IConstruct): void {
    // At the task definition rather than at its resource: a role that it gets now is still visited by the other aspects.
    const resource = node instanceof ecs.TaskDefinition ? node.node.defaultChild : node;
    if (!CfnResource.isCfnResource(resource)) return;
    const user = IMAGE_USERS.get(resource.cfnResourceType);
    if (user !== undefined) ImageReplacement.of(resource, user).add(this.rules);
  }
}
