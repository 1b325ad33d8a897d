import { CfnResource } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { containerName } from './container-name';
import { ImageUse, ImageUser } from './image-use';
import { knownOf, Properties, sections } from './properties';

/** The images of an Amazon ECS task definition: those of all its containers, whatever they are for. */
export const taskDefinitionImages: ImageUser = {
  uses: ({ ContainerDefinitions }) => sections(ContainerDefinitions).map(useOf),

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

function useOf({ Name, Image }: Properties, index: number): ImageUse {
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
