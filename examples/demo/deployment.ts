import { join } from 'node:path';
import { LocalAws } from './local-aws';
import { publishedImage } from './published-image';
import { formatImageReference, parseImageReference } from '../../src/image/image-reference';
import { mirrorRepositoryName } from '../../src/image/repository-name';
import { CloudAssembly } from '../../test/support/cloud-assembly';
import { LocalCloudFormationApi } from '../../test/support/local-cloud-formation-api';
import { LocalLambda } from '../../test/support/local-lambda';
import { LocalLogsApi } from '../../test/support/local-logs-api';
import { CustomResourceAnswer, LocalProvider } from '../../test/support/local-provider';

/** `cdk deploy` of an app whose repositories are empty, as far as its custom resource goes. */
export interface PlayedDeployment {
  readonly name: string;
  /** What CloudFormation is answered. */
  readonly answer: CustomResourceAnswer;
  /** Builds that were started. */
  readonly builds: number;
  /** The upstream images that the mirror holds now, as upstream has them. */
  readonly mirrored: readonly string[];
  /** The repositories of customized images that hold one. */
  readonly customized: readonly string[];
  /** The upstream images that the app declares. */
  readonly declared: readonly string[];
}

const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/PlatformImages/0b8a3a60-0000-4000-8000-000000000000';

/**
 * Deploys an app into an empty account: its custom resource is created, the bundled functions start a build through CodeBuild's API,
 * the build runs the template's own commands, and CloudFormation gets its answer.
 *
 * @param missing an image that upstream does not have
 */
export async function playDeployment(name: string, app: CloudAssembly, missing?: string): Promise<PlayedDeployment> {
  const aws = await LocalAws.deploy(app);
  const codeBuild = aws.codeBuildApi;
  const logs = await new LocalLogsApi((group, stream) => codeBuild.logLines(group, stream)).start();
  const cloudFormation = await new LocalCloudFormationApi().start();
  cloudFormation.statuses.set(STACK_ID, 'CREATE_IN_PROGRESS');
  try {
    const references = aws.schedules.map(({ variables }) => parseImageReference(variables.IMAGE));
    for (const reference of references) {
      // A missing one is there under another tag: a typing error, as they happen.
      const upstream = formatImageReference(reference) === missing ? { ...reference, tag: 'another' } : reference;
      aws.upstream!.publish(upstream, publishedImage(reference));
    }
    const machine = {
      AWS_ENDPOINT_URL_CODEBUILD: codeBuild.url, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url, AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    };
    const answer = await new LocalProvider(new LocalLambda({ ...aws.deployed, machine }), aws.deployed.template).request(creation(aws));
    await aws.settled();
    const isMirrored = (image: string) => {
      const reference = parseImageReference(image);
      return aws.ecr.tagDigest(mirrorRepositoryName(reference), reference.tag!) === publishedImage(reference).digest;
    };
    const declared = references.map(formatImageReference);
    const [mirrored, customized] = [declared.filter(isMirrored), customizedRepositories(aws)];
    return { name, answer, builds: codeBuild.builds.length, declared, mirrored, customized };
  } finally {
    await Promise.all([logs, cloudFormation, aws].map((one) => one.close()));
  }
}

function customizedRepositories({ ecr }: LocalAws): string[] {
  return ecr.repositoryNames.filter((name) => name.startsWith('mirror/custom/') && ecr.repository(name).tags.size > 0);
}

/** What CloudFormation sends when the stack is created. */
function creation({ deployed: { template } }: LocalAws) {
  const [LogicalResourceId] = template.ids('Custom::ImageMirror');
  return {
    RequestType: 'Create' as const, RequestId: 'a-request', StackId: STACK_ID, LogicalResourceId, ResourceProperties: template.properties(LogicalResourceId),
  };
}

/** The app that the demo deploys. */
export const SAMPLE_APP = join(__dirname, '..', 'sample-app');

/** What people read of a deployment: what CloudFormation would show. */
export function describeDeployment({ answer: { Status, Reason }, builds, declared, mirrored, customized }: PlayedDeployment): string {
  const counts = `${mirrored.length} of ${declared.length} images are in the mirror, and ${customized.length} customized, after ${builds} builds`;
  if (Status === 'SUCCESS') return `CREATE_COMPLETE | Custom::ImageMirror; ${counts}`;
  return `CREATE_FAILED | Custom::ImageMirror | Received response status [FAILED] from custom resource. Message returned: ${Reason}\n${counts}`;
}

/** What was not as it must be, in words; empty when all was. */
export function deploymentProblems({ name, answer, builds, declared, mirrored, customized }: PlayedDeployment, missing?: string): string[] {
  const { Status, Reason } = answer;
  const expected = declared.filter((image) => image !== missing);
  const checks: [boolean, string][] = [
    [Status === (missing === undefined ? 'SUCCESS' : 'FAILED'), `CloudFormation was answered ${Status}: ${Reason}`],
    [builds === 2, `${builds} builds were started and not two, one that mirrors and one that customizes`],
    [customized.length === 1, 'the customized image is not there'],
    [mirrored.join() === expected.join(), `the mirror holds ${mirrored.join(', ') || 'nothing'}`],
    [missing === undefined || (Reason.includes(missing) && Reason.includes('(not-found)') && Reason.includes('Build log: https://')), `the message is ${Reason}`],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => `${name}: ${problem}`);
}
