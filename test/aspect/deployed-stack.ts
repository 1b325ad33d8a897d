import { CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Dependable, IConstruct } from 'constructs';
import { TemplateResolver } from '../support/template-resolver';

/** The account's registry as `TemplateResolver` deploys it. */
export const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

const WARNING_ID = 'cdk-ecr-mirror:MirroredImagesAspect.notMirrored';

interface Definition {
  readonly Type: string;
  readonly Properties: Record<string, any>;
  readonly DependsOn?: string[];
}

/** A stack as CloudFormation would deploy it. */
export class DeployedStack {
  public readonly resolver: TemplateResolver;
  private readonly template: { readonly Resources: Record<string, Definition> };

  /** @param exporters the stacks whose exports it imports */
  constructor(private readonly stack: Stack, ...exporters: Stack[]) {
    this.template = Template.fromStack(stack).toJSON() as any;
    const others = exporters.map((one) => new TemplateResolver(Template.fromStack(one).toJSON()));
    this.resolver = new TemplateResolver(this.template, undefined, others);
  }

  /** The resolved properties of the only resource of a type. */
  public only(type: string): Record<string, any> {
    const ids = this.resolver.ids(type);
    if (ids.length !== 1) throw new Error(`there are ${ids.length} resources of the type ${type}`);
    return this.resolver.properties(ids[0]);
  }

  /** The properties of all resources of a type as the template has them, by logical id. */
  public definitions(type: string): Record<string, Record<string, any>> {
    return Object.fromEntries(this.resolver.ids(type).map((id) => [id, this.template.Resources[id].Properties]));
  }

  /** The image of each container of the only task definition, by the container's name. */
  public images(): Record<string, string> {
    const containers: { Name: string; Image: string }[] = this.only('AWS::ECS::TaskDefinition').ContainerDefinitions;
    return Object.fromEntries(containers.map(({ Name, Image }) => [Name, Image]));
  }

  /** The warnings about public images, in the order of the tree, each with the path of its construct. */
  public warnings(): string[] {
    return Annotations.fromStack(this.stack).findWarning('*', Match.stringLikeRegexp(WARNING_ID))
      .map(({ id, entry }) => `${id}: ${String(entry.data)}`)
      .map((warning) => warning.replace(` [ack: ${WARNING_ID}]`, ''));
  }

  /** Whether the first resource of a type waits for everything that something stands for. */
  public waits(type: string, target: IConstruct): boolean {
    const [id] = this.resolver.ids(type);
    const waitsFor = this.template.Resources[id].DependsOn ?? [];
    const roots = Dependable.of(target).dependencyRoots.flatMap((root) => root.node.findAll());
    const needed = roots.filter(CfnResource.isCfnResource).map((resource) => this.stack.resolve(resource.logicalId) as string);
    return needed.length > 0 && needed.every((one) => waitsFor.includes(one));
  }
}
