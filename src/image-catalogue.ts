import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { formatCatalogueLocation, isObjectKey, isParameterName } from './image/catalogue-location';
import { quote } from './image/image-reference';
import { readCatalogueFile } from './infrastructure/catalogue/catalogue-file';
import { CatalogueSource } from './infrastructure/catalogue/catalogue-source';
import { requireLiteral } from './infrastructure/literal';

/**
 * Where a list of images lies that is not part of the template.
 *
 * The list names images as `docker pull` takes them, one after the other, or is a document in YAML or JSON that says more about each: which of its
 * tags and platforms, who answers for it, until when, and which digest alone is taken. Its form is that of the schema
 * `schemas/image-catalogue-1.schema.json` in the package, and `docs/catalogue.md` describes it.
 *
 * It is read anew at the start of each run, with the role of the builds, which may read that list and no other.
 */
export abstract class ImageCatalogue {
  /**
   * A parameter of the Systems Manager Parameter Store: a `StringList` of images, `nginx:stable,redis:7.2.5`, or a `String` with a document.
   *
   * **Whoever may write the parameter decides what is mirrored**, and needs no deployment for it. A parameter holds 4 KB, one of the advanced tier
   * 8 KB: about 100 and 200 images.
   *
   * @param parameter of the account and Region of the mirror
   * @throws Error when it is a `SecureString`, for a list of images is no secret, or has a name that is none
   * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
   */
  public static fromParameter(parameter: ssm.IParameter): ImageCatalogue {
    return new ParameterCatalogue(parameter);
  }

  /**
   * An object in Amazon S3: a document in YAML or JSON, or images with commas or line ends between them, of up to 512 KB.
   *
   * **Whoever may write the object decides what is mirrored**, and needs no deployment for it. Turn on the versioning of the bucket to know who did.
   *
   * Builds may decrypt with the key of a bucket that the app defines. Of a bucket that is imported, nobody knows the key:
   * `s3.Bucket.fromBucketAttributes(this, 'Lists', { bucketName, encryptionKey })` says it.
   *
   * @param bucket of the account and Region of the mirror; one of another account is refused when it is read
   * @param key letters, digits, `.`, `_`, `-` and `/`, for example `platform/images.yaml`
   * @throws Error when the key is a token, or has other characters
   */
  public static fromBucket(bucket: s3.IBucket, key: string): ImageCatalogue {
    return new BucketCatalogue(bucket, key);
  }

  /**
   * A file of the app: a document in YAML or JSON, or images with commas or line ends between them, of up to 512 KB.
   *
   * The file is read when the catalogue is added to a mirror: `addCatalogue()` throws when there is no such file or when it has mistakes, naming each
   * by its line. It becomes an asset of the stack, and changes with a deployment.
   *
   * @param path for example `path.join(__dirname, 'images.yaml')`
   */
  public static fromFile(path: string): ImageCatalogue {
    return new FileCatalogue(path);
  }

  /** @internal */
  public abstract _bind(scope: Construct, repositoryPrefix: string): CatalogueSource;
}

class ParameterCatalogue extends ImageCatalogue {
  constructor(private readonly parameter: ssm.IParameter) {
    super();
    const { parameterName, parameterType } = parameter;
    if (parameterType === 'SecureString') throw new Error('the catalogue is a SecureString, and a list of images is no secret; make it an ssm.StringListParameter or an ssm.StringParameter');
    if (!Token.isUnresolved(parameterName) && !isParameterName(parameterName)) throw new Error(`${quote(parameterName)} is no name of a parameter; write for example "/platform/images"`);
  }

  public _bind(): CatalogueSource {
    const { parameterArn, parameterName } = this.parameter;
    return {
      location: formatCatalogueLocation({ parameter: parameterName }),
      name: `the parameter ${this.parameter.node.path}`,
      statements: [new iam.PolicyStatement({ actions: ['ssm:GetParameter'], resources: [parameterArn] })],
      dependencies: [this.parameter],
    };
  }
}

class BucketCatalogue extends ImageCatalogue {
  constructor(private readonly bucket: s3.IBucket, private readonly key: string) {
    super();
    requireLiteral(key, 'the key of a catalogue', 'write it as a string, for example "platform/images.yaml"');
    if (!isObjectKey(key)) throw new Error(`${quote(key)} is no key for a catalogue, which is letters, digits, ".", "_", "-" and "/"; write for example "platform/images.yaml"`);
  }

  public _bind(): CatalogueSource {
    const { bucket, key } = this;
    return {
      location: formatCatalogueLocation({ bucket: bucket.bucketName, key }),
      name: `the object ${key} of ${bucket.node.path}`,
      statements: [mayRead(bucket, key)],
      grantDecrypt: (role) => bucket.encryptionKey?.grantDecrypt(role),
      dependencies: [bucket],
    };
  }
}

class FileCatalogue extends ImageCatalogue {
  constructor(private readonly path: string) {
    super();
  }

  public _bind(scope: Construct, repositoryPrefix: string): CatalogueSource {
    const images = readCatalogueFile(this.path, repositoryPrefix);
    const { bucket, s3ObjectKey: key } = new s3_assets.Asset(scope, 'List', { path: this.path });
    return {
      location: formatCatalogueLocation({ bucket: bucket.bucketName, key }),
      name: 'a file of the app',
      statements: [mayRead(bucket, key)],
      dependencies: [],
      images,
    };
  }
}

function mayRead(bucket: s3.IBucket, key: string): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects(key)] });
}
