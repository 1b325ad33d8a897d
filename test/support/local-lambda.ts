import { spawn } from 'node:child_process';
import { dirname, delimiter, join } from 'node:path';
import { CloudAssembly } from './cloud-assembly';
import { Deployment, TemplateResolver } from './template-resolver';

/** How an invocation of a function ended, and what it logged. */
export interface Invocation {
  /** What it answered; undefined when it threw. */
  readonly payload?: Record<string, unknown>;
  /** What it threw, as Lambda's runtime for Node tells it. */
  readonly error?: { readonly errorType: string; readonly errorMessage: string; readonly trace: readonly string[] };
  readonly log: string;
}

export interface LocalLambdaOptions {
  readonly assembly: CloudAssembly;
  readonly template: TemplateResolver;
  readonly deployment: Deployment;
  /** Variables of the machine that functions run on, for example `AWS_ENDPOINT_URL_CODEBUILD`. @default - none */
  readonly machine?: Readonly<Record<string, string>>;
}

/** What Lambda's runtime does: loads the handler, hands it the event, and tells what came of it. */
const RUNTIME = `
  const [file, name] = process.argv.slice(1);
  process.once('message', async (event) => {
    let message;
    try {
      message = { payload: await require(file)[name](event) };
    } catch (error) {
      message = { error: { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\\n') } };
    }
    process.send(message, () => process.disconnect());
  });
`;

/**
 * AWS Lambda on one machine, for functions of a synthesized template whose code is a folder of the cloud assembly.
 *
 * Imitated: the handler and the variables of a function, each invocation in a process of its own, how errors are told. Not imitated: the runtime's
 * version (this process's node runs them), roles, memory, timeouts, warm starts.
 */
export class LocalLambda {
  constructor(private readonly options: LocalLambdaOptions) {}

  /** Invokes the function with this logical id. */
  async invoke(logicalId: string, event: object): Promise<Invocation> {
    const { assembly, template, deployment, machine } = this.options;
    const { Code: code, Handler: handler, Environment: environment } = template.properties(logicalId);
    const [file, name] = String(handler).split('.');
    const folder = await assembly.assetFolder(`${code.S3Bucket}/${code.S3Key}`, deployment);
    const child = spawn(process.execPath, ['-e', RUNTIME, join(folder, `${file}.js`), name], {
      env: { ...ownVariables(deployment), ...environment?.Variables, ...machine },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let [log, outcome]: [string, Omit<Invocation, 'log'>] = ['', {}];
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { log += text; });
    child.on('message', (message) => { outcome = message as Omit<Invocation, 'log'>; });
    const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    child.send(event);
    const exitCode = await closed;
    if (outcome.payload === undefined && outcome.error === undefined) throw new Error(`the function ${logicalId} exited with ${exitCode} and no answer:\n${log}`);
    return { ...outcome, log };
  }
}

function ownVariables({ region }: Deployment): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', // the example of AWS's documentation: SDKs sign with it, nobody verifies
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  };
}
