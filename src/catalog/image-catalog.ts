import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct, IDependable } from 'constructs';
import { CatalogImages, CatalogParser } from '../image/catalog/catalog-entry';
import { formatCatalogLocation, isObjectKey, isParameterName } from '../image/catalog/catalog-location';
import { quote } from '../image/sanitize';
import { decryptStatement } from '../project/build-role';
import { PROGRAMS_FOLDER, requireBundledFile } from '../project/program-assets';
import { requireLiteral } from '../synthesis/literal';

/**
 * A list of images outside of the template: a parameter, an object in Amazon S3, or a file of the app.
 *
 * The list is a sequence of images, as `docker pull` accepts them, or a document in YAML or JSON. An entry of a document can also have tags,
 * platforms, an owner, an end date, and a required digest. The schema is `schemas/image-catalog-1.schema.json` in the package.
 * `docs/catalog.md` describes it.
 *
 * Each run reads the list when it starts. The role of the builds gets permission to read this list only.
 */
export abstract class ImageCatalog {
  /**
   * A parameter of Systems Manager Parameter Store: a `StringList` of images, for example `nginx:stable,redis:7.2.5`, or a `String` with a document.
   *
   * **Every principal with write access to the parameter can decide which images are mirrored**, without a deployment. A standard parameter has at
   * most 4 KB, about 100 images. An advanced parameter has at most 8 KB, about 200 images.
   *
   * @param parameter the parameter, in the account and Region of the mirror
   * @throws Error when the parameter is a `SecureString`, because a list of images is not a secret, and when its name is not valid
   * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
   */
  public static fromParameter(parameter: ssm.IParameter): ImageCatalog {
    return new ParameterCatalog(parameter);
  }

  /**
   * An object in Amazon S3: a document in YAML or JSON, or images separated by commas or newlines, of at most 512 KB.
   *
   * **Every principal with write access to the object can decide which images are mirrored**, without a deployment. Turn on the versioning of the
   * bucket to audit changes.
   *
   * Builds get permission to decrypt with the encryption key of a bucket that the app defines. For an imported bucket, pass the key:
   * `s3.Bucket.fromBucketAttributes(this, 'Lists', { bucketName, encryptionKey })`.
   *
   * @param bucket the bucket, in the account and Region of the mirror. Reading from a bucket of another account fails.
   * @param key the object key: letters, digits, `.`, `_`, `-`, and `/`, for example `platform/images.yaml`
   * @throws Error when the key is a token (a value that is known only at deployment), or has other characters
   */
  public static fromBucket(bucket: s3.IBucket, key: string): ImageCatalog {
    return new BucketCatalog(bucket, key);
  }

  /**
   * A file of the app: a document in YAML or JSON, or images separated by commas or newlines, of at most 512 KB.
   *
   * The file is read when the catalog is added to a mirror. `addCatalog()` throws when the file does not exist, and when it has mistakes; the error
   * has the line number of each mistake. The file becomes an asset of the stack, so a change takes effect with a deployment.
   *
   * @param path the path of the file, for example `path.join(__dirname, 'images.yaml')`
   */
  public static fromFile(path: string): ImageCatalog {
    return new FileCatalog(path);
  }

  /** @internal */
  public abstract _bind(scope: Construct, repositoryPrefix: string): CatalogSource;
}

class ParameterCatalog extends ImageCatalog {
  constructor(private readonly parameter: ssm.IParameter) {
    super();
    const { parameterName, parameterType } = parameter;
    if (parameterType === 'SecureString') {
      throw new Error('the catalog is a SecureString, but a list of images is not a secret; '
        + 'use an ssm.StringListParameter or an ssm.StringParameter');
    }
    if (!Token.isUnresolved(parameterName) && !isParameterName(parameterName)) {
      throw new Error(`${quote(parameterName)} is not a valid parameter name; use for example "/platform/images"`);
    }
  }

  public _bind(): CatalogSource {
    const { parameterArn, parameterName } = this.parameter;
    return {
      location: formatCatalogLocation({ parameter: parameterName }),
      name: `the parameter ${this.parameter.node.path}`,
      statements: [new iam.PolicyStatement({ actions: ['ssm:GetParameter'], resources: [parameterArn] })],
      dependencies: [this.parameter],
    };
  }
}

class BucketCatalog extends ImageCatalog {
  constructor(private readonly bucket: s3.IBucket, private readonly key: string) {
    super();
    requireLiteral(key, 'the key of a catalog', 'write it as a string, for example "platform/images.yaml"');
    if (!isObjectKey(key)) {
      throw new Error(`${quote(key)} is not a valid key for a catalog, which must be letters, digits, ".", "_", "-" and "/"; `
        + 'use for example "platform/images.yaml"');
    }
  }

  public _bind(): CatalogSource {
    const { bucket, key } = this;
    return {
      location: formatCatalogLocation({ bucket: bucket.bucketName, key }),
      name: `the object ${key} of ${bucket.node.path}`,
      statements: [readObjectStatement(bucket, key)],
      grantDecrypt: (role) => bucket.encryptionKey?.grantDecrypt(role),
      dependencies: [bucket],
    };
  }
}

class FileCatalog extends ImageCatalog {
  constructor(private readonly path: string) {
    super();
  }

  public _bind(scope: Construct, repositoryPrefix: string): CatalogSource {
    const images = readCatalogFile(this.path, repositoryPrefix);
    const asset = new s3_assets.Asset(scope, 'List', { path: this.path });
    const { bucket, s3ObjectKey: key } = asset;
    return {
      location: formatCatalogLocation({ bucket: bucket.bucketName, key }),
      name: 'a file of the app',
      statements: [readObjectStatement(bucket, key), decryptStatement(Stack.of(scope), [asset])],
      dependencies: [],
      images,
    };
  }
}

function readObjectStatement(bucket: s3.IBucket, key: string): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects(key)] });
}

/** The bundled parser of catalogs. */
const PARSER_FILE = join(PROGRAMS_FOLDER, 'catalog', 'catalog-images.js');

/** An error lists at most this number of problems of a file. */
const MAX_LISTED_PROBLEMS = 10;

/**
 * Reads a catalog file of the app.
 *
 * @throws Error when the file does not exist, and when entries are not valid; the error lists their problems
 */
function readCatalogFile(file: string, repositoryPrefix: string): CatalogImages {
  requireLiteral(file, 'the path of a catalog', 'write the path of a file of the app');
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(`the catalog ${quote(file)} is not a file in ${quote(process.cwd())}; `
      + 'use the path of a file in YAML or JSON, for example path.join(__dirname, "images.yaml")');
  }
  const read = loadParser().catalogImages(readFileSync(file, 'utf8'), repositoryPrefix);
  const { problems } = read;
  if (problems.length === 0) return read;
  const more = problems.length > MAX_LISTED_PROBLEMS ? [`and ${problems.length - MAX_LISTED_PROBLEMS} more`] : [];
  const title = `the catalog ${quote(file)} has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:`;
  throw new Error([title, ...problems.slice(0, MAX_LISTED_PROBLEMS), ...more].join('\n'));
}

/** Loads the parser only when it is needed, so apps without a catalog file do not load it. */
function loadParser(): CatalogParser {
  requireBundledFile(PARSER_FILE, 'the parser of catalogs');
  return createRequire(__filename)(PARSER_FILE) as CatalogParser;
}

/** The list of a catalog, and the permissions and resources that builds need to read it. */
export interface CatalogSource {
  /** The location of the list, as the engine reads it. */
  readonly location: string;
  /** The name of the list in texts. */
  readonly name: string;
  /** The statements that allow builds to read this list only. */
  readonly statements: readonly iam.PolicyStatement[];
  /** Grants builds permission to decrypt the list, if it is encrypted with a customer managed key. */
  readonly grantDecrypt?: (role: iam.IGrantable) => void;
  /** The resources that must exist before a build reads the list. */
  readonly dependencies: readonly IDependable[];
  /** The images of the list; `undefined` when they are not known at synthesis. */
  readonly images?: CatalogImages;
}
