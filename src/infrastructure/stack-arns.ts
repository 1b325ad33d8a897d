import { ArnFormat, Stack } from 'aws-cdk-lib';

/**
 * Up to this many stacks are named one by one. They fit into a role's policy however long their names are;
 * beyond, they are named by what their names begin with.
 */
const MOST_EXACT_ARNS = 40;

/**
 * The ARNs of stacks as the policy of a role in one of them names them.
 *
 * The stack with the role knows its own; to refer to that of another would make a circle of both. So others are named by their names,
 * and the random part at the end stays open.
 *
 * @param own the stack with the role
 */
export function stackArns(stacks: Iterable<Stack>, own: Stack): string[] {
  const all = [...stacks];
  const names = all.filter((stack) => stack !== own).map(namePattern);
  const patterns = all.length <= MOST_EXACT_ARNS ? names : [`${commonBeginning(names)}*`];
  const arns = patterns.map((name) => own.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${name}/*`, arnFormat: ArnFormat.SLASH_RESOURCE_NAME }));
  return sorted(all.includes(own) ? [own.stackId, ...arns] : arns, own);
}

/** CloudFormation names a nested stack after the one that it is in. */
function namePattern(stack: Stack): string {
  let outermost = stack;
  while (outermost.nestedStackParent !== undefined) outermost = outermost.nestedStackParent;
  return stack.nestedStackParent === undefined ? stack.stackName : `${outermost.stackName}-*`;
}

function commonBeginning(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => name.replace(/\*$/, ''));
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

/** In the order that the CDK itself gives resources where it joins statements. */
function sorted(arns: readonly string[], stack: Stack): string[] {
  const keyed = arns.map((arn) => ({ arn, key: JSON.stringify(stack.resolve(arn)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ arn }) => arn);
}
