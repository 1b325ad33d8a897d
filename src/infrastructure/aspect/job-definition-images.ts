import { CfnResource } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import { IConstruct } from 'constructs';
import { containerName } from './container-name';
import { ImageUse, ImageUser } from './image-use';
import { knownOf, Properties, section, sections } from './properties';

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
    ...container.Image === undefined ? [] : [useOf(container, `${start}${single}`, 'the job\'s container', `${start}${single}`)],
    ...sections(section(properties.EcsProperties).TaskProperties).flatMap((task, index) => {
      const path = `${start}EcsProperties.TaskProperties.${index}`;
      return sections(task.Containers).map((one, at) => useOf(one, `${path}.Containers.${at}`, containerName(one.Name, at), path));
    }),
    ...podUses(section(section(properties.EksProperties).PodProperties), `${start}EksProperties.PodProperties`),
  ];
}

function useOf({ Image }: Properties, path: string, user: string, holderOfRole: string): ImageUse {
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
