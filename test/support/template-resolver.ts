/**
 * Resolves a synthesized template as CloudFormation would when it deploys, as far as the templates of this library need it.
 */

/** Where the template is deployed. */
export interface Deployment {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly urlSuffix: string;
}

export const COMMERCIAL: Deployment = { partition: 'aws', account: '111122223333', region: 'eu-west-1', urlSuffix: 'amazonaws.com' };

/** The name of the stack that a template is deployed as. */
const STACK_NAME = 'DeployedStack';

/** The id of a stack, which ends in a part that CloudFormation makes up. */
export function stackId({ partition, region, account }: Deployment, name: string): string {
  return `arn:${partition}:cloudformation:${region}:${account}:stack/${name}/00000000-0000-4000-8000-000000000000`;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
}

/** A template as `Template.toJSON()` returns it. */
export interface TemplateJson {
  readonly Resources?: Record<string, Resource>;
  readonly Outputs?: Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>;
}

/** The service and the form of the resource in the ARN of each type; `NAME` stands for the physical name. */
const ARN_FORMS: Record<string, readonly [service: string, resource: string, scope?: 'global' | 'every account']> = {
  'AWS::CloudWatch::Alarm': ['cloudwatch', 'alarm:NAME'],
  'AWS::CodeBuild::Project': ['codebuild', 'project/NAME'],
  'AWS::ECR::Repository': ['ecr', 'repository/NAME'],
  'AWS::Events::EventBus': ['events', 'event-bus/NAME'],
  'AWS::IAM::Role': ['iam', 'role/NAME', 'global'],
  'AWS::KMS::Key': ['kms', 'key/NAME'],
  'AWS::Lambda::Function': ['lambda', 'function:NAME'],
  'AWS::Logs::LogGroup': ['logs', 'log-group:NAME:*'],
  'AWS::S3::Bucket': ['s3', 'NAME', 'every account'],
  'AWS::Scheduler::ScheduleGroup': ['scheduler', 'schedule-group/NAME'],
  'AWS::SecretsManager::Secret': ['secretsmanager', 'secret:NAME-AbCdEf'],
  'AWS::SNS::Topic': ['sns', 'NAME'],
  'AWS::SQS::Queue': ['sqs', 'NAME'],
  'AWS::StepFunctions::StateMachine': ['states', 'stateMachine:NAME'],
};

/** Types whose `Ref` is their ARN. */
const REF_IS_ARN = ['AWS::SecretsManager::Secret', 'AWS::SNS::Topic', 'AWS::StepFunctions::StateMachine'];

const NAME_PROPERTIES = ['Name', 'RepositoryName', 'LogGroupName', 'QueueName', 'RoleName', 'FunctionName'];

export class TemplateResolver {
  private readonly pseudoParameters: Record<string, string>;

  /** @param exporters the templates whose exports this one imports */
  constructor(
    private readonly template: TemplateJson,
    private readonly deployment: Deployment = COMMERCIAL,
    private readonly exporters: readonly TemplateResolver[] = [],
  ) {
    this.pseudoParameters = {
      'AWS::Partition': deployment.partition,
      'AWS::AccountId': deployment.account,
      'AWS::Region': deployment.region,
      'AWS::URLSuffix': deployment.urlSuffix,
      'AWS::StackId': stackId(deployment, STACK_NAME),
      'AWS::StackName': STACK_NAME,
    };
  }

  /** The value with all its intrinsic functions replaced. */
  public resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [name, argument] = entries.length === 1 ? entries[0] : [''];
    if (name === 'Ref' || name.startsWith('Fn::')) return this.resolveIntrinsic(name, argument);
    return Object.fromEntries(entries.map(([key, child]) => [key, this.resolve(child)]));
  }

  /** The ARN of the resource with this logical id. */
  public arn(logicalId: string): string {
    const form = ARN_FORMS[this.resource(logicalId).Type];
    if (form === undefined) throw new Error(`the resolver knows no ARN of ${this.resource(logicalId).Type}`);
    const [service, resource, scope] = form;
    const { partition, region, account } = this.deployment;
    return `arn:${partition}:${service}:${scope ? '' : region}:${scope === 'every account' ? '' : account}:${resource.replace('NAME', this.name(logicalId))}`;
  }

  /** The logical ids of all resources of a type. */
  public ids(type: string): string[] {
    return Object.entries(this.template.Resources ?? {}).filter(([, resource]) => resource.Type === type).map(([id]) => id);
  }

  /** The resolved properties of a resource. */
  public properties(logicalId: string): Record<string, any> {
    return this.resolve(this.resource(logicalId).Properties ?? {}) as Record<string, any>;
  }

  private resolveIntrinsic(name: string, argument: unknown): unknown {
    switch (name) {
      case 'Ref': return this.ref(String(argument));
      case 'Fn::GetAtt': return this.attribute(argument as [string, string]);
      case 'Fn::Join': return this.join(argument as [string, unknown[]]);
      case 'Fn::Sub': return String(argument).replace(/\$\{([^}]+)\}/g, (_, id: string) => this.ref(id));
      case 'Fn::Split': return String(this.resolve((argument as unknown[])[1])).split(String((argument as unknown[])[0]));
      case 'Fn::Select': return (this.resolve((argument as unknown[])[1]) as unknown[])[Number((argument as unknown[])[0])];
      case 'Fn::GetAZs': return ['a', 'b', 'c'].map((zone) => `${this.deployment.region}${zone}`);
      case 'Fn::ImportValue': return this.imported(String(argument));
      default: throw new Error(`the resolver does not know ${name}`);
    }
  }

  private ref(id: string): string {
    const pseudo = this.pseudoParameters[id];
    if (pseudo !== undefined) return pseudo;
    return REF_IS_ARN.includes(this.resource(id).Type) ? this.arn(id) : this.name(id);
  }

  private attribute([id, attribute]: [string, string]): string {
    return attribute === 'Arn' ? this.arn(id) : `${id}.${attribute}`;
  }

  private join([delimiter, parts]: [string, unknown[]]): string {
    return (this.resolve(parts) as unknown[]).join(delimiter);
  }

  private imported(exportName: string): unknown {
    for (const exporter of this.exporters) {
      const output = Object.values(exporter.template.Outputs ?? {}).find((one) => one.Export?.Name === exportName);
      if (output !== undefined) return exporter.resolve(output.Value);
    }
    throw new Error(`no template exports ${exportName}`);
  }

  private name(logicalId: string): string {
    const properties = this.resource(logicalId).Properties ?? {};
    const given = NAME_PROPERTIES.map((property) => properties[property]).find((value) => value !== undefined);
    return given === undefined ? `${logicalId}-1A2B3C` : String(this.resolve(given));
  }

  private resource(logicalId: string): Resource {
    const resource = this.template.Resources?.[logicalId];
    if (resource === undefined) throw new Error(`the template has no resource ${logicalId}`);
    return resource;
  }
}
