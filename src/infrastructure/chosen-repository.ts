import { Token } from 'aws-cdk-lib';
import { refuseForeignRepository } from './existing-repository';
import { requireLiteral } from './literal';
import { formatImageReference, ImageReference, quote } from '../image/image-reference';
import { CUSTOM_REPOSITORIES, mirrorRepositoryName, repositoryNameProblem } from '../image/repository-name';
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
    return notCustom(props.repository.repositoryName, reference, prefix);
  }
  const name = props.repositoryName ?? mirrorRepositoryName(reference, prefix);
  requireLiteral(name, 'repositoryName', 'write it as a string, or pass the repository itself as repository');
  const problem = repositoryNameProblem(name);
  if (problem) throw new Error(`repositoryName ${quote(name)} is not possible: ${problem}`);
  return notCustom(name, reference, prefix);
}

/** Where customised images are, builds that mirror may not push: nothing is to be passed off as one of those. */
function notCustom(name: string, reference: ImageReference, prefix: string): string {
  const customs = `${prefix}/${CUSTOM_REPOSITORIES}/`;
  if (Token.isUnresolved(name) || !name.startsWith(customs)) return name;
  throw new Error(`${quote(formatImageReference(reference))} would be mirrored as ${quote(name)}, and ${quote(customs)} is for customised images; set another repositoryName for this image`);
}
