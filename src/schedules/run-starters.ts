import { Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/sanitize';
import { allowRulesToEncrypt } from '../project/operations-key';
import { startBuildStatements } from '../project/start-build-statements';
import { requireSameStage } from '../synthesis/environments';

/** EventBridge tries to start a build for one day, which is its maximum. */
export const RETRY_POLICY = { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 };

/** The variables of a build in the request that starts it. */
export function buildOverrides(variables: RunVariables) {
  return Object.entries(variables)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, type: 'PLAINTEXT', value }));
}

/** The statements that allow a principal to start builds with the variables of runs, and with no other override. */
export function runStatements(project: codebuild.IProject): iam.PolicyStatement[] {
  return startBuildStatements({ project, variables: Object.values(RUN_ENVIRONMENT) });
}

/** The starters of runs in addition to schedules: rules of Amazon EventBridge, and principals of the app. */
export class RunStarters {
  private role?: iam.Role;

  /** @param deadLetterQueue gets the events for which no build could be started */
  constructor(private readonly mirror: Construct, private readonly project: codebuild.IProject, private readonly deadLetterQueue: sqs.Queue) {}

  /** The target of a rule that starts a run. */
  public target(variables: () => RunVariables): events.IRuleTarget {
    const { deadLetterQueue, mirror, project } = this;
    const role = this.role ?? this.defineRole();
    this.role = role;
    return {
      bind: (rule) => {
        requireSameStage(rule, mirror);
        return {
          arn: project.projectArn,
          role,
          deadLetterConfig: { arn: deadLetterQueue.queueArn },
          retryPolicy: RETRY_POLICY,
          input: new RunInput(variables),
          targetResource: project,
        };
      },
    };
  }

  /** Allows a principal to start builds with the variables of runs. */
  public grant(grantee: iam.IGrantable): iam.Grant {
    const [allow, ...denied] = runStatements(this.project);
    const grant = iam.Grant.addToPrincipal({ grantee, actions: allow.actions, resourceArns: allow.resources });
    for (const statement of denied) grantee.grantPrincipal.addToPrincipalPolicy(statement);
    return grant;
  }

  /**
   * All rules have the same role. Its trust policy names the account only if EventBridge sends the account, because this is not documented for roles.
   *
   * EventBridge sends to the queue without a role, so the queue needs a statement. One statement covers all rules of the account and Region.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
   */
  private defineRole(): iam.Role {
    const { deadLetterQueue, mirror, project } = this;
    const stack = Stack.of(mirror);
    const principal = 'events.amazonaws.com';
    deadLetterQueue.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(principal)],
      actions: ['sqs:SendMessage'],
      resources: [deadLetterQueue.queueArn],
      conditions: { ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'events', resource: 'rule', resourceName: '*' }) } },
    }));
    const { encryptionMasterKey } = deadLetterQueue;
    if (encryptionMasterKey !== undefined) allowRulesToEncrypt(encryptionMasterKey, deadLetterQueue);
    return new iam.Role(mirror, 'RuleTargetRole', {
      description: 'Rules that start the builds that mirror images',
      assumedBy: new iam.ServicePrincipal(principal, { conditions: { StringEqualsIfExists: { 'aws:SourceAccount': stack.account } } }),
      inlinePolicies: { StartBuild: new iam.PolicyDocument({ statements: runStatements(project) }) },
    });
  }
}

/**
 * The input of a target of a rule.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
 */
const MAX_INPUT_LENGTH = 8_192;

/** The request that starts a run. It is read when the template is rendered, so later choices of the image count too. */
class RunInput extends events.RuleTargetInput {
  constructor(private readonly variables: () => RunVariables) {
    super();
  }

  public bind(rule: events.IRule): events.RuleTargetInputProperties {
    const stack = Stack.of(rule);
    const input = stack.toJsonString({ environmentVariablesOverride: Lazy.any({ produce: () => buildOverrides(this.variables()) }) });
    rule.node.addValidation({ validate: () => this.problems() });
    return { input };
  }

  private problems(): string[] {
    const { length } = JSON.stringify({ environmentVariablesOverride: buildOverrides(this.variables()) });
    if (length <= MAX_INPUT_LENGTH) return [];
    return [`the input that starts a run of ${quote(this.variables()[RUN_ENVIRONMENT.IMAGE] ?? '')} has ${length} characters, but EventBridge allows `
      + `${MAX_INPUT_LENGTH} for a target of a rule; use a shorter tag filter, or fewer dockerfileLines`];
  }
}
