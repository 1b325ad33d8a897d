import { CfnResource, CustomResource, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IDependable } from 'constructs';
import { defineDeployProvider, DeployProvider, DeployProviderProps } from './deploy-provider';
import { readBuildsStatement } from './handler-roles';
import { CUSTOM_RESOURCE_PROPERTIES, CUSTOM_RESOURCE_TYPE, UNSCHEDULED_METADATA, UnscheduledRuns } from '../image/contract/custom-resource';
import { RunVariables } from '../image/contract/environment';
import { scopeInStack } from '../synthesis/environments';
import { suppressStackNames } from '../synthesis/nag-suppressions';

/**
 * The action of a deployment for new or changed images.
 */
export enum OnDeploy {
  /**
   * The deployment mirrors the images, waits for them, and fails when an image cannot be mirrored. So the images exist before
   * their consumers start.
   *
   * CloudFormation waits for at most one hour. If a first copy takes longer, the deployment fails, but the build continues.
   */
  WAIT = 'WAIT',

  /** The deployment starts the builds and does not wait for them. The builds and their events report failures. */
  START = 'START',

  /** The deployment does not mirror images, and the stack has no resources for it. The first run of the schedule makes the first copy. */
  OFF = 'OFF',
}

/** The settings for mirroring images in deployments. */
export interface DeployTriggerProps extends Omit<DeployProviderProps, 'stacks'> {
  readonly onDeploy: OnDeploy.WAIT | OnDeploy.START;
  readonly repositoryPrefix: string;
  /** The resources that must exist before a build starts, for example the role policies. */
  readonly buildsNeed: readonly IDependable[];
}

/** An image that a deployment mirrors. */
export interface ImageToDeploy {
  readonly stack: Stack;
  readonly repository: ecr.IRepository;
  /** The other resources that must exist before the image is mirrored. */
  readonly needs: readonly IDependable[];
  /** The environment variables of the build. They are read when the template is rendered. */
  readonly variables: () => RunVariables;
  /** Whether a schedule has the variables too. */
  readonly isScheduled: boolean;
}

/** When runs that deployments do not wait for can start, and whether schedules start them too. */
export interface RunsToStart {
  readonly needs: readonly IDependable[];
  readonly isScheduled: boolean;
}

/** The problem of an image or a catalog that nothing mirrors. */
export function neverMirroredProblem(name: string): string {
  return `nothing mirrors ${name}, because scheduled is false and onDeploy is OFF; remove one of the two settings, or set enabled: false`;
}

/** The custom resource of one stack, and the images that it mirrors. */
interface StackTrigger {
  readonly resource: CustomResource;
  readonly images: (() => RunVariables)[];
  /** The images that have no schedule. */
  readonly unscheduled: (() => RunVariables)[];
}

/**
 * The custom resources that mirror images in deployments: one for each stack with images of the mirror.
 *
 * A property of the custom resource contains the declarations of the images. So CloudFormation updates the resource only when an image changes.
 */
export class DeployTrigger {
  private readonly triggers = new Map<Stack, StackTrigger>();
  /** The stacks with runs that deployments do not wait for. */
  private readonly stacksOfRuns = new Set<Stack>();
  private readonly provider: DeployProvider;

  constructor(private readonly mirror: Construct, private readonly props: DeployTriggerProps) {
    const stacks = () => {
      const used = new Set([...this.triggers.keys(), ...this.stacksOfRuns]);
      // When all images are disabled, no stack has a custom resource. But a policy must name a stack.
      return used.size === 0 ? [Stack.of(mirror)] : used;
    };
    this.provider = defineDeployProvider(scopeInStack(Stack.of(mirror), mirror, 'OnDeploy'), { ...props, stacks });
  }

  /** Adds an image. Returns the construct that is complete when the image is in the mirror. */
  public add({ stack, repository, needs, variables, isScheduled }: ImageToDeploy): Construct {
    const { resource, images, unscheduled } = this.triggers.get(stack) ?? this.define(stack);
    images.push(variables);
    if (!isScheduled && unscheduled.push(variables) === 1) this.describeUnscheduled(resource, unscheduled);
    resource.node.addDependency(repository, ...needs);
    return resource;
  }

  /** Grants permission to read the builds of another project, which the builds of the mirror start. */
  public grantReadBuilds(project: codebuild.IProject): void {
    this.provider.isCompleteRole.addToPrincipalPolicy(readBuildsStatement(project));
  }

  /** The construct that is complete when the images of a stack are in the mirror; `undefined` when the stack has no images. */
  public find(stack: Stack): Construct | undefined {
    return this.triggers.get(stack)?.resource;
  }

  /** Defines a custom resource that starts runs when they are new or changed. Deployments do not wait for these runs. */
  public startRuns(scope: Construct, id: string, runs: readonly RunVariables[], { needs, isScheduled }: RunsToStart): void {
    const variables = runs.map((run) => () => run);
    const resource = this.defineResource(scope, id, OnDeploy.START, variables);
    if (!isScheduled) this.describeUnscheduled(resource, variables);
    resource.node.addDependency(...needs);
    this.stacksOfRuns.add(Stack.of(scope));
  }

  private define(stack: Stack): StackTrigger {
    const images: StackTrigger['images'] = [];
    const resource = this.defineResource(scopeInStack(stack, this.mirror, 'OnDeploy'), 'Images', this.props.onDeploy, images);
    if (stack !== Stack.of(this.mirror)) suppressStackNames(this.provider.onEventRole);
    const trigger = { resource, images, unscheduled: [] };
    this.triggers.set(stack, trigger);
    return trigger;
  }

  /** Adds metadata to a custom resource, by which commands find the images without a schedule, and their project. */
  private describeUnscheduled(resource: CustomResource, images: StackTrigger['images']): void {
    const metadata: UnscheduledRuns = {
      project: this.props.project.projectArn,
      images: Lazy.any({ produce: () => renderImages(images, Stack.of(resource)) }) as unknown as UnscheduledRuns['images'],
    };
    (resource.node.defaultChild as CfnResource).addMetadata(UNSCHEDULED_METADATA, metadata);
  }

  private defineResource(scope: Construct, id: string, onDeploy: DeployTriggerProps['onDeploy'], images: StackTrigger['images']): CustomResource {
    const resource = new CustomResource(scope, id, {
      resourceType: CUSTOM_RESOURCE_TYPE,
      serviceToken: this.provider.serviceToken,
      properties: {
        [CUSTOM_RESOURCE_PROPERTIES.IMAGES]: Lazy.any({ produce: () => renderImages(images, Stack.of(scope)) }),
        [CUSTOM_RESOURCE_PROPERTIES.REPOSITORY_PREFIX]: this.props.repositoryPrefix,
        [CUSTOM_RESOURCE_PROPERTIES.ON_DEPLOY]: onDeploy,
      },
    });
    resource.node.addDependency(...this.props.buildsNeed);
    return resource;
  }
}

/** Renders the images in sorted order, because a changed order would update the custom resource. */
function renderImages(images: readonly (() => RunVariables)[], stack: Stack): RunVariables[] {
  const entries = images.map((variables) => Object.fromEntries(Object.entries(variables()).filter(([, value]) => value !== undefined)));
  const keyed = entries.map((entry) => ({ entry, key: JSON.stringify(stack.resolve(entry)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ entry }) => entry);
}
