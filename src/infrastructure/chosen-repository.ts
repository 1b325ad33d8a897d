import { refuseForeignRepository } from './existing-repository';
import { requireLiteral } from './literal';
import { ImageReference, quote } from '../image/image-reference';
import { mirrorRepositoryName, repositoryNameProblem } from '../image/repository-name';
import { MirroredImageOptions } from '../mirrored-image-options';
import { MirroredImageProps } from '../mirrored-image-props';

/** Whether an image's owner chose another repository than the engine would derive from the image. */
export function isChosen(options: MirroredImageOptions): boolean {
  return options.repositoryName !== undefined || options.repository !== undefined;
}

/**
 * The name of the repository that an image goes to; a token only with a repository that exists.
 *
 * @throws Error when no repository can have the name, or when the repository is not where the mirror is
 */
export function repositoryNameFor(reference: ImageReference, prefix: string, props: MirroredImageProps): string {
  if (props.repository !== undefined) {
    if (props.repositoryName !== undefined) throw new Error('repository and repositoryName contradict each other; set one of them');
    refuseForeignRepository(props.repository, props.mirror);
    return props.repository.repositoryName;
  }
  if (props.repositoryName === undefined) return mirrorRepositoryName(reference, prefix);
  requireLiteral(props.repositoryName, 'repositoryName', 'write it as a string, or pass the repository itself as repository');
  const problem = repositoryNameProblem(props.repositoryName);
  if (problem) throw new Error(`repositoryName ${quote(props.repositoryName)} is not possible: ${problem}`);
  return props.repositoryName;
}
