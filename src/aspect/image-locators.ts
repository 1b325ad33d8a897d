import { CfnResource, Token } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { asProperties, asPropertiesList, ImageLocator, ImageUse, literalProperties, Properties } from './image-use';
import { quote } from '../image/sanitize';

/** Images that AWS CodeBuild manages. Their names look like names of images on Docker Hub. */
const MANAGED_IMAGE = /^aws\/codebuild\//;

/** The image of a CodeBuild project's environment. */
export const buildProjectImages: ImageLocator = {
  uses: ({ Environment }) => {
    const { Image: image } = asProperties(Environment);
    if (typeof image === 'string' && MANAGED_IMAGE.test(image)) return [];
    return [{
      description: 'the build environment',
      path: 'Environment.Image',
      image,
      overrides: {
        'Environment.ImagePullCredentialsType': codebuild.ImagePullPrincipalType.SERVICE_ROLE,
        'Environment.RegistryCredential': undefined,
      },
      rolePath: 'ServiceRole',
    }];
  },

  knownProperties: (resource) => {
    if (!(resource instanceof codebuild.CfnProject)) return {};
    const { environment, serviceRole } = resource;
    return literalProperties({ environment, serviceRole });
  },

  role: ({ node: { scope } }) => scope instanceof codebuild.Project ? scope : undefined,

  container: () => undefined,
};

/** A container in messages: its name, or its position if the name is not known. */
function describeContainer(name: unknown, index: number): string {
  return typeof name === 'string' && !Token.isUnresolved(name) ? `the container ${quote(name)}` : `container ${index + 1}`;
}

/** The path of a node range, with its index. */
const NODE_RANGE = /^NodeProperties\.NodeRangeProperties\.(\d+)\./;

/** The images of an AWS Batch job definition: in its container, in the containers of its tasks or pods, or in each node range. */
export const jobDefinitionImages: ImageLocator = {
  uses: (properties) => [
    ...jobUses(properties, 'ContainerProperties', ''),
    ...asPropertiesList(asProperties(properties.NodeProperties).NodeRangeProperties)
      .flatMap((range, index) => jobUses(range, 'Container', `NodeProperties.NodeRangeProperties.${index}.`)),
  ],

  knownProperties: (resource) => {
    if (!(resource instanceof batch.CfnJobDefinition)) return {};
    const { containerProperties, ecsProperties, eksProperties, nodeProperties } = resource;
    return literalProperties({ containerProperties, ecsProperties, eksProperties, nodeProperties });
  },

  role: (resource, { path, rolePath }) => rolePath === undefined ? undefined : ecsContainer(resource, path)?.executionRole,

  container: (resource, { path }) => {
    const { scope } = resource.node;
    return scope instanceof batch.EksJobDefinition ? scope.container : ecsContainer(resource, path);
  },
};

function jobUses(properties: Properties, containerProperty: string, prefix: string): ImageUse[] {
  const container = asProperties(properties[containerProperty]);
  const path = `${prefix}${containerProperty}`;
  return [
    ...container.Image === undefined ? [] : [jobContainerUse(container, path, 'the job\'s container', path)],
    ...asPropertiesList(asProperties(properties.EcsProperties).TaskProperties)
      .flatMap((task, index) => jobTaskUses(task, `${prefix}EcsProperties.TaskProperties.${index}`)),
    ...podUses(asProperties(asProperties(properties.EksProperties).PodProperties), `${prefix}EksProperties.PodProperties`),
  ];
}

function jobTaskUses({ Containers }: Properties, path: string): ImageUse[] {
  return asPropertiesList(Containers)
    .map((container, index) => jobContainerUse(container, `${path}.Containers.${index}`, describeContainer(container.Name, index), path));
}

function jobContainerUse({ Image }: Properties, path: string, description: string, roleOwnerPath: string): ImageUse {
  const overrides = { [`${path}.RepositoryCredentials`]: undefined };
  return { description, path: `${path}.Image`, image: Image, overrides, rolePath: `${roleOwnerPath}.ExecutionRoleArn` };
}

/** Pods have no role that pulls: the kubelet of the node pulls their images. */
function podUses(pod: Properties, path: string): ImageUse[] {
  return ['InitContainers', 'Containers'].flatMap((list) => asPropertiesList(pod[list]).map(({ Name, Image }, index) => (
    { description: describeContainer(Name, index), path: `${path}.${list}.${index}.Image`, image: Image, overrides: {} }
  )));
}

function ecsContainer({ node: { scope } }: CfnResource, path: string): (batch.IEcsContainerDefinition & IConstruct) | undefined {
  if (scope instanceof batch.EcsJobDefinition) return scope.container;
  const range = NODE_RANGE.exec(path)?.[1];
  return scope instanceof batch.MultiNodeJobDefinition && range !== undefined ? scope.containers[Number(range)]?.container : undefined;
}

/** The images of an Amazon ECS task definition: those of all its containers, sidecars included. */
export const taskDefinitionImages: ImageLocator = {
  uses: ({ ContainerDefinitions }) => asPropertiesList(ContainerDefinitions).map(taskContainerUse),

  knownProperties: (resource) => {
    const definition = taskDefinitionOf(resource);
    if (definition !== undefined) return { ContainerDefinitions: containersOf(definition) };
    if (!(resource instanceof ecs.CfnTaskDefinition)) return {};
    const { containerDefinitions, executionRoleArn } = resource;
    return literalProperties({ containerDefinitions, executionRoleArn });
  },

  // Amazon ECS pulls with the execution role on all launch types. On EC2, it pulls with the instance role only if there is no execution role.
  role: (resource) => taskDefinitionOf(resource)?.obtainExecutionRole(),

  container: (resource, { name }) => name === undefined ? undefined : taskDefinitionOf(resource)?.findContainer(name),
};

function taskContainerUse({ Name, Image, VersionConsistency }: Properties, index: number): ImageUse {
  const path = `ContainerDefinitions.${index}`;
  return {
    description: describeContainer(Name, index),
    name: typeof Name === 'string' ? Name : undefined,
    path: `${path}.Image`,
    image: Image,
    overrides: { [`${path}.RepositoryCredentials`]: undefined },
    pinsDigest: VersionConsistency !== ecs.VersionConsistency.DISABLED,
    rolePath: 'ExecutionRoleArn',
  };
}

function taskDefinitionOf(resource: CfnResource): ecs.TaskDefinition | undefined {
  const { scope } = resource.node;
  return scope instanceof ecs.TaskDefinition && scope.node.defaultChild === resource ? scope : undefined;
}

function containersOf(definition: ecs.TaskDefinition): Properties[] {
  return definition.node.findAll()
    .filter((child) => child instanceof ecs.ContainerDefinition)
    .map((container) => ({ Name: container.containerName, Image: container.imageName }));
}
