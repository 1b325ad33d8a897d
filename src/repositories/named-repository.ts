import { CfnResource, Lazy, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { quote } from '../image/sanitize';
import { outermostStack, registryHost, requireSameStage } from '../synthesis/environments';

/** A repository that another app defines. */
export interface ForeignRepository {
  readonly repositoryName: string;
  readonly account: string;
  readonly region: string;
}

/**
 * A repository with a name that is known at synthesis, as consumers in all stacks refer to it.
 *
 * Another stack uses the name, so no stack exports it. An export cannot be removed in the deployment that removes its last import.
 */
export class NamedRepository extends ecr.RepositoryBase {
  public readonly repositoryName: string;
  public readonly repositoryArn: string;
  private readonly host: string;
  private readonly suffix: (text: string) => string;
  private readonly defined?: ecr.IRepository;

  /** @param repository a repository of the app and its name, or a repository that another app defines */
  constructor(scope: Construct, id: string, repository: ForeignRepository | { readonly defined: ecr.IRepository; readonly name: string }) {
    const defined = 'defined' in repository ? repository.defined : undefined;
    const { account, region } = 'defined' in repository ? repository.defined.env : repository;
    super(scope, id, { account, region });
    const name = 'defined' in repository ? repository.name : repository.repositoryName;
    this.defined = defined;
    this.host = registryHost({ account, region, urlSuffix: this.stack.urlSuffix });
    const arn = this.stack.formatArn({ service: 'ecr', account, region, resource: 'repository', resourceName: name });
    this.repositoryName = defined === undefined ? name : inEachStack(defined, defined.repositoryName, name);
    this.repositoryArn = defined === undefined ? arn : inEachStack(defined, defined.repositoryArn, arn);
    this.suffix = (suffix) => {
      const uri = `${this.host}/${name}${suffix}`;
      return defined === undefined ? uri : inEachStack(defined, `${defined.repositoryUriForTag()}${suffix}`, uri, addStackDependency);
    };
  }

  public repositoryUriForTag(tag?: string): string {
    return this.suffix(tag === undefined || tag === '' ? '' : `:${tag}`);
  }

  public repositoryUriForDigest(digest?: string): string {
    return this.suffix(digest === undefined || digest === '' ? '' : `@${digest}`);
  }

  public grant(grantee: iam.IGrantable, ...actions: string[]): iam.Grant {
    if (this.defined !== undefined) requireNameableStack(grantee, this.defined);
    return super.grant(grantee, ...actions);
  }

  public addToResourcePolicy(statement: iam.PolicyStatement): iam.AddToResourcePolicyResult {
    return this.defined?.addToResourcePolicy(statement) ?? { statementAdded: false };
  }
}

/**
 * The repository as consumers in all stacks refer to it. It is the repository itself if its name is not known at synthesis, and if the app does not
 * define it.
 */
export function asNamedRepository(scope: Construct, id: string, repository: ecr.IRepository): ecr.IRepository {
  const resource = repository.node.defaultChild;
  const name = CfnResource.isCfnResource(resource) ? literalRepositoryName(repository) : undefined;
  return name === undefined ? repository : new NamedRepository(scope, id, { defined: repository, name });
}

/** The name of a repository; `undefined` if it is not known at synthesis. */
export function literalRepositoryName(repository: ecr.IRepository): string | undefined {
  const resource = repository.node.defaultChild;
  const name = resource instanceof ecr.CfnRepository ? resource.repositoryName : repository.repositoryName;
  return name === undefined || Token.isUnresolved(name) ? undefined : name;
}

/**
 * A text that differs in the stacks of other templates: they get a text without a reference.
 *
 * @param whenElsewhere called with the stack that uses the text
 */
function inEachStack(owner: IConstruct, own: string, elsewhere: string, whenElsewhere?: (user: Stack, owner: Stack) => void): string {
  return Lazy.uncachedString({
    produce: ({ scope }) => {
      const [user, defining] = [outermostStack(Stack.of(scope)), outermostStack(Stack.of(owner))];
      if (user === defining) return own;
      requireSameStage(scope, owner);
      whenElsewhere?.(user, defining);
      return elsewhere;
    },
  });
}

/**
 * Requires that a repository policy can name the principal. For a role of another account, the CDK uses the name of its stack, which CloudFormation
 * generates for a nested stack.
 *
 * @throws Error with the way to use the mirror in the other account
 */
function requireNameableStack({ grantPrincipal }: iam.IGrantable, repository: ecr.IRepository): void {
  if (!Construct.isConstruct(grantPrincipal) || Stack.of(grantPrincipal).nestedStackParent === undefined) return;
  const comparison = Token.compareStrings(grantPrincipal.principalAccount ?? '', repository.env.account);
  if (comparison === TokenComparison.SAME || comparison === TokenComparison.BOTH_UNRESOLVED) return;
  throw new Error(`${quote(grantPrincipal.node.path)} is in a nested stack, and its account is not known to be the account of the mirror, so the `
    + 'repository policy cannot name it; import the mirror in the stack that uses it with ImageMirror.fromImageMirrorAttributes(), and call '
    + 'grantPullToAccounts() on the mirror');
}

/** The stack of the image is deployed first, as with an export. */
function addStackDependency(user: Stack, owner: Stack): void {
  user.addDependency(owner, 'it uses an image of the mirror');
}
