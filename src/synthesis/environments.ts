import { createHash } from 'node:crypto';
import { CfnResource, Stack, Stage, Token, TokenComparison } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { quote } from '../image/sanitize';

/** Whether two accounts, or two Regions, are known to be different. A token is not known to differ from anything. */
export function isDifferent(one: string, other: string): boolean {
  return Token.compareStrings(one, other) === TokenComparison.DIFFERENT;
}

/**
 * The part of the environment that is not known to be the same for two stacks; `undefined` when both stacks are in the same account and Region.
 *
 * Two environment-agnostic stacks of one stage are deployed with the same credentials, so they count as the same environment.
 */
export function otherEnvironmentPart(one: Stack, other: Stack): 'account' | 'Region' | undefined {
  if (outermostStack(one) === outermostStack(other)) return undefined;
  const isSame = (part: 'account' | 'region') => {
    const comparison = Token.compareStrings(one[part], other[part]);
    return comparison === TokenComparison.SAME || (comparison === TokenComparison.BOTH_UNRESOLVED && Stage.of(one) === Stage.of(other));
  };
  if (!isSame('account')) return 'account';
  return isSame('region') ? undefined : 'Region';
}

/** The host of the ECR registry in the account and Region of a stack. */
export function registryHost({ account, region, urlSuffix }: Pick<Stack, 'account' | 'region' | 'urlSuffix'>): string {
  return `${account}.dkr.ecr.${region}.${urlSuffix}`;
}

/** Whether two stacks are in the same account and Region, and so use the same ECR registry. */
export function isSameEnvironment(one: Stack, other: Stack): boolean {
  return otherEnvironmentPart(one, other) === undefined;
}

/**
 * Requires that a construct is in the stage of the mirror, or of the image, that it uses. The CDK deploys stages independently, so it allows no
 * references and no dependencies between them.
 *
 * @throws Error that names both constructs, and the ways to use a mirror of another stage
 */
export function requireSameStage(user: IConstruct, owner: IConstruct): void {
  if (Stage.of(user) === Stage.of(owner) && user.node.root === owner.node.root) return;
  throw new Error(`${quote(user.node.path)} uses ${quote(owner.node.path)}, which is in another stage or app, and the CDK allows no references `
    + 'between them; import the mirror in the stack that uses it: ImageMirror.fromImageMirrorAttributes() or ImageMirror.fromLookup()');
}

/**
 * Requires that a construct is not in another stage, account, or Region than its mirror. A schedule starts builds only in its own account and Region,
 * and builds push to their own registry.
 *
 * @param remedy what to do instead in another account or Region
 * @throws Error that names both environments
 */
export function requireSameEnvironment(construct: Construct, mirror: Construct, remedy: string): void {
  requireSameStage(construct, mirror);
  const [own, mirrorStack] = [Stack.of(construct), Stack.of(mirror)];
  for (const [part, name] of [['account', 'account'], ['region', 'Region']] as const) {
    if (isDifferent(own[part], mirrorStack[part])) {
      throw new Error(`the stack ${quote(own.node.path)} is in the ${name} ${quote(own[part])}, `
        + `but its mirror is in ${quote(mirrorStack[part])}; ${remedy}`);
    }
  }
}

/**
 * Validates a resource that an account has once in each Region. Returns the problems.
 *
 * @param noun the kind of resource
 * @param remedy how to merge several resources into one
 */
export function singletonProblems(resource: CfnResource, noun: string, remedy: string): string[] {
  return resource.node.root.node.findAll()
    .filter((node) => CfnResource.isCfnResource(node) && node !== resource && node.cfnResourceType === resource.cfnResourceType)
    .filter((other) => isSameEnvironment(Stack.of(resource), Stack.of(other)))
    .map((other) => `an account has one ${noun} in each Region, but ${quote(other.node.path)} defines another, which would replace this one or be `
      + `replaced; ${remedy}, or set the env of the stacks if they are deployed to different accounts or Regions`);
}

/** The top-level stack that a nested stack is deployed with. */
export function outermostStack(stack: Stack): Stack {
  return stack.nestedStackParent === undefined ? stack : outermostStack(stack.nestedStackParent);
}

/** The name of a stack, or a pattern for a nested stack, because CloudFormation generates its name from the name of the top-level stack. */
export function stackNamePattern(stack: Stack): string {
  return stack.nestedStackParent === undefined ? stack.stackName : `${outermostStack(stack).stackName}-*`;
}

/** The constructs from the stage of a construct, or from the app, to the construct. The stage and the app are not included. */
function scopesInStage(construct: IConstruct): IConstruct[] {
  const { scopes } = construct.node;
  const stage = Stage.of(construct);
  return stage === undefined ? scopes : scopes.slice(scopes.indexOf(stage) + 1);
}

/**
 * The path of a construct from its stage, or from the app if it is in no stage.
 *
 * The path does not change when the app moves into a stage or a pipeline. So logical ids that depend on it stay the same.
 */
export function pathInStage(construct: IConstruct): string {
  return scopesInStage(construct).map(({ node }) => node.id).filter((id) => id !== '').join('/');
}

/** The address of a construct in its stage. In an app without stages, it is the address that `node.addr` has. */
export function addressInStage(construct: IConstruct): string {
  const ids = ['', ...scopesInStage(construct).map(({ node }) => node.id)].filter((id) => id !== 'Default');
  return createHash('sha1').update(ids.map((id) => `${id}\n`).join('')).digest('hex');
}

/**
 * The construct that holds the resources of a mirror in a stack. It is below the mirror in the mirror's own stack, and below the stack elsewhere.
 *
 * Its path depends only on the path of the mirror in its stage, so the logical ids of the resources do not depend on the images.
 */
export function scopeInStack(stack: Stack, mirror: Construct, id: string): Construct {
  const parent = stack === Stack.of(mirror) ? mirror : stack;
  const childId = parent === mirror ? id : `${pathInStage(mirror).replace(/\//g, ':')}:${id}`;
  return (parent.node.tryFindChild(childId) as Construct | undefined) ?? new Construct(parent, childId);
}
