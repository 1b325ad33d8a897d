import { Annotations, ArnFormat, CfnResource, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { waitForFirstCopy } from './container-image';
import { IMirroredImage } from '../declarations/mirror-interfaces';
import { MirroredLambdaCodeOptions } from '../declarations/mirrored-image-options';
import { quote } from '../image/sanitize';
import { isDifferent } from '../synthesis/environments';

/** All that Lambda needs, less than a Docker client. */
const ACTIONS = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

/**
 * Lets AWS Lambda pull from an image's repository, for functions of one account and Region.
 *
 * The function itself cannot be named: it is created after the repository's policy, which it needs.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
 * @throws Error when the function is in another Region than the image
 */
export function grantPullToLambda({ repository, source }: IMirroredImage, lambdaFunction: CfnResource): void {
  const stack = Stack.of(lambdaFunction);
  refuseOtherRegion(source, repository, stack);
  const { statementAdded } = repository.addToResourcePolicy(serviceStatement(repository, stack));
  if (statementAdded) allowOtherAccount(repository, stack);
  else warnOfPolicy(source, lambdaFunction);
}

function serviceStatement(repository: ecr.IRepository, functionStack: Stack): iam.PolicyStatement {
  const sourceArn = Stack.of(repository).formatArn({
    service: 'lambda',
    account: literal(functionStack.account),
    region: literal(functionStack.region),
    resource: 'function',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('lambda.amazonaws.com')],
    actions: ACTIONS,
    conditions: { ArnLike: { 'aws:SourceArn': sourceArn } },
  });
}

/** Whoever creates a function must be allowed to read its image too; in the repository's account, roles see to that themselves. */
function allowOtherAccount(repository: ecr.IRepository, { account }: Stack): void {
  if (!isDifferent(account, repository.env.account)) return;
  repository.addToResourcePolicy(new iam.PolicyStatement({ principals: [new iam.AccountPrincipal(account)], actions: ACTIONS }));
}

function refuseOtherRegion(source: string, repository: ecr.IRepository, { node, region }: Stack): void {
  if (!isDifferent(region, repository.env.region)) return;
  throw new Error(`the stack ${quote(node.path)} is in the Region ${quote(region)} and the mirror of ${quote(source)} is in ${quote(repository.env.region)}; `
    + 'functions take images of their own Region only: define an ImageMirror there, or replicate this one with MirrorReplication');
}

function warnOfPolicy(source: string, lambdaFunction: CfnResource): void {
  Annotations.of(lambdaFunction).addWarningV2(
    'cdk-ecr-mirror:MirroredImage.lambdaRepositoryPolicy',
    `AWS Lambda needs a policy of the repository that ${quote(source)} is in, and this app does not define that repository: let lambda.amazonaws.com do `
    + `${ACTIONS.join(' and ')} there, or deploy with a role that may do ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy, so that Lambda adds it`,
  );
}

function literal(value: string): string | undefined {
  return Token.isUnresolved(value) ? undefined : value;
}

/** The platforms of images by the names that AWS Lambda has for architectures. */
const PLATFORMS: Readonly<Record<string, string>> = {
  [lambda.Architecture.X86_64.name]: lambda.Architecture.X86_64.dockerPlatform,
  [lambda.Architecture.ARM_64.name]: lambda.Architecture.ARM_64.dockerPlatform,
};

/** An image of the mirror as the code of a function. */
export class MirroredLambdaCode extends lambda.Code {
  public readonly isInline = false;
  /** The URIs of the functions that use the code: each may have another architecture. */
  private readonly uris = new Map<Construct, string>();

  constructor(private readonly image: IMirroredImage, private readonly options: MirroredLambdaCodeOptions) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const { cmd, entrypoint, workingDirectory } = this.options;
    // The function's resource, which has its architecture, comes after this.
    return { image: { imageUri: Lazy.string({ produce: () => this.uriFor(scope) }), cmd, entrypoint, workingDirectory } };
  }

  public bindToResource(resource: CfnResource): void {
    const { image } = this;
    this.uris.set(resource.node.scope as Construct, image.repository.repositoryUriForTag(image._platformTag(platformOf(resource))));
    grantPullToLambda(image, resource);
    waitForFirstCopy(resource, image);
  }

  private uriFor(scope: Construct): string {
    const uri = this.uris.get(scope);
    if (uri !== undefined) return uri;
    throw new Error(`the architecture of ${quote(scope.node.path)} is not known, for it was given the code of ${quote(this.image.source)} without bindToResource(); `
      + 'use lambda.DockerImageFunction or lambda.Function');
  }
}

/** The same for the construct that takes images only. */
export class MirroredDockerImageCode extends lambda.DockerImageCode {
  constructor(private readonly code: lambda.Code) {
    super();
  }

  /** @internal */
  public _bind(): lambda.Code {
    return this.code;
  }
}

function platformOf(resource: CfnResource): string {
  const [architecture = lambda.Architecture.X86_64.name] = (resource as lambda.CfnFunction).architectures ?? [];
  const platform = PLATFORMS[architecture];
  if (platform !== undefined) return platform;
  throw new Error(`${quote(resource.node.path)} has the architecture ${quote(architecture)}; write lambda.Architecture.X86_64 or lambda.Architecture.ARM_64`);
}
