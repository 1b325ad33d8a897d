import { Annotations, CfnResource, Reference, Token, Tokenization } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Dependable, IConstruct } from 'constructs';
import { environmentProblem, ImageSource, missingImageProblem, nearestFirst, Replacement } from './image-source';
import { ImageLocator, ImageUse, isExcluded, Properties, renderProperties, valueAtPath } from './image-use';
import { mapImages, parsePublicImage, PublicImage } from './public-image';

/** The settings of one aspect. */
export interface ReplacementRules {
  /** The mirrors and caches, in the order of the search. */
  readonly sources: readonly ImageSource[];
  /** Whether a missing image is an error. */
  readonly enforce: boolean;
}

/**
 * Replaces the public images of one resource, for all aspects that visit the resource.
 *
 * The replacement has two phases. While aspects run, it grants the pull of images that are known already, so that other aspects visit the new roles
 * and policies. After the last aspect, when the CDK collects dependencies, it renders the properties of the resource and replaces all images in them.
 */
export class ImageReplacement {
  /** The replacement of a resource: one for all aspects. */
  public static of(resource: CfnResource, locator: ImageLocator): ImageReplacement {
    const replacement = ImageReplacement.all.get(resource) ?? new ImageReplacement(resource, locator);
    ImageReplacement.all.set(resource, replacement);
    return replacement;
  }

  /** Whether an aspect with these rules has visited the resource. */
  public static applies(resource: CfnResource, rules: ReplacementRules): boolean {
    return ImageReplacement.all.get(resource)?.rules.has(rules) ?? false;
  }

  private static readonly all = new WeakMap<CfnResource, ImageReplacement>();

  private readonly rules = new Set<ReplacementRules>();
  private readonly granted = new Map<iam.IGrantable, Set<string>>();
  private problems: string[] = [];

  private constructor(private readonly resource: CfnResource, private readonly locator: ImageLocator) {
    const replaceAll = () => this.replaceAll();
    const lastAspect = {};
    Dependable.implement(lastAspect, {
      get dependencyRoots() {
        replaceAll();
        return [];
      },
    });
    resource.node.addDependency(lastAspect);
    resource.node.addValidation({ validate: () => this.isEnforced() ? this.problems : [] });
  }

  /** Adds the rules of an aspect, and grants the pull of the images that are known so far. */
  public add(rules: ReplacementRules): void {
    this.rules.add(rules);
    const properties = this.locator.knownProperties(this.resource);
    for (const use of this.locator.uses(properties)) {
      const image = this.isExcluded(use) ? undefined : parsePublicImage(use.image);
      const replacement = image && this.find(image);
      if (replacement) this.grantPull(this.knownRole(use, properties), replacement);
    }
  }

  private replaceAll(): void {
    this.problems = [];
    const properties = renderProperties(this.resource);
    for (const use of this.locator.uses(properties)) {
      if (!this.isExcluded(use)) this.replace(use, properties);
    }
    if (this.isEnforced()) return;
    for (const problem of this.problems) Annotations.of(this.resource).addWarningV2('cdk-ecr-mirror:MirroredImagesAspect.notMirrored', problem);
  }

  private replace(use: ImageUse, properties: Properties): void {
    const replacements: Replacement[] = [];
    const mapped = mapImages(use.image, (original) => {
      const image = parsePublicImage(original);
      if (image === undefined) return original;
      const replacement = this.find(image);
      if (replacement) replacements.push(replacement);
      else this.problems.push(missingImageProblem(use.description, image, this.sources(), this.resource));
      return replacement?.imageUri ?? original;
    });
    if (replacements.length === 0) return;
    this.resource.addPropertyOverride(use.path, mapped);
    for (const [path, value] of Object.entries(use.overrides)) this.resource.addPropertyOverride(path, value);
    const role = this.knownRole(use, this.locator.knownProperties(this.resource)) ?? this.findOrDefineRole(use, properties);
    for (const replacement of replacements) {
      replacement.makeAvailableTo(this.resource);
      if (use.pinsDigest) replacement.warnAboutMovedTag?.(this.resource);
      this.grantPull(role, replacement);
    }
  }

  private find({ reference }: PublicImage): Replacement | undefined {
    if (reference === undefined) return undefined;
    for (const source of nearestFirst(this.sources(), this.resource)) {
      const replacement = environmentProblem(source, this.resource) === undefined ? source.find(reference) : undefined;
      if (replacement !== undefined) return replacement;
    }
    return undefined;
  }

  private knownRole(use: ImageUse, properties: Properties): iam.IGrantable | undefined {
    if (use.rolePath === undefined) return undefined;
    const arn = valueAtPath(properties, use.rolePath);
    return this.locator.role(this.resource, use) ?? (arn === undefined ? undefined : findRole(this.resource, use.rolePath, arn));
  }

  /** The role in the template; a new execution role if the template has none. */
  private findOrDefineRole({ rolePath }: ImageUse, properties: Properties): iam.IGrantable | undefined {
    if (rolePath === undefined) return undefined;
    const arn = valueAtPath(properties, rolePath);
    if (arn !== undefined) return findRole(this.resource, rolePath, arn);
    const role = defineExecutionRole(this.resource);
    this.resource.addPropertyOverride(rolePath, role.roleArn);
    return role;
  }

  private grantPull(role: iam.IGrantable | undefined, { permissionKey, grantPull }: Replacement): void {
    if (role === undefined) return;
    const permissions = this.granted.get(role) ?? new Set();
    this.granted.set(role, permissions);
    if (!permissions.has(permissionKey)) grantPull(role);
    permissions.add(permissionKey);
  }

  private sources(): ImageSource[] {
    return [...this.rules].flatMap(({ sources }) => sources);
  }

  private isEnforced(): boolean {
    return [...this.rules].some(({ enforce }) => enforce);
  }

  private isExcluded(use: ImageUse): boolean {
    return isExcluded(this.locator.container(this.resource, use) ?? this.resource) || isExcluded(this.resource);
  }
}

/** The public images in the template of a resource that no aspect has visited. */
export function publicImagesIn(resource: CfnResource, locator: ImageLocator): string[] {
  const images: string[] = [];
  for (const use of locator.uses(renderProperties(resource))) {
    if (isExcluded(locator.container(resource, use) ?? resource) || isExcluded(resource)) continue;
    mapImages(use.image, (original) => {
      const image = parsePublicImage(original);
      if (image !== undefined) images.push(image.text);
    });
  }
  return images;
}

/**
 * The role with the ARN in a resource's property. As elsewhere in the CDK, grants to a role outside of the app become a policy in the resource's
 * stack.
 *
 * @param id the id of an imported role, unique in the resource
 */
function findRole(resource: CfnResource, id: string, arn: unknown): iam.IGrantable {
  const target = referencedConstruct(arn);
  if (target instanceof iam.CfnRole && target.node.scope instanceof iam.Role) return target.node.scope;
  const imported = resource.node.tryFindChild(id) as iam.IRole | undefined;
  if (imported !== undefined) return imported;
  if (target instanceof iam.CfnRole) return iam.Role.fromRoleName(resource, id, target.ref);
  return iam.Role.fromRoleArn(resource, id, Token.asString(arn));
}

/**
 * Defines the execution role of a resource that has none. Amazon ECS pulls images with this role.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
 */
function defineExecutionRole(resource: CfnResource): iam.Role {
  const existing = resource.node.tryFindChild('ExecutionRole') as iam.Role | undefined;
  return existing ?? new iam.Role(resource, 'ExecutionRole', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
}

/** The construct that a token refers to. */
function referencedConstruct(arn: unknown): IConstruct | undefined {
  if (typeof arn !== 'string' || !Token.isUnresolved(arn)) return undefined;
  const { length, firstToken } = Tokenization.reverseString(arn);
  return length === 1 && Reference.isReference(firstToken) ? firstToken.target : undefined;
}
