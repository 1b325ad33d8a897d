import { Annotations, CfnResource } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Dependable } from 'constructs';
import { distance, ImageSource, Replacement, missingImage } from './image-source';
import { isExcluded, ImageUse, ImageUser, Properties, renderedProperties, valueAt } from './image-use';
import { mapImages, PublicImage, publicImage } from './public-image';
import { defineExecutionRole, roleOf } from './pull-role';

/** What an aspect wants of the resources that it visits. */
export interface ImageRules {
  /** In the order in which they are asked. */
  readonly sources: readonly ImageSource[];
  readonly enforce: boolean;
}

/**
 * Replaces the public images of one resource, for all the aspects that visit it.
 *
 * It works twice. While aspects run, it lets roles pull what is known to be used, so that other aspects see the roles and policies that this takes.
 * When the last aspect has run and the CDK asks for dependencies, it looks at the properties as the template will have them, and replaces.
 */
export class ImageReplacement {
  /** The replacement for a resource, whose images are where `user` says. */
  public static of(resource: CfnResource, user: ImageUser): ImageReplacement {
    const replacement = ImageReplacement.all.get(resource) ?? new ImageReplacement(resource, user);
    ImageReplacement.all.set(resource, replacement);
    return replacement;
  }

  private static readonly all = new WeakMap<CfnResource, ImageReplacement>();

  private readonly rules = new Set<ImageRules>();
  private readonly granted = new Map<iam.IGrantable, Set<string>>();
  private problems: string[] = [];

  private constructor(private readonly resource: CfnResource, private readonly user: ImageUser) {
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

  /** Takes the rules of an aspect, and grants what is known so far. */
  public add(rules: ImageRules): void {
    this.rules.add(rules);
    const properties = this.user.knownProperties(this.resource);
    for (const use of this.user.uses(properties)) {
      const image = this.isExcluded(use) ? undefined : publicImage(use.image);
      const replacement = image && this.find(image);
      if (replacement) this.grantPull(this.knownRole(use, properties), replacement);
    }
  }

  private replaceAll(): void {
    this.problems = [];
    const properties = renderedProperties(this.resource);
    for (const use of this.user.uses(properties)) {
      if (!this.isExcluded(use)) this.replace(use, properties);
    }
    if (this.isEnforced()) return;
    for (const problem of this.problems) Annotations.of(this.resource).addWarningV2('cdk-ecr-mirror:MirroredImagesAspect.notMirrored', problem);
  }

  private replace(use: ImageUse, properties: Properties): void {
    const replacements: Replacement[] = [];
    const mapped = mapImages(use.image, (one) => {
      const image = publicImage(one);
      if (image === undefined) return one;
      const replacement = this.find(image);
      if (replacement) replacements.push(replacement);
      else this.problems.push(missingImage(use.user, image, this.sources(), this.resource));
      return replacement?.imageUri ?? one;
    });
    if (replacements.length === 0) return;
    this.resource.addPropertyOverride(use.path, mapped);
    for (const [path, value] of Object.entries(use.settings)) this.resource.addPropertyOverride(path, value);
    const role = this.knownRole(use, this.user.knownProperties(this.resource)) ?? this.role(use, properties);
    for (const replacement of replacements) {
      replacement.makeAvailableTo(this.resource);
      this.grantPull(role, replacement);
    }
  }

  private find({ reference }: PublicImage): Replacement | undefined {
    if (reference === undefined) return undefined;
    for (const source of this.sources()) {
      const replacement = distance(source, this.resource) === undefined ? source.find(reference) : undefined;
      if (replacement !== undefined) return replacement;
    }
    return undefined;
  }

  private knownRole(use: ImageUse, properties: Properties): iam.IGrantable | undefined {
    if (use.rolePath === undefined) return undefined;
    const arn = valueAt(properties, use.rolePath);
    return this.user.role(this.resource, use) ?? (arn === undefined ? undefined : roleOf(this.resource, use.rolePath, arn));
  }

  /** The role in the template, defined when there is none. */
  private role({ rolePath }: ImageUse, properties: Properties): iam.IGrantable | undefined {
    if (rolePath === undefined) return undefined;
    const arn = valueAt(properties, rolePath);
    if (arn !== undefined) return roleOf(this.resource, rolePath, arn);
    const role = defineExecutionRole(this.resource);
    this.resource.addPropertyOverride(rolePath, role.roleArn);
    return role;
  }

  private grantPull(role: iam.IGrantable | undefined, { permission, grantPull }: Replacement): void {
    if (role === undefined) return;
    const permissions = this.granted.get(role) ?? new Set();
    this.granted.set(role, permissions);
    if (!permissions.has(permission)) grantPull(role);
    permissions.add(permission);
  }

  private sources(): ImageSource[] {
    return [...this.rules].flatMap(({ sources }) => sources);
  }

  private isEnforced(): boolean {
    return [...this.rules].some(({ enforce }) => enforce);
  }

  private isExcluded(use: ImageUse): boolean {
    return isExcluded(this.user.container(this.resource, use) ?? this.resource) || isExcluded(this.resource);
  }
}
