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
