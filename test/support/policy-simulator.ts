import { runSimulation } from '@cloud-copilot/iam-simulate';
import { TemplateResolver } from './template-resolver';

/** One call of a principal. */
export interface PrincipalCall {
  /** The ARN of a role or user, or the name of a service. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** The account that the resource is in. */
  readonly account: string;
  readonly context?: Record<string, string | string[]>;
}

/** The policies that judge a call, resolved as CloudFormation would. */
export interface Policies {
  /** Those of the principal. */
  readonly identity: readonly unknown[];
  /** That of the resource. */
  readonly resource?: unknown;
}

/**
 * Whether policies, and nothing else, allow a call: `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`.
 *
 * @throws Error when the simulator does not understand the call or a policy
 */
export async function judgeCall(call: PrincipalCall, policies: Policies): Promise<string> {
  const response = await runSimulation({
    identityPolicies: policies.identity.map((policy, index) => ({ name: `Policy${index}`, policy })),
    resourcePolicy: policies.resource,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: {
      action: call.action,
      principal: call.principal,
      resource: { resource: call.resource, accountId: call.account },
      contextVariables: call.context ?? {},
    },
  }, {});
  if (response.resultType === 'error') throw new Error(`the simulator refuses ${call.action} on ${call.resource}: ${JSON.stringify(response.errors)}`);
  return response.overallResult;
}

/** The policies of a role: its own, and those that the template attaches to it. */
export function rolePolicies(template: TemplateResolver, roleId: string): unknown[] {
  const own: { PolicyDocument: unknown }[] = template.properties(roleId).Policies ?? [];
  const roleName = template.resolve({ Ref: roleId });
  const attached = template.ids('AWS::IAM::Policy').map((id) => template.properties(id)).filter(({ Roles }) => Roles.includes(roleName));
  return [...own, ...attached].map(({ PolicyDocument }) => PolicyDocument);
}
