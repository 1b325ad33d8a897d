import { Annotations, Aws, CfnElement, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { MirrorBuildOptions } from './build-options';
import { quote } from '../image/sanitize';
import { onSynthesis } from '../synthesis/aspects';
import { isDifferent, stackNamePattern } from '../synthesis/environments';

/** The default retention of all logs of a mirror. */
const DEFAULT_LOG_RETENTION = logs.RetentionDays.THREE_MONTHS;

/** The options of the log groups of a mirror. */
export type LogOptions = Pick<MirrorBuildOptions, 'logRetention' | 'operationsEncryptionKey'>;

/**
 * Defines a log group. If a key encrypts it, the policy of the key allows CloudWatch Logs to use the key for this log group.
 *
 * @throws Error when the key is an alias or in another Region
 */
export function defineLogGroup(scope: Construct, id: string, options: LogOptions): logs.LogGroup {
  const { logRetention = DEFAULT_LOG_RETENTION, operationsEncryptionKey: key } = options;
  if (key !== undefined) requireUsableKey(key, Stack.of(scope));
  const logGroup = new logs.LogGroup(scope, id, { retention: logRetention, encryptionKey: key });
  if (key !== undefined) allowLogs(key, logGroup);
  return logGroup;
}

/** @throws Error when CloudWatch Logs cannot use the key */
function requireUsableKey(key: kms.IKey, stack: Stack): void {
  const isAlias = 'aliasName' in key || (!Token.isUnresolved(key.keyArn) && /:alias\//.test(key.keyArn));
  if (isAlias) {
    throw new Error(`operationsEncryptionKey ${quote(key.node.path)} is an alias, but CloudWatch Logs and IAM policies need the ARN of a key; `
      + 'pass the key, for example kms.Key.fromLookup(this, "Key", { aliasName: "alias/operations" })');
  }
  if (isDifferent(key.env.region, stack.region)) {
    throw new Error(`operationsEncryptionKey ${quote(key.node.path)} is in the Region ${quote(key.env.region)}, `
      + `but the mirror is in ${quote(stack.region)}; use a key of the mirror's Region, or a replica of the key`);
  }
}

/** Allows CloudWatch Logs to use a key for a log group. The policy of a key that the app does not define stays unchanged, with a warning. */
function allowLogs(key: kms.IKey, logGroup: logs.LogGroup): void {
  const stack = Stack.of(logGroup);
  const { partition, region, account, urlSuffix } = stack;
  const stackName = Stack.of(key) === stack ? Aws.STACK_NAME : stackNamePattern(stack);
  const place = { partition, region, account, urlSuffix, stackName };
  if (!key.addToResourcePolicy(logStatement(logGroup, place)).statementAdded) onSynthesis(logGroup, () => warnAboutPolicy(key, logGroup, place));
}

/** The warning has a placeholder for each value that is known only at deployment. */
function warnAboutPolicy(key: kms.IKey, logGroup: logs.LogGroup, { partition, region, account, urlSuffix }: LogGroupPlace): void {
  const shown = (value: string, name: string) => Token.isUnresolved(value) ? `<${name}>` : value;
  const statement = logStatement(logGroup, {
    partition: shown(partition, 'partition'),
    region: shown(region, 'Region'),
    account: shown(account, 'account'),
    urlSuffix: shown(urlSuffix, 'domain, for example amazonaws.com'),
    stackName: stackNamePattern(Stack.of(logGroup)),
  });
  warnAboutKey(key, logGroup, 'CloudWatch Logs', statement);
}

function warnAboutKey(key: kms.IKey, user: Construct, service: string, statement: iam.PolicyStatement): void {
  Annotations.of(user).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.operationsEncryptionKeyPolicy',
    `the app does not define the key ${quote(key.node.path)}, so its policy may not allow ${service} to use it; `
    + `add this statement to the policy: ${JSON.stringify(Stack.of(user).resolve(statement.toStatementJson()))}`,
  );
}

/**
 * Allows EventBridge to send the events of rules to an encrypted queue. It sends them without a role, so the policy of the key must allow it.
 *
 * The account is checked only if EventBridge sends it, because that is not documented for keys.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html#compatibility-with-aws-services
 */
export function allowRulesToEncrypt(key: kms.IKey, queue: Construct): void {
  const statement = new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('events.amazonaws.com')],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: ['*'],
    conditions: { StringEqualsIfExists: { 'aws:SourceAccount': Stack.of(queue).account } },
  });
  if (!key.addToResourcePolicy(statement).statementAdded) warnAboutKey(key, queue, 'EventBridge', statement);
}

/** The place of a log group. */
interface LogGroupPlace {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly urlSuffix: string;
  readonly stackName: string;
}

/**
 * The statement of a key policy that allows CloudWatch Logs to use a key for one log group.
 *
 * The statement has the start of the name of the log group: a reference to the log group would make a dependency cycle. CloudFormation generates the
 * name from the name of the stack and the logical ID, and adds random characters.
 *
 * `kms:DescribeKey` is not in the statement, because its requests have no encryption context: the condition would never allow it.
 * The values of encryption contexts are strings, so the operator is `StringLike`.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
function logStatement(logGroup: logs.LogGroup, { partition, region, account, urlSuffix, stackName }: LogGroupPlace): iam.PolicyStatement {
  const { logicalId } = logGroup.node.defaultChild as CfnElement;
  return new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal(`logs.${region}.${urlSuffix}`)],
    actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    resources: ['*'],
    conditions: {
      StringLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:${stackName}-${logicalId}-*` },
    },
  });
}

/** A role that sends runs that did not start to an encrypted queue, and reads encrypted schedules. */
export interface SchedulerKeyUse {
  readonly key?: kms.IKey;
  readonly scheduleGroupName: string;
}

/**
 * The statements that allow a role of EventBridge Scheduler to decrypt the input of the schedules of a group, and to send messages to an encrypted
 * queue. No statements without a key.
 *
 * Whether Amazon SQS has an encryption context is not verified, so the second statement names the service only. The role can use one queue only.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
export function schedulerKeyStatements(stack: Stack, { key, scheduleGroupName }: SchedulerKeyUse): iam.PolicyStatement[] {
  if (key === undefined) return [];
  const schedules = stack.formatArn({ service: 'scheduler', resource: 'schedule', resourceName: `${scheduleGroupName}/*` });
  return [
    new iam.PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringLike: { 'kms:EncryptionContext:aws:scheduler:schedule:arn': schedules } },
    }),
    new iam.PolicyStatement({
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [key.keyArn],
      // The wildcard is for the domain, which is another one in China.
      conditions: { StringLike: { 'kms:ViaService': `sqs.${stack.region}.*` } },
    }),
  ];
}
