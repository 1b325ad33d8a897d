import { CfnResource, Token } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { ImageUse, ImageUser, knownOf, Properties, section, sections } from './image-use';
import { quote } from '../image/image-reference';

/** Images that CodeBuild keeps on its own hosts. They look like images of Docker Hub. */
const CURATED = /^aws\/codebuild\//;

/** The image of a CodeBuild project's environment. */
export const buildProjectImages: ImageUser = {
  uses: ({ Environment }) => {
    const { Image: image } = section(Environment);
    if (typeof image === 'string' && CURATED.test(image)) return [];
    return [{
      user: 'the build environment',
      path: 'Environment.Image',
      image,
      settings: { 'Environment.ImagePullCredentialsType': codebuild.ImagePullPrincipalType.SERVICE_ROLE, 'Environment.RegistryCredential': undefined },
      rolePath: 'ServiceRole',
    }];
  },

  knownProperties: (resource) => {
    if (!(resource instanceof codebuild.CfnProject)) return {};
    const { environment, serviceRole } = resource;
    return knownOf({ environment, serviceRole }) as Properties;
  },

  role: ({ node: { scope } }) => scope instanceof codebuild.Project ? scope : undefined,

  container: () => undefined,
};

/** A container as messages name it: by its name, or by its place where that is not known. */
export function containerName(name: unknown, index: number = 0): string {
  return typeof name === 'string' && !Token.isUnresolved(name) ? `the container ${quote(name)}` : `container ${index + 1}`;
}

/** The path of a range of nodes: its index. */
const NODE_RANGE = /^NodeProperties\.NodeRangeProperties\.(\d+)\./;

/** The images of an AWS Batch job definition: of its container, of its tasks' containers, of its pods, or of each range of its nodes. */
export const jobDefinitionImages: ImageUser = {
  uses: (properties) => [
    ...usesOf(properties, 'ContainerProperties', ''),
    ...sections(section(properties.NodeProperties).NodeRangeProperties)
      .flatMap((range, index) => usesOf(range, 'Container', `NodeProperties.NodeRangeProperties.${index}.`)),
  ],

  knownProperties: (resource) => {
    if (!(resource instanceof batch.CfnJobDefinition)) return {};
    const { containerProperties, ecsProperties, eksProperties, nodeProperties } = resource;
    return knownOf({ containerProperties, ecsProperties, eksProperties, nodeProperties }) as Properties;
  },

  role: (resource, { path, rolePath }) => rolePath === undefined ? undefined : ecsContainer(resource, path)?.executionRole,

  container: (resource, { path }) => {
    const { scope } = resource.node;
    return scope instanceof batch.EksJobDefinition ? scope.container : ecsContainer(resource, path);
  },
};

function usesOf(properties: Properties, single: string, start: string): ImageUse[] {
  const container = section(properties[single]);
  return [
    ...container.Image === undefined ? [] : [jobContainerUse(container, `${start}${single}`, 'the job\'s container', `${start}${single}`)],
    ...sections(section(properties.EcsProperties).TaskProperties).flatMap((task, index) => {
      const path = `${start}EcsProperties.TaskProperties.${index}`;
      return sections(task.Containers).map((one, at) => jobContainerUse(one, `${path}.Containers.${at}`, containerName(one.Name, at), path));
    }),
    ...podUses(section(section(properties.EksProperties).PodProperties), `${start}EksProperties.PodProperties`),
  ];
}

function jobContainerUse({ Image }: Properties, path: string, user: string, holderOfRole: string): ImageUse {
  return { user, path: `${path}.Image`, image: Image, settings: { [`${path}.RepositoryCredentials`]: undefined }, rolePath: `${holderOfRole}.ExecutionRoleArn` };
}

/** Pods have no role to pull with: the kubelet of the node pulls. */
function podUses(pod: Properties, path: string): ImageUse[] {
  return ['InitContainers', 'Containers'].flatMap((list) => sections(pod[list])
    .map((one, index) => ({ user: containerName(one.Name, index), path: `${path}.${list}.${index}.Image`, image: one.Image, settings: {} })));
}

function ecsContainer({ node: { scope } }: CfnResource, path: string): (batch.IEcsContainerDefinition & IConstruct) | undefined {
  if (scope instanceof batch.EcsJobDefinition) return scope.container;
  const range = NODE_RANGE.exec(path)?.[1];
  return scope instanceof batch.MultiNodeJobDefinition && range !== undefined ? scope.containers[Number(range)]?.container : undefined;
}

/** The images of an Amazon ECS task definition: those of all its containers, whatever they are for. */
export const taskDefinitionImages: ImageUser = {
  uses: ({ ContainerDefinitions }) => sections(ContainerDefinitions).map(taskContainerUse),

  knownProperties: (resource) => {
    const definition = taskDefinitionAround(resource);
    if (definition !== undefined) return { ContainerDefinitions: containersOf(definition) };
    if (!(resource instanceof ecs.CfnTaskDefinition)) return {};
    const { containerDefinitions, executionRoleArn } = resource;
    return knownOf({ containerDefinitions, executionRoleArn }) as Properties;
  },

  // Amazon ECS pulls with the execution role on every launch type; on EC2 the role of the instance would do it only without one.
  role: (resource) => taskDefinitionAround(resource)?.obtainExecutionRole(),

  container: (resource, { name }) => name === undefined ? undefined : taskDefinitionAround(resource)?.findContainer(name),
};

function taskContainerUse({ Name, Image }: Properties, index: number): ImageUse {
  const path = `ContainerDefinitions.${index}`;
  return {
    user: containerName(Name, index),
    name: typeof Name === 'string' ? Name : undefined,
    path: `${path}.Image`,
    image: Image,
    settings: { [`${path}.RepositoryCredentials`]: undefined },
    rolePath: 'ExecutionRoleArn',
  };
}

function taskDefinitionAround(resource: CfnResource): ecs.TaskDefinition | undefined {
  const { scope } = resource.node;
  return scope instanceof ecs.TaskDefinition && scope.node.defaultChild === resource ? scope : undefined;
}

function containersOf(definition: ecs.TaskDefinition): Properties[] {
  return definition.node.findAll()
    .filter((child) => child instanceof ecs.ContainerDefinition)
    .map((container) => ({ Name: container.containerName, Image: container.imageName }));
}
