import { existsSync, readFileSync } from 'node:fs';
import { InvalidLockFileError, LockedImages, MAX_LOCK_FILE_LENGTH, parseLockFile } from '../image/admission/lock-file';
import { formatImageReference, parseImageReference, repositoryIn } from '../image/image-reference';
import { mirrorTag } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/**
 * The environment variable with which an app can be synthesized before its images are locked: `ADD`.
 *
 * `lock --app` reads the images from a synthesized app, and an app with images that are not locked is an error.
 */
const LOCK_VARIABLE = 'CDK_ECR_MIRROR_LOCK';

/** The digest of an image that is not locked yet. No image has it, so a mirror that is deployed with it holds every image. */
const NO_DIGEST = `sha256:${'0'.repeat(64)}`;

/** An error lists at most this number of problems of a file. */
const MAX_LISTED_PROBLEMS = 10;

/**
 * The digests of upstream images that the tags of a mirror may serve, in a lock file.
 *
 * A new image is held until the lock file has its digest, so a person reviews each change. The command `cdk-ecr-mirror lock` writes the file from
 * upstream, and `cdk-ecr-mirror lock --update` changes it. Commit the file, and restrict who can approve its changes, for example with CODEOWNERS.
 *
 * ```ts
 * new ImageMirror(this, 'Mirror', {
 *   images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'],
 *   admission: { lockFile: ImageLock.fromFile('images.lock.json') },
 * });
 * ```
 */
export class ImageLock {
  /**
   * The lock of a file. The file is read now, so a change of the file takes effect with a deployment.
   *
   * To synthesize an app before its images are in the file, set the environment variable `CDK_ECR_MIRROR_LOCK` to `ADD`. Then write the file with
   * `npx cdk-ecr-mirror lock --app cdk.out`, and synthesize the app again. Do not deploy the first result: its mirror holds these images.
   *
   * @param path the path of the file, for example `images.lock.json`. A relative path starts at the folder in which the app runs.
   * @throws Error when the file does not exist, and when it is not valid. The error has all mistakes of the file.
   */
  public static fromFile(path: string): ImageLock {
    requireLiteral(path, 'the path of a lock file', 'write the path of a file, for example "images.lock.json"');
    const isAdding = process.env[LOCK_VARIABLE] === 'ADD';
    return new ImageLock(path, isAdding && !existsSync(path) ? new Map() : parse(path, read(path)), isAdding);
  }

  private constructor(private readonly path: string, private readonly images: LockedImages, private readonly isAdding: boolean) {}

  /**
   * The digests of an image by the tags in the mirror: of its tag, or of all locked tags of a repository. `undefined` when there are none.
   *
   * An image with a digest has its own lock. It needs no entry in the file.
   *
   * @param source the image or the repository in canonical spelling: `docker.io/library/nginx:stable`, `docker.io/library/redis`
   * @throws Error when the image has another digest than the file
   * @internal
   */
  public _digests(source: string): { [tag: string]: string } | undefined {
    if (repositoryIn(source) === source) return this.digestsOfRepository(source);
    const { digest, tag, ...repository } = parseImageReference(source);
    const locked = tag === undefined ? undefined : this.images.get(formatImageReference({ ...repository, tag }))?.digest;
    if (digest !== undefined && locked !== undefined && digest !== locked) {
      throw new Error(`${quote(source)} has another digest than the lock file ${quote(this.path)}, which has ${locked}; `
        + 'remove the digest of the image, or remove the image from the lock file');
    }
    const valid = digest ?? locked ?? (this.isAdding ? NO_DIGEST : undefined);
    return valid === undefined ? undefined : { [mirrorTag({ ...repository, tag, digest })]: valid };
  }

  /**
   * The path of the file, for errors.
   *
   * @internal
   */
  public get _path(): string {
    return this.path;
  }

  private digestsOfRepository(repository: string): { [tag: string]: string } | undefined {
    const start = `${repository}:`;
    const tags = [...this.images].flatMap(([image, { digest }]): [string, string][] => {
      return image.startsWith(start) ? [[image.slice(start.length), digest]] : [];
    });
    if (tags.length === 0 && this.isAdding) return { latest: NO_DIGEST };
    return tags.length === 0 ? undefined : Object.fromEntries(tags.sort(([one], [other]) => one < other ? -1 : 1));
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? `is not a file in ${quote(process.cwd())}` : 'cannot be read';
    throw new Error(`the lock file ${quote(path)} ${problem}; write it with "npx cdk-ecr-mirror lock --file ${path} IMAGE...", and commit it`);
  }
}

/** The images of a file. Without a limit of its own, a huge file would be an error without its name. */
function parse(path: string, text: string): LockedImages {
  try {
    return parseLockFile(text.slice(0, MAX_LOCK_FILE_LENGTH + 1));
  } catch (error) {
    if (!(error instanceof InvalidLockFileError)) throw error;
    const { problems } = error;
    if (problems.length === 1) throw new Error(`the lock file ${quote(path)} is not valid: ${problems[0]}`);
    const more = problems.length > MAX_LISTED_PROBLEMS ? [`and ${problems.length - MAX_LISTED_PROBLEMS} more`] : [];
    const title = `the lock file ${quote(path)} has ${problems.length} mistakes:`;
    throw new Error([title, ...problems.slice(0, MAX_LISTED_PROBLEMS), ...more].join('\n  - '));
  }
}
