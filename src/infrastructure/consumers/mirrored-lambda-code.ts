import { CfnResource, Lazy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { allowLambdaToPull } from './lambda-pull';
import { quote } from '../../image/image-reference';
import { MirroredImage } from '../../mirrored-image';
import { MirroredLambdaCodeOptions } from '../../mirrored-lambda-code-options';

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

  constructor(private readonly image: MirroredImage, private readonly options: MirroredLambdaCodeOptions) {
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
    allowLambdaToPull(image, resource);
    image._usedBy(resource);
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
