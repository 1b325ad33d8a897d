import { runSimulation } from '@cloud-copilot/iam-simulate';
import { TemplateResolver } from '../support/template-resolver';

interface PolicyDocument {
  readonly Statement: unknown[];
}

/** What a pull asks of Amazon ECR, apart from a token. */
export const PULL_ACTIONS = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'];

/** Whether the policies of a role of the stack, its own and those attached to it, allow an action. */
export async function isAllowed(stack: TemplateResolver, roleId: string, action: string, resource: string): Promise<boolean> {
  const [, , , , account] = stack.arn(roleId).split(':');
  const response = await runSimulation({
    identityPolicies: policiesOf(stack, roleId).map((policy, index) => ({ name: `Policy${index}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: { action, principal: stack.arn(roleId), resource: { resource, accountId: account }, contextVariables: {} },
  }, {});
  if (response.resultType === 'error') throw new Error(`the simulator refuses ${action} on ${resource}: ${JSON.stringify(response.errors)}`);
  return response.overallResult === 'Allowed';
}

function policiesOf(stack: TemplateResolver, roleId: string): PolicyDocument[] {
  const role = stack.properties(roleId);
  const name = stack.resolve({ Ref: roleId });
  const attached = stack.ids('AWS::IAM::Policy').map((id) => stack.properties(id)).filter(({ Roles }) => Roles.includes(name));
  const own: { PolicyDocument: PolicyDocument }[] = role.Policies ?? [];
  return [...own, ...attached].map(({ PolicyDocument }) => PolicyDocument);
}
