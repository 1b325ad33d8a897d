import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { GuardedCodeBuild, STARTER_KEY } from './guarded-code-build';
import { PreviewEcr } from './preview-ecr';
import { LocalAws } from '../../examples/demo/local-aws';
import { publishedImage } from '../../examples/demo/published-image';
import { parseImageReference } from '../../src/image/image-reference';
import { CloudAssembly } from '../../test/support/cloud-assembly';
import type { LocalEcrOptions } from '../../test/support/local-ecr';
import { creationTemplates, templateRepositories } from '../../test/support/template-repositories';
import { type Context, NotChecked } from '../check';
import type { Environment } from '../environment';
import { RegistryClients, tokenCredentials } from '../registry-clients';
import { namesOf, Outputs, requireOutputs, UPSTREAM_IMAGE } from '../stack/names';
import { synthesizeStack } from '../stack/synthesize';

const PREFIX = 'mirrorverifylocal';
const [ACCOUNT, REGION] = ['123456789012', 'us-east-1'];
const OWN_KEY = 'AKIAIOSFODNN7EXAMPLE';
/** Milliseconds for which a pause lasts: times of pushes must differ. */
const MOMENT = 10;

/** Stand-ins on this machine, with the stack deployed to them. */
export class LocalEnvironment implements Environment {
  readonly description = 'stand-ins on this machine';
  private readonly closing: (() => Promise<unknown>)[] = [];

  /** @param ecrOptions how the Amazon ECR of the registry checks differs from the usual */
  constructor(private readonly ecrOptions: LocalEcrOptions = {}) {}

  async open(signal: AbortSignal): Promise<Context> {
    const folder = await mkdtemp(join(tmpdir(), 'verify-aws-'));
    this.closing.push(() => rm(folder, { recursive: true, force: true }));
    await synthesizeStack(folder, { prefix: PREFIX, account: ACCOUNT, region: REGION });
    const aws = await LocalAws.deploy(new CloudAssembly(join(folder, 'cdk.out')));
    this.closing.push(() => aws.close());
    await addAuthority(join(folder, 'cdk.out'), aws.authority);
    const upstream = parseImageReference(UPSTREAM_IMAGE);
    aws.upstream!.publish(upstream, publishedImage(upstream));
    return this.context(aws, await outputsOf(aws, folder), signal);
  }

  async close(): Promise<readonly string[]> {
    for (const close of this.closing.splice(0).reverse()) await close();
    return [];
  }

  private async context(aws: LocalAws, outputs: Outputs, signal: AbortSignal): Promise<Context> {
    const { template } = aws.deployed;
    const ecr = await new PreviewEcr(templateRepositories(template), { creationTemplates: creationTemplates(template), ...this.ecrOptions }).start();
    const starterId = template.ids('AWS::IAM::Role').find((id) => template.arn(id) === outputs.StarterRole)!;
    const codeBuild = await new GuardedCodeBuild(aws, starterId).start();
    const registries = new RegistryClients(ecr.host, signal, true);
    this.closing.push(() => ecr.close(), () => codeBuild.close(), () => registries.close());
    const codeBuildAs = (key: string) => new CodeBuildClient({ region: REGION, endpoint: codeBuild.url, credentials: localCredentials(key) });
    return {
      account: ACCOUNT,
      names: namesOf(PREFIX),
      outputs,
      signal,
      ecr: new ECRClient({ region: REGION, endpoint: ecr.url, credentials: localCredentials(OWN_KEY) }),
      codeBuild: codeBuildAs(OWN_KEY),
      starter: async () => codeBuildAs(STARTER_KEY),
      registry: async (repository) => registries.client(repository, tokenCredentials(async () => ecr.issueToken())),
      startSchedules: () => startSchedules(aws, codeBuild.url),
      deployWithCopies: async () => { throw new NotChecked('the stand-ins don\'t update stacks'); },
      pause: async () => { await setTimeout(MOMENT, undefined, { signal }); },
    };
  }
}

/** Starts what the schedules of images start, once. */
async function startSchedules({ deployed: { template }, schedules }: LocalAws, url: string): Promise<void> {
  const client = localCodeBuild(url);
  for (const { input, projectId } of schedules) await client({ projectName: String(template.resolve({ Ref: projectId })), ...input });
}

/** Sends the input of a schedule as it is, without a client of the AWS SDK that could correct it. */
function localCodeBuild(url: string): (request: object) => Promise<void> {
  return async (request) => {
    const headers = { 'x-amz-target': 'CodeBuild_20161006.StartBuild', 'authorization': 'AWS4-HMAC-SHA256 Credential=local' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) });
    if (!response.ok) throw new Error(await response.text());
  };
}

/** Adds the authority of the stand-ins to the certificates of the stack: builds with certificates of their own don't trust those of this machine. */
async function addAuthority(assembly: string, authority: string): Promise<void> {
  const files = await readdir(assembly, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.pem'))) await appendFile(join(assembly, file), `\n${authority}`);
}

async function outputsOf({ deployed: { template } }: LocalAws, folder: string): Promise<Outputs> {
  const { Outputs: outputs }: { Outputs: Record<string, { Value: unknown }> } = JSON.parse(await readFile(join(folder, 'cdk.out', `${PREFIX}.template.json`), 'utf8'));
  return requireOutputs(Object.fromEntries(Object.entries(outputs).map(([name, { Value }]) => [name, template.resolve(Value)])));
}

function localCredentials(accessKeyId: string) {
  return { accessKeyId, secretAccessKey: 'local' };
}
