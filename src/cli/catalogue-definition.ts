import { resolveText, StackTemplate, TemplateResource, TemplateToken, TokenValues } from './stack-template';

/** A stack of a synthesised app. */
export interface SynthesizedStack {
  readonly name: string;
  readonly template: StackTemplate;
  /** What is known of its tokens. */
  readonly values: TokenValues;
}

/** What an app defines a catalogue with, where the list lies in a parameter or a bucket of its own. */
export interface CatalogueDefinition {
  /** Its name, or where CloudFormation chooses that, the path of its construct, as in `${Platform/TeamImages}`. */
  readonly name: string;
  /** What a parameter holds when the app deploys it first; undefined where that is not known. */
  readonly firstList?: string;
}

/** The properties that hold the name of a resource, where the app chooses it. */
const NAMES: Readonly<Record<string, string>> = { 'AWS::SSM::Parameter': 'Name', 'AWS::S3::Bucket': 'BucketName' };

/** What a token of a catalogue's location refers to, in its own stack or in another one of the app. */
export function catalogueDefinition(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, token: TemplateToken): CatalogueDefinition {
  const { Ref: id = token['Fn::GetAtt']?.[0], 'Fn::ImportValue': imported } = token;
  if (id !== undefined) return definitionOf(id, stack.template.Resources?.[id], stack.values);
  const exported = imported === undefined ? undefined : findExport(stacks, imported);
  return exported === undefined ? { name: '?' } : catalogueDefinition(stacks, exported.stack, Object(exported.value) as TemplateToken);
}

function definitionOf(id: string, resource: TemplateResource | undefined, values: TokenValues): CatalogueDefinition {
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
