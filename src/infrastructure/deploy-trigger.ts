import { CustomResource, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IDependable } from 'constructs';
import { suppressStackNames } from './check-suppressions';
import { defineDeployProvider, DeployProvider, DeployProviderProps } from './deploy-provider';
import { scopeIn } from './scope-in-stack';
import { CUSTOM_RESOURCE_PROPERTIES, CUSTOM_RESOURCE_TYPE } from '../image/custom-resource';
import { RunVariables } from '../image/environment';
import { OnDeploy } from '../on-deploy';

/** How images are mirrored when they are deployed. */
export interface DeployTriggerProps extends Omit<DeployProviderProps, 'stacks'> {
  readonly onDeploy: OnDeploy.WAIT | OnDeploy.START;
  readonly repositoryPrefix: string;
  /** What a build needs besides the project, such as the policies of its role. */
  readonly buildsNeed: readonly IDependable[];
}

/** An image to mirror when it is deployed. */
export interface DeployedImage {
  readonly stack: Stack;
  readonly repository: ecr.IRepository;
  /** Asked when the template is rendered. */
  readonly variables: () => RunVariables;
}

/** The custom resource of one stack, and the images that it mirrors. */
interface StackTrigger {
  readonly resource: CustomResource;
  readonly images: (() => RunVariables)[];
}

/**
 * The custom resources that mirror a mirror's images when they are deployed: one for each stack that defines images.
 *
 * Their property is the declarations of the images, so that CloudFormation updates them when one changes, and at no other time.
 */
export class DeployTrigger {
  private readonly triggers = new Map<Stack, StackTrigger>();
  private readonly provider: DeployProvider;

  constructor(private readonly mirror: Construct, private readonly props: DeployTriggerProps) {
    const stacks = () => this.triggers.keys();
    this.provider = defineDeployProvider(scopeIn(Stack.of(mirror), mirror, 'OnDeploy'), { ...props, stacks });
  }

  /** Mirrors one more image; returns what is done when the image is there. */
  public add({ stack, repository, variables }: DeployedImage): Construct {
    const { resource, images } = this.triggers.get(stack) ?? this.define(stack);
    images.push(variables);
    resource.node.addDependency(repository);
    return resource;
  }

  private define(stack: Stack): StackTrigger {
    const images: StackTrigger['images'] = [];
    const resource = new CustomResource(scopeIn(stack, this.mirror, 'OnDeploy'), 'Images', {
      resourceType: CUSTOM_RESOURCE_TYPE,
      serviceToken: this.provider.serviceToken,
      properties: {
        [CUSTOM_RESOURCE_PROPERTIES.IMAGES]: Lazy.any({ produce: () => rendered(images, stack) }),
        [CUSTOM_RESOURCE_PROPERTIES.REPOSITORY_PREFIX]: this.props.repositoryPrefix,
        [CUSTOM_RESOURCE_PROPERTIES.ON_DEPLOY]: this.props.onDeploy,
      },
    });
    resource.node.addDependency(...this.props.buildsNeed);
    if (stack !== Stack.of(this.mirror)) suppressStackNames(this.provider.onEventRole);
    const trigger = { resource, images };
    this.triggers.set(stack, trigger);
    return trigger;
  }
}

/** Sorted, for the order of definition is none of CloudFormation's business. */
function rendered(images: readonly (() => RunVariables)[], stack: Stack): RunVariables[] {
  const entries = images.map((variables) => Object.fromEntries(Object.entries(variables()).filter(([, value]) => value !== undefined)));
  const keyed = entries.map((entry) => ({ entry, key: JSON.stringify(stack.resolve(entry)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ entry }) => entry);
}
