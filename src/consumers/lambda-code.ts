import { Annotations, ArnFormat, CfnResource, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { dependOnFirstCopy, warnAboutMovedTag } from './first-copy';
import { IMirroredImage } from '../declarations/mirror-interfaces';
import { MirroredLambdaCodeOptions } from '../declarations/mirrored-image-options';
import { quote } from '../image/sanitize';
import { isDifferent } from '../synthesis/environments';

/** The actions that Lambda needs, which are fewer than those of a Docker client. */
const ACTIONS = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

/**
 * Grants AWS Lambda permission to pull from the repository of an image, for the functions of one account and Region.
 *
 * The statement cannot have the ARN of the function, because the function is created after the repository policy.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
 * @throws Error when the function is in another Region than the image
 */
function grantPullToLambda({ repository, source }: IMirroredImage, lambdaFunction: CfnResource): void {
  const stack = Stack.of(lambdaFunction);
  requireSameRegion(source, repository, stack);
  const { statementAdded } = repository.addToResourcePolicy(serviceStatement(repository, stack));
  if (statementAdded) grantPullToOtherAccount(repository, stack);
  else warnAboutRepositoryPolicy(source, lambdaFunction);
}

function serviceStatement(repository: ecr.IRepository, functionStack: Stack): iam.PolicyStatement {
  const sourceArn = Stack.of(repository).formatArn({
    service: 'lambda',
    account: literalOrUndefined(functionStack.account),
    region: literalOrUndefined(functionStack.region),
    resource: 'function',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('lambda.amazonaws.com')],
    actions: ACTIONS,
    // The ARN has the account. No aws:SourceAccount: the documentation of Lambda does not say that Lambda sends it here.
    conditions: { ArnLike: { 'aws:SourceArn': sourceArn } },
  });
}

/** Grants another account permission to pull, because the principal that creates the function needs it. In the same account, IAM policies suffice. */
function grantPullToOtherAccount(repository: ecr.IRepository, { account }: Stack): void {
  if (!isDifferent(account, repository.env.account)) return;
  repository.addToResourcePolicy(new iam.PolicyStatement({ principals: [new iam.AccountPrincipal(account)], actions: ACTIONS }));
}

function requireSameRegion(source: string, repository: ecr.IRepository, { node, region }: Stack): void {
  if (!isDifferent(region, repository.env.region)) return;
  throw new Error(`the stack ${quote(node.path)} is in the Region ${quote(region)}, but the mirror of ${quote(source)} is in `
    + `${quote(repository.env.region)}, and Lambda functions support only images in their own Region; `
    + `define an ImageMirror in ${quote(region)}, or use MirrorReplication`);
}

function warnAboutRepositoryPolicy(source: string, lambdaFunction: CfnResource): void {
  Annotations.of(lambdaFunction).addWarningV2(
    'cdk-ecr-mirror:MirroredImage.lambdaRepositoryPolicy',
    `this app does not define the repository of ${quote(source)}, so its policy does not allow AWS Lambda to pull; `
    + `allow ${ACTIONS.join(' and ')} for lambda.amazonaws.com in its policy, or deploy with a role that has permission for `
    + 'ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy, so that Lambda adds the statement',
  );
}

function literalOrUndefined(value: string): string | undefined {
  return Token.isUnresolved(value) ? undefined : value;
}

/** The platforms of the architectures of AWS Lambda. */
const PLATFORMS: Readonly<Record<string, string>> = {
  [lambda.Architecture.X86_64.name]: lambda.Architecture.X86_64.dockerPlatform,
  [lambda.Architecture.ARM_64.name]: lambda.Architecture.ARM_64.dockerPlatform,
};

/** A mirrored image as the code of a Lambda function. */
export class MirroredLambdaCode extends lambda.Code {
  public readonly isInline = false;
  /** The image URI of each function that uses the code. Functions can have different architectures. */
  private readonly uris = new Map<Construct, string>();

  constructor(private readonly image: IMirroredImage, private readonly options: MirroredLambdaCodeOptions) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const { cmd, entrypoint, workingDirectory } = this.options;
    // The resource of the function, which has the architecture, is defined after this call.
    return { image: { imageUri: Lazy.string({ produce: () => this.uriFor(scope) }), cmd, entrypoint, workingDirectory } };
  }

  public bindToResource(resource: CfnResource): void {
    const { image } = this;
    image._requireReachableFrom(resource);
    this.uris.set(resource.node.scope as Construct, image._pullRepository.repositoryUriForTag(image._platformTag(platformOf(resource))));
    grantPullToLambda(image, resource);
    dependOnFirstCopy(resource, image);
    warnAboutMovedTag(resource, image);
  }

  private uriFor(scope: Construct): string {
    const uri = this.uris.get(scope);
    if (uri !== undefined) return uri;
    throw new Error(`the architecture of ${quote(scope.node.path)} is not known, because it did not call bindToResource() of the code of `
      + `${quote(this.image.source)}; use lambda.DockerImageFunction or lambda.Function`);
  }
}

/** The code of a `lambda.DockerImageFunction`. */
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
  throw new Error(`${quote(resource.node.path)} has the architecture ${quote(architecture)}, which is not supported; `
    + 'use lambda.Architecture.X86_64 or lambda.Architecture.ARM_64');
}
