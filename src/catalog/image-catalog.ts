import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct, IDependable } from 'constructs';
import { formatCatalogLocation, isObjectKey, isParameterName } from '../image/catalog/catalog-location';
import { CatalogImages, CatalogParser } from '../image/catalog/catalog';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/**
 * Where a list of images lies that is not part of the template.
 *
 * The list names images as `docker pull` takes them, one after the other, or is a document in YAML or JSON that says more about each: which of its
 * tags and platforms, who answers for it, until when, and which digest alone is taken. Its form is that of the schema
 * `schemas/image-catalog-1.schema.json` in the package, and `docs/catalog.md` describes it.
 *
 * It is read anew at the start of each run, with the role of the builds, which may read that list and no other.
 */
export abstract class ImageCatalog {
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
  public static fromParameter(parameter: ssm.IParameter): ImageCatalog {
    return new ParameterCatalog(parameter);
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
  public static fromBucket(bucket: s3.IBucket, key: string): ImageCatalog {
    return new BucketCatalog(bucket, key);
  }

  /**
   * A file of the app: a document in YAML or JSON, or images with commas or line ends between them, of up to 512 KB.
   *
   * The file is read when the catalog is added to a mirror: `addCatalog()` throws when there is no such file or when it has mistakes, naming each
   * by its line. It becomes an asset of the stack, and changes with a deployment.
   *
   * @param path for example `path.join(__dirname, 'images.yaml')`
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
    if (parameterType === 'SecureString') throw new Error('the catalog is a SecureString, and a list of images is no secret; make it an ssm.StringListParameter or an ssm.StringParameter');
    if (!Token.isUnresolved(parameterName) && !isParameterName(parameterName)) throw new Error(`${quote(parameterName)} is no name of a parameter; write for example "/platform/images"`);
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
    if (!isObjectKey(key)) throw new Error(`${quote(key)} is no key for a catalog, which is letters, digits, ".", "_", "-" and "/"; write for example "platform/images.yaml"`);
  }

  public _bind(): CatalogSource {
    const { bucket, key } = this;
    return {
      location: formatCatalogLocation({ bucket: bucket.bucketName, key }),
      name: `the object ${key} of ${bucket.node.path}`,
      statements: [mayRead(bucket, key)],
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
    const { bucket, s3ObjectKey: key } = new s3_assets.Asset(scope, 'List', { path: this.path });
    return {
      location: formatCatalogLocation({ bucket: bucket.bucketName, key }),
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

/** The bundled parser at the root of the package, found from `src/catalog` and from `lib/catalog` alike. */
export const PARSER_FILE = path.join(__dirname, '..', '..', 'assets', 'catalog', 'catalog-images.js');

/** An error names so many problems of a file. */
const MOST_PROBLEMS = 10;

/**
 * Reads a catalog of the app.
 *
 * @throws Error when there is no such file, and naming what is wrong with each of its entries
 */
export function readCatalogFile(file: string, repositoryPrefix: string): CatalogImages {
  requireLiteral(file, 'the path of a catalog', 'write the path of a file of the app');
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(`the catalog ${quote(file)} is no file in ${quote(process.cwd())}; write the path of a file in YAML or JSON, for example path.join(__dirname, "images.yaml")`);
  }
  const read = loadParser().catalogImages(readFileSync(file, 'utf8'), repositoryPrefix);
  const { problems } = read;
  if (problems.length === 0) return read;
  const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
  throw new Error([`the catalog ${quote(file)} has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:`, ...problems.slice(0, MOST_PROBLEMS), ...more].join('\n'));
}

/** Loaded only here: an app without such a file does not wait for it. */
function loadParser(): CatalogParser {
  if (!existsSync(PARSER_FILE)) throw new Error(`the parser of catalogs is not bundled: ${JSON.stringify(PARSER_FILE)} does not exist; run "npx projen bundle"`);
  return createRequire(__filename)(PARSER_FILE) as CatalogParser;
}

/** What a catalog asks of the mirror that reads it. */
export interface CatalogSource {
  /** Where it lies, as the engine reads it. */
  readonly location: string;
  /** Its name for people. */
  readonly name: string;
  /** What builds must be allowed, to read it and nothing else. */
  readonly statements: readonly iam.PolicyStatement[];
  /** Lets a build decrypt it, where it is encrypted with a key of its own. */
  readonly grantDecrypt?: (role: iam.IGrantable) => void;
  /** What must be there before it is read. */
  readonly dependencies: readonly IDependable[];
  /** Its images; undefined where they are not known at synthesis. */
  readonly images?: CatalogImages;
}
