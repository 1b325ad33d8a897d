import { Annotations, ContextProvider, Stack, Token } from 'aws-cdk-lib';
import { ContextProvider as ContextProviderName } from 'aws-cdk-lib/cloud-assembly-schema';
import { Construct } from 'constructs';
import { ImageMirrorLookupOptions, ImportedMirror, importedLocation } from './imported-mirror';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { parseHead, parsePart, PublishedHead, PublishedImage, publishedParameterName } from '../image/published-list';
import { quote } from '../image/sanitize';

/** The value that stands for an unknown parameter. */
const DUMMY = 'dummy-value-for-the-images-of-a-mirror';

/** The field of a context value with the error of a lookup that failed. */
const PROVIDER_ERROR = '$providerError';

/**
 * Imports the mirror that publishes its images in the account and Region.
 *
 * A lookup has two passes: in the first, the parameter is not known, and every image is a placeholder. The CDK CLI then reads the parameter, and
 * synthesizes again. The other parts of a long list are known after the head, so they need one more pass.
 *
 * @throws Error when the account or Region is not known, and when the published list is not valid
 */
export function lookUpMirror(scope: Construct, id: string, options: ImageMirrorLookupOptions): IImageMirror {
  const location = importedLocation(scope, options);
  requireKnownEnvironment(scope, location);
  const addRemedy = 'add it in the app that defines the mirror, deploy that app, and remove the old list of this app with "cdk context --clear"';
  return new ImportedMirror(scope, id, { location, published: new PublishedLookup(scope, location).images(), addRemedy });
}

function requireKnownEnvironment(scope: Construct, { account, region }: Required<ImageMirrorLookupOptions>): void {
  const unknown = [...Token.isUnresolved(account) ? ['account'] : [], ...Token.isUnresolved(region) ? ['region'] : []];
  if (unknown.length === 0) return;
  const names = unknown.join(' and ');
  throw new Error(`ImageMirror.fromLookup() reads a parameter during synthesis, but the ${names} of the stack `
    + `${quote(Stack.of(scope).node.path)} ${unknown.length === 1 ? 'is' : 'are'} not known then; set env of the stack, pass ${names}, `
    + 'or use ImageMirror.fromImageMirrorAttributes()');
}

/** The lookup of a published list. */
class PublishedLookup {
  constructor(private readonly scope: Construct, private readonly location: Required<ImageMirrorLookupOptions>) {}

  /** All images of the list; `undefined` while a part is not known. */
  public images(): readonly PublishedImage[] | undefined {
    const text = this.read(1);
    if (text === undefined) return undefined;
    const head = this.parse(1, () => parseHead(text));
    this.requireSameMirror(head);
    const texts = Array.from({ length: head.parts - 1 }, (_, index) => this.read(index + 2));
    if (texts.includes(undefined)) return undefined;
    return [...head.images, ...texts.flatMap((part, index) => this.parse(index + 2, () => parsePart(part!, head, index + 2)))];
  }

  /** The value of a parameter. If it is not known, the CDK CLI gets a request for it. */
  private read(part: number): string | undefined {
    const { account, region } = this.location;
    const provider = ContextProviderName.SSM_PARAMETER_PROVIDER;
    const parameterName = this.name(part);
    // Not `getValue()`: it supports only stacks with a known account and Region.
    const { key, props } = ContextProvider.getKey(this.scope, { provider, includeEnvironment: false, props: { account, region, parameterName } });
    const value: unknown = this.scope.node.tryGetContext(key);
    const problem: unknown = Object(value)[PROVIDER_ERROR];
    if (typeof value === 'string' && value !== DUMMY) return value;
    if (problem !== undefined) this.reportMissing(String(problem));
    if (value !== undefined && problem === undefined && typeof value !== 'string') throw this.error(part, 'it is not a text');
    Stack.of(this.scope).reportMissingContextKey({ key, provider, props: { ...props, dummyValue: DUMMY } as never });
    return undefined;
  }

  private reportMissing(problem: string): void {
    const { account, region, repositoryPrefix } = this.location;
    const own = Stack.of(this.scope).account;
    const other = account === own ? '' : ` The CDK CLI reads with the lookup role of the stack's account ${quote(own)}; for a mirror of another `
      + 'account, use ImageMirror.fromImageMirrorAttributes().';
    Annotations.of(this.scope).addError(`no mirror with the repositoryPrefix ${quote(repositoryPrefix)} was found in the account ${quote(account)} `
      + `and the Region ${quote(region)}: ${problem}. Deploy the app that defines the mirror first, with published: true and this `
      + `repositoryPrefix.${other}`);
  }

  private requireSameMirror({ registry, prefix }: PublishedHead): void {
    const { account, region, repositoryPrefix } = this.location;
    if (registry === `${account}.${region}` && prefix === repositoryPrefix) return;
    throw this.error(1, `it is the list of the mirror ${quote(prefix)} in ${quote(registry)}, because the CDK CLI reads with the lookup role of the `
      + 'account of the stack; for a mirror of another account, use ImageMirror.fromImageMirrorAttributes()');
  }

  private parse<Result>(part: number, parse: () => Result): Result {
    try {
      return parse();
    } catch (error) {
      throw this.error(part, (error as Error).message);
    }
  }

  private error(part: number, problem: string): Error {
    return new Error(`the parameter ${quote(this.name(part))} has no valid list of a mirror: ${problem}; `
      + 'after a change in the app that defines the mirror, remove the old value with "cdk context --clear", or use '
      + 'ImageMirror.fromImageMirrorAttributes()');
  }

  private name(part: number): string {
    return publishedParameterName(this.location.repositoryPrefix, part);
  }
}
