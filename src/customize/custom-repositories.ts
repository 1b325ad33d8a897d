import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { CUSTOM_REPOSITORIES, repositoryNameProblem, upstreamPath } from '../image/repository-name';

/** Up to this many repositories are named one by one, of each kind; beyond, one pattern stands for those under the mirror's prefix. */
const MOST_EXACT_ARNS = 30;

/**
 * The name of the repository for customized images: it follows that of the repository that the images themselves are in, so that who chooses that
 * chooses both.
 *
 * @param base the name of that; where it is a token, the upstream image takes its place
 * @throws Error when Amazon ECR allows no such name
 */
export function customNameFor(base: string, reference: ImageReference, prefix: string): string {
  const path = Token.isUnresolved(base) ? upstreamPath(reference) : pathUnder(prefix, base);
  const name = `${prefix}/${CUSTOM_REPOSITORIES}/${path}`;
  const problem = repositoryNameProblem(name);
  if (problem === undefined) return name;
  throw new Error(`${quote(formatImageReference(reference))} cannot be customized as ${quote(name)}: ${problem}; set a shorter repositoryName for this image, or a shorter repositoryPrefix`);
}

function pathUnder(prefix: string, name: string): string {
  return name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : name;
}

/** The repositories of customized images and those that they are built from, as policies name them. */
export class CustomRepositories {
  private readonly customs = new Set<string>();
  private readonly bases = new Map<string, ecr.IRepository>();

  constructor(private readonly mirror: Construct, private readonly prefix: string) {}

  /** Takes note of a customized image. */
  public add(custom: string, base: { readonly name: string; readonly repository: ecr.IRepository }): void {
    this.customs.add(custom);
    this.bases.set(Token.isUnresolved(base.name) ? `token:${base.repository.node.path}` : base.name, base.repository);
  }

  /** All that a customized image of the mirror can ever be in. */
  public get anyCustomArn(): string {
    return this.arn(`${this.prefix}/${CUSTOM_REPOSITORIES}/*`);
  }

  /** Those of customized images. All are under the mirror's prefix. */
  public customArns(): string[] {
    if (this.customs.size > MOST_EXACT_ARNS) return [this.anyCustomArn];
    return [...this.customs].sort().map((name) => this.arn(name));
  }

  /** Those that they are built from. */
  public baseArns(): string[] {
    const keys = [...this.bases.keys()].sort();
    const isUnderPrefix = (key: string) => keys.length > MOST_EXACT_ARNS && key.startsWith(`${this.prefix}/`);
    const exact = keys.filter((key) => !isUnderPrefix(key)).map((key) => key.startsWith('token:') ? this.bases.get(key)!.repositoryArn : this.arn(key));
    return keys.some(isUnderPrefix) ? [this.arn(`${this.prefix}/*`), ...exact] : exact;
  }

  private arn(resourceName: string): string {
    return Stack.of(this.mirror).formatArn({ service: 'ecr', resource: 'repository', resourceName });
  }
}
