import { UNSCHEDULED_METADATA, UnscheduledRuns } from '../../image/contract/custom-resource';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';

/** A resource of a CloudFormation template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

/** The parts of a CloudFormation template that describe mirrors. */
export interface StackTemplate {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>>;
}

/** A CloudFormation intrinsic function that refers to a value. Other functions have none of these fields. */
export interface TemplateToken {
  readonly 'Ref'?: string;
  readonly 'Fn::GetAtt'?: readonly [id: string, attribute: string];
  readonly 'Fn::ImportValue'?: unknown;
}

/** Returns the value of a token; undefined when the value is not known. */
export type TokenValues = (token: TemplateToken) => string | undefined;

/** A build that a schedule starts, for one of its images or a catalog. */
export interface ScheduledBuild {
  /** The ARN of the CodeBuild project, or a token for it. */
  readonly project: unknown;
  /** The environment variables that the schedule sets; none when its input cannot be parsed. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Replaces the tokens in a string of a template; undefined when the value of a token is not known. */
export function resolveText(value: unknown, values: TokenValues): string | undefined {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, 'Fn::Sub': template } = Object(value) as { 'Fn::Join'?: [string, unknown[]]; 'Fn::Sub'?: unknown };
  if (typeof template === 'string') return resolveText({ 'Fn::Join': ['', partsOf(template)] }, values);
  if (join === undefined) return values(Object(value) as TemplateToken);
  const parts = join[1].map((part) => resolveText(part, values));
  return parts.every((part) => part !== undefined) ? parts.join(join[0]) : undefined;
}

/** Splits the string of an `Fn::Sub`, for example `assets-${AWS::Region}`, into text and references. */
function partsOf(template: string): unknown[] {
  return template.split(/(\$\{[^}]*\})/).map((part) => part.startsWith('${') ? { Ref: part.slice(2, -1) } : part);
}

/**
 * The images and catalogs that the schedules of a template mirror, and those without a schedule. A build of several images counts as one build for
 * each of them.
 */
export function findScheduledBuilds({ Resources = {} }: StackTemplate, values: TokenValues): ScheduledBuild[] {
  const known: TokenValues = (token) => values(token) ?? UNKNOWN_TOKEN;
  return Object.values(Resources).filter(describesBuilds).flatMap((resource) => {
    const { project, runs } = resource.Type === SCHEDULE ? scheduledRuns(resource, known) : unscheduledRuns(resource, known);
    return runs.map((variables) => ({ project, variables: isKnown(variables) ? variables : {} }));
  });
}

const SCHEDULE = 'AWS::Scheduler::Schedule';

/** Whether a resource can describe builds of a mirror. */
export function describesBuilds({ Type, Metadata }: TemplateResource): boolean {
  return Type === SCHEDULE || Metadata?.[UNSCHEDULED_METADATA] !== undefined;
}

function scheduledRuns({ Properties = {} }: TemplateResource, values: TokenValues) {
  const { Arn, Input } = Object(Properties.Target) as { Arn?: unknown; Input?: unknown };
  return { project: Arn, runs: splitImages(parseOverrides(resolveText(Input, values))) };
}

function unscheduledRuns({ Metadata = {} }: TemplateResource, values: TokenValues) {
  const { project, images } = Object(Metadata[UNSCHEDULED_METADATA]) as Partial<UnscheduledRuns>;
  const runs = Array.isArray(images) ? images : [];
  const resolved = runs.map((run) => stringsOf(Object.entries(Object(run) as object).map(([name, value]) => [name, resolveText(value, values)])));
  return { project, runs: resolved };
}

/** Replaces a token that cannot be resolved. So the other images of the same build are found. */
const UNKNOWN_TOKEN = '\uFFFE';

function isKnown(variables: Variables): boolean {
  return !Object.values(variables).some((value) => value.includes(UNKNOWN_TOKEN));
}

/** The variables of each image of a build. Variables beside the list apply to all of its images. */
function splitImages({ [RUN_ENVIRONMENT.IMAGES]: list, ...shared }: Variables): Variables[] {
  if (list === undefined) return [shared];
  const entries = parseJsonText(list);
  return Array.isArray(entries) ? entries.map((entry) => ({ ...shared, ...stringsOf(Object.entries(Object(entry) as object)) })) : [];
}

/** The pairs with a text as value. The schedules of other tools can have any values. */
function stringsOf(pairs: readonly (readonly [string, unknown])[]): Variables {
  return Object.fromEntries(pairs.filter((pair): pair is readonly [string, string] => typeof pair[1] === 'string'));
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Variables = Readonly<Record<string, string>>;

interface BuildInput {
  readonly environmentVariablesOverride?: readonly { readonly name: string; readonly value: unknown }[];
}

function parseOverrides(input: string | undefined): Variables {
  const { environmentVariablesOverride: list } = Object(parseJsonText(input ?? '')) as BuildInput;
  return Array.isArray(list) ? stringsOf(list.map((variable) => [Object(variable).name, Object(variable).value])) : {};
}

/** A stack of a synthesized app. */
export interface SynthesizedStack {
  readonly name: string;
  /** The folder of its assembly. Each Stage has a folder. */
  readonly folder: string;
  readonly template: StackTemplate;
  /** The values of its tokens, as far as they are known. */
  readonly values: TokenValues;
}

/** The parameter or the bucket of an app that has the list of a catalog. */
export interface CatalogDefinition {
  /** The name of the resource. If CloudFormation generates it, the path of the construct, for example `${Platform/TeamImages}`. */
  readonly name: string;
  /** The value of the parameter at the first deployment; undefined when it is not known. */
  readonly firstList?: string;
}

/** The property with the name of a resource, by resource type. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = { 'AWS::SSM::Parameter': 'Name', 'AWS::S3::Bucket': 'BucketName' };

/** Finds the resource that a token in the location of a catalog refers to, in the same stack or in another stack of the app. */
export function findCatalogDefinition(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, token: TemplateToken): CatalogDefinition {
  const { Ref: id = token['Fn::GetAtt']?.[0], 'Fn::ImportValue': imported } = token;
  if (id !== undefined) return definitionOf(id, stack.template.Resources?.[id], stack.values);
  const exported = imported === undefined ? undefined : findExport(stacks, stack, imported);
  return exported === undefined ? { name: '?' } : findCatalogDefinition(stacks, exported.stack, Object(exported.value) as TemplateToken);
}

function definitionOf(id: string, resource: TemplateResource | undefined, values: TokenValues): CatalogDefinition {
  const { Type = '', Properties = {}, Metadata = {} } = resource ?? {};
  const path = Metadata['aws:cdk:path'];
  const unnamed = `\${${typeof path === 'string' ? path.replace(/\/Resource$/, '') : id}}`;
  return {
    name: resolveText(Properties[NAME_PROPERTIES[Type]], values) ?? unnamed,
    firstList: Type === 'AWS::SSM::Parameter' ? resolveText(Properties.Value, values) : undefined,
  };
}

/** Finds the name of the ECR repository of the same stack that a token refers to; undefined for other tokens, and if its name is not known. */
export function findRepositoryName(stack: SynthesizedStack, { Ref: id = '' }: TemplateToken): string | undefined {
  const { Type, Properties = {} } = stack.template.Resources?.[id] ?? {};
  return Type === 'AWS::ECR::Repository' ? resolveText(Properties.RepositoryName, stack.values) : undefined;
}

/** A value that a stack of the app exports. */
interface ExportedValue {
  readonly stack: SynthesizedStack;
  readonly value: unknown;
}

/**
 * Finds an exported value by its name; undefined when no stack of the app exports it.
 *
 * Stages for other accounts or Regions can have exports with the same name, so those of the importing stack's own Stage come first.
 */
export function findExport(stacks: readonly SynthesizedStack[], importer: SynthesizedStack, imported: unknown): ExportedValue | undefined {
  const name = JSON.stringify(imported);
  const isSameStage = ({ folder }: SynthesizedStack) => folder === importer.folder;
  for (const stack of [...stacks.filter(isSameStage), ...stacks.filter((other) => !isSameStage(other))]) {
    const output = Object.values(stack.template.Outputs ?? {}).find(({ Export }) => JSON.stringify(Export?.Name) === name);
    if (output !== undefined) return { stack, value: output.Value };
  }
  return undefined;
}
