/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

/** A template, as far as it tells of mirrors. */
export interface StackTemplate {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>>;
}

/** What a template refers to in place of a value: one of these fields is there, unless it is another function. */
export interface TemplateToken {
  readonly 'Ref'?: string;
  readonly 'Fn::GetAtt'?: readonly [id: string, attribute: string];
  readonly 'Fn::ImportValue'?: unknown;
}

/** What a token stands for; undefined for one whose value is not known. */
export type TokenValues = (token: TemplateToken) => string | undefined;

/** A run that a schedule starts. */
export interface ScheduledRun {
  /** The ARN of the project, or the token that stands for it. */
  readonly project: unknown;
  /** The variables that the schedule sets; none where its input cannot be read. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A text of a template with its tokens replaced; undefined where the value of one is not known. */
export function resolveText(value: unknown, values: TokenValues): string | undefined {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, 'Fn::Sub': template } = Object(value) as { 'Fn::Join'?: [string, unknown[]]; 'Fn::Sub'?: unknown };
  if (typeof template === 'string') return resolveText({ 'Fn::Join': ['', partsOf(template)] }, values);
  if (join === undefined) return values(Object(value) as TemplateToken);
  const parts = join[1].map((part) => resolveText(part, values));
  return parts.every((part) => part !== undefined) ? parts.join(join[0]) : undefined;
}

/** What a text is made of in which names in braces stand for something: `assets-${AWS::Region}`. */
function partsOf(template: string): unknown[] {
  return template.split(/(\$\{[^}]*\})/).map((part) => part.startsWith('${') ? { Ref: part.slice(2, -1) } : part);
}

/** The runs that the schedules of a template start. */
export function scheduledRuns({ Resources = {} }: StackTemplate, values: TokenValues): ScheduledRun[] {
  return Object.values(Resources).filter(({ Type }) => Type === 'AWS::Scheduler::Schedule').map(({ Properties = {} }) => {
    const { Arn, Input } = Object(Properties.Target) as { Arn?: unknown; Input?: unknown };
    return { project: Arn, variables: overrides(resolveText(Input, values)) };
  });
}

function overrides(input: string | undefined): Record<string, string> {
  try {
    const { environmentVariablesOverride: list } = Object(JSON.parse(input ?? '')) as { environmentVariablesOverride?: { name: string; value: string }[] };
    return Object.fromEntries((list ?? []).map(({ name, value }) => [name, value]));
  } catch {
    return {};
  }
}

/** A stack of a synthesized app. */
export interface SynthesizedStack {
  readonly name: string;
  readonly template: StackTemplate;
  /** What is known of its tokens. */
  readonly values: TokenValues;
}

/** What an app defines a catalog with, where the list lies in a parameter or a bucket of its own. */
export interface CatalogDefinition {
  /** Its name, or where CloudFormation chooses that, the path of its construct, as in `${Platform/TeamImages}`. */
  readonly name: string;
  /** What a parameter holds when the app deploys it first; undefined where that is not known. */
  readonly firstList?: string;
}

/** The properties that hold the name of a resource, where the app chooses it. */
const NAMES: Readonly<Record<string, string>> = { 'AWS::SSM::Parameter': 'Name', 'AWS::S3::Bucket': 'BucketName' };

/** What a token of a catalog's location refers to, in its own stack or in another one of the app. */
export function catalogDefinition(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, token: TemplateToken): CatalogDefinition {
  const { Ref: id = token['Fn::GetAtt']?.[0], 'Fn::ImportValue': imported } = token;
  if (id !== undefined) return definitionOf(id, stack.template.Resources?.[id], stack.values);
  const exported = imported === undefined ? undefined : findExport(stacks, imported);
  return exported === undefined ? { name: '?' } : catalogDefinition(stacks, exported.stack, Object(exported.value) as TemplateToken);
}

function definitionOf(id: string, resource: TemplateResource | undefined, values: TokenValues): CatalogDefinition {
  const { Type = '', Properties = {}, Metadata = {} } = resource ?? {};
  const path = Metadata['aws:cdk:path'];
  const unnamed = `\${${typeof path === 'string' ? path.replace(/\/Resource$/, '') : id}}`;
  return {
    name: resolveText(Properties[NAMES[Type]], values) ?? unnamed,
    firstList: Type === 'AWS::SSM::Parameter' ? resolveText(Properties.Value, values) : undefined,
  };
}

/** What a stack of the app exports. */
interface ExportedValue {
  readonly stack: SynthesizedStack;
  readonly value: unknown;
}

/** What a stack of the app exports by a name; undefined when none does. */
export function findExport(stacks: readonly SynthesizedStack[], imported: unknown): ExportedValue | undefined {
  const name = JSON.stringify(imported);
  for (const stack of stacks) {
    const output = Object.values(stack.template.Outputs ?? {}).find(({ Export }) => JSON.stringify(Export?.Name) === name);
    if (output !== undefined) return { stack, value: output.Value };
  }
  return undefined;
}
