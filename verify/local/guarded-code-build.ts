import type { StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import type { LocalAws } from '../../examples/demo/local-aws';
import { AwsApiError, awsOperation } from '../../test/support/aws-json-api';
import type { Exchange } from '../../test/support/exchange';
import { LocalServer } from '../../test/support/local-server';
import { judgeCall, rolePolicies } from '../../test/support/policy-simulator';
import type { StartBuildContext } from '../../test/support/start-build-calls';

/** The access key of requests by the role of schedules. All other requests may do everything. */
export const STARTER_KEY = 'AKIAIOSFODNNSTARTER0';

/**
 * The local CodeBuild behind the policies of the template: the simulator of IAM judges the requests of one role.
 *
 * Imitated: `StartBuild` and `BatchGetBuilds` of the local CodeBuild, `ListBuildsForProject` in one page, `StopBuild` without an effect.
 */
export class GuardedCodeBuild extends LocalServer {
  /** @param starterId the logical id of the role */
  constructor(private readonly aws: LocalAws, private readonly starterId: string) {
    super();
  }

  protected async handle(exchange: Exchange): Promise<void> {
    const text = await exchange.text();
    const input = JSON.parse(text || '{}') as Record<string, unknown>;
    const operation = awsOperation(exchange);
    try {
      if (operation === 'ListBuildsForProject') return await this.reply(exchange, { ids: this.buildIds(String(input.projectName)) });
      if (operation === 'StopBuild') return await this.reply(exchange, { build: { id: input.id } });
      if (operation === 'StartBuild') await this.authorize(exchange, input as unknown as StartBuildCommandInput);
    } catch (error) {
      if (!(error instanceof AwsApiError)) throw error;
      return exchange.json(error.status, { __type: error.code, message: error.message }, { 'content-type': 'application/x-amz-json-1.1' });
    }
    const response = await fetch(this.aws.codeBuildApi.url, {
      method: 'POST',
      headers: { 'x-amz-target': `CodeBuild_20161006.${operation}`, 'authorization': 'AWS4-HMAC-SHA256 Credential=local' },
      body: text,
    });
    return exchange.reply(response.status, { 'content-type': 'application/x-amz-json-1.1' }, await response.text());
  }

  private buildIds(projectName: string): string[] {
    const builds = this.aws.codeBuildApi.builds.filter(({ project }) => project.name === projectName);
    return builds.map(({ running }) => running.buildId).reverse();
  }

  private async reply(exchange: Exchange, answer: object): Promise<void> {
    await exchange.json(200, answer, { 'content-type': 'application/x-amz-json-1.1' });
  }

  /** @throws AwsApiError when the policies of the role deny the request */
  private async authorize(exchange: Exchange, input: StartBuildCommandInput): Promise<void> {
    if (!exchange.header('authorization')?.includes(STARTER_KEY)) return;
    const { deployed: { deployment, template } } = this.aws;
    const project = this.aws.codeBuild.projects().find(({ name }) => name === input.projectName);
    const resource = project?.arn ?? '*';
    const principal = template.arn(this.starterId);
    const result = await judgeCall(
      { principal, action: 'codebuild:StartBuild', resource, account: deployment.account, context: contextOf(input) },
      { identity: rolePolicies(template, this.starterId) },
    );
    if (result === 'Allowed') return;
    const how = result === 'ExplicitlyDenied' ? 'with an explicit deny in an identity-based policy' : 'because no identity-based policy allows it';
    throw new AwsApiError(400, 'AccessDeniedException', `User: ${principal} is not authorized to perform: codebuild:StartBuild on resource: ${resource} ${how}`);
  }
}

/**
 * What a request says, as the condition keys of IAM have it, if they describe the request.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
 */
function contextOf(input: StartBuildCommandInput): StartBuildContext {
  const names = input.environmentVariablesOverride?.map(({ name }) => name!);
  const sources = input.secondarySourcesOverride?.map(({ location }) => location!);
  const s3Status = input.logsConfigOverride?.s3Logs?.status;
  const values: Record<string, string | string[] | undefined> = {
    'source.buildspec': presence(input.buildspecOverride),
    'environment.environmentVariables.name': names,
    'source.location': input.sourceLocationOverride,
    'environment.image': input.imageOverride,
    'environment.type': input.environmentTypeOverride,
    'serviceRole': input.serviceRoleOverride,
    'secondarySources': presence(sources),
    'secondarySources.location': sources,
    'logsConfig': presence(input.logsConfigOverride),
    'logsConfig.s3Logs.status': s3Status,
    'cache': presence(input.cacheOverride),
    'cache.type': input.cacheOverride?.type,
    'environment.fleet.fleetArn': input.fleetOverride?.fleetArn,
    'environment.certificate': input.certificateOverride,
    'source.insecureSsl': input.insecureSslOverride === undefined ? undefined : String(input.insecureSslOverride),
    'environment.privilegedMode': input.privilegedModeOverride === undefined ? undefined : String(input.privilegedModeOverride),
    'environment.registryCredential': presence(input.registryCredentialOverride),
    'environment.registryCredential.credential': input.registryCredentialOverride?.credential,
  };
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => value === undefined ? [] : [[`codebuild:${key}`, value]]));
}

function presence(value: unknown): 'true' | undefined {
  return value === undefined ? undefined : 'true';
}
