import { CustomResource, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IDependable } from 'constructs';
import { defineDeployProvider, DeployProvider, DeployProviderProps } from './deploy-provider';
import { readBuildsStatement } from './handler-roles';
import { CUSTOM_RESOURCE_PROPERTIES, CUSTOM_RESOURCE_TYPE } from '../image/contract/custom-resource';
import { RunVariables } from '../image/contract/environment';
import { scopeInStack } from '../synthesis/environments';
import { suppressStackNames } from '../synthesis/nag-suppressions';

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

/** How images are mirrored when they are deployed. */
export interface DeployTriggerProps extends Omit<DeployProviderProps, 'stacks'> {
  readonly onDeploy: OnDeploy.WAIT | OnDeploy.START;
  readonly repositoryPrefix: string;
  /** What a build needs besides the project, such as the policies of its role. */
  readonly buildsNeed: readonly IDependable[];
}

/** An image to mirror when it is deployed. */
export interface ImageToDeploy {
  readonly stack: Stack;
  readonly repository: ecr.IRepository;
  /** What it needs besides. */
  readonly needs: readonly IDependable[];
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
  /** The stacks that have runs which nobody waits for. */
  private readonly starters = new Set<Stack>();
  private readonly provider: DeployProvider;

  constructor(private readonly mirror: Construct, private readonly props: DeployTriggerProps) {
    const stacks = () => new Set([...this.triggers.keys(), ...this.starters]);
    this.provider = defineDeployProvider(scopeInStack(Stack.of(mirror), mirror, 'OnDeploy'), { ...props, stacks });
  }

  /** Mirrors one more image; returns what is done when the image is there. */
  public add({ stack, repository, needs, variables }: ImageToDeploy): Construct {
    const { resource, images } = this.triggers.get(stack) ?? this.define(stack);
    images.push(variables);
    resource.node.addDependency(repository, ...needs);
    return resource;
  }

  /** Waits for builds of another project too, which the mirror's builds start. */
  public follow(project: codebuild.IProject): void {
    this.provider.isCompleteRole.addToPrincipalPolicy(readBuildsStatement(project));
  }

  /** What is done when the images of a stack are there; undefined when it has none. */
  public find(stack: Stack): Construct | undefined {
    return this.triggers.get(stack)?.resource;
  }

  /** Starts runs that nobody waits for, when they are deployed and when one of them is declared anew. */
  public start(scope: Construct, id: string, runs: readonly RunVariables[], needs: readonly IDependable[]): void {
    const resource = this.defineResource(scope, id, OnDeploy.START, runs.map((run) => () => run));
    resource.node.addDependency(...needs);
    this.starters.add(Stack.of(scope));
  }

  private define(stack: Stack): StackTrigger {
    const images: StackTrigger['images'] = [];
    const resource = this.defineResource(scopeInStack(stack, this.mirror, 'OnDeploy'), 'Images', this.props.onDeploy, images);
    if (stack !== Stack.of(this.mirror)) suppressStackNames(this.provider.onEventRole);
    const trigger = { resource, images };
    this.triggers.set(stack, trigger);
    return trigger;
  }

  private defineResource(scope: Construct, id: string, onDeploy: DeployTriggerProps['onDeploy'], images: StackTrigger['images']): CustomResource {
    const resource = new CustomResource(scope, id, {
      resourceType: CUSTOM_RESOURCE_TYPE,
      serviceToken: this.provider.serviceToken,
      properties: {
        [CUSTOM_RESOURCE_PROPERTIES.IMAGES]: Lazy.any({ produce: () => rendered(images, Stack.of(scope)) }),
        [CUSTOM_RESOURCE_PROPERTIES.REPOSITORY_PREFIX]: this.props.repositoryPrefix,
        [CUSTOM_RESOURCE_PROPERTIES.ON_DEPLOY]: onDeploy,
      },
    });
    resource.node.addDependency(...this.props.buildsNeed);
    return resource;
  }
}

/** Sorted, for the order of definition is none of CloudFormation's business. */
function rendered(images: readonly (() => RunVariables)[], stack: Stack): RunVariables[] {
  const entries = images.map((variables) => Object.fromEntries(Object.entries(variables()).filter(([, value]) => value !== undefined)));
  const keyed = entries.map((entry) => ({ entry, key: JSON.stringify(stack.resolve(entry)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ entry }) => entry);
}
