import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { CUSTOM_REPOSITORIES, repositoryNameProblem, upstreamPath } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { repositoryArn } from '../repositories/repository-arns';

/** A policy lists at most this number of repositories of each kind. For more, it has one pattern for the prefix of the mirror. */
const MAX_EXACT_ARNS = 30;

/**
 * The name of the repository for a customized image. It is derived from the name of the repository of the unchanged image.
 *
 * @param base the name of the repository of the unchanged image. If it is a token, the upstream repository is used instead.
 * @throws Error when the name is not valid in Amazon ECR
 */
export function customRepositoryName(base: string, reference: ImageReference, prefix: string): string {
  const path = Token.isUnresolved(base) ? upstreamPath(reference) : pathUnder(prefix, base);
  const name = `${prefix}/${CUSTOM_REPOSITORIES}/${path}`;
  const problem = repositoryNameProblem(name);
  if (problem === undefined) return name;
  throw new Error(`${quote(formatImageReference(reference))} cannot be customized as ${quote(name)}: ${problem}; `
    + 'set a shorter repositoryName for this image, or a shorter repositoryPrefix');
}

function pathUnder(prefix: string, name: string): string {
  return name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : name;
}

/** The ARNs of the repositories of customized images, and of the unchanged images that they are built from, for IAM policies. */
export class CustomRepositories {
  private readonly customs = new Set<string>();
  private readonly bases = new Map<string, ecr.IRepository>();

  constructor(private readonly mirror: Construct, private readonly prefix: string) {}

  /** Adds the repositories of a customized image. */
  public add(custom: string, base: { readonly name: string; readonly repository: ecr.IRepository }): void {
    this.customs.add(custom);
    this.bases.set(Token.isUnresolved(base.name) ? `token:${base.repository.node.path}` : base.name, base.repository);
  }

  /** The pattern that matches all repositories of customized images, including the repositories that are added later. */
  public get customArnPattern(): string {
    return this.arn(`${this.prefix}/${CUSTOM_REPOSITORIES}/*`);
  }

  /** The ARNs of the repositories of customized images. */
  public customArns(): string[] {
    if (this.customs.size > MAX_EXACT_ARNS) return [this.customArnPattern];
    return [...this.customs].sort().map((name) => this.arn(name));
  }

  /** The ARNs of the repositories of the unchanged images. */
  public baseArns(): string[] {
    const keys = [...this.bases.keys()].sort();
    const isUnderPrefix = (key: string) => keys.length > MAX_EXACT_ARNS && key.startsWith(`${this.prefix}/`);
    const arnOf = (key: string) => key.startsWith('token:') ? this.bases.get(key)!.repositoryArn : this.arn(key);
    const exact = keys.filter((key) => !isUnderPrefix(key)).map(arnOf);
    return keys.some(isUnderPrefix) ? [this.arn(`${this.prefix}/*`), ...exact] : exact;
  }

  private arn(resourceName: string): string {
    return repositoryArn(Stack.of(this.mirror), resourceName);
  }
}
