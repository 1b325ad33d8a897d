import { Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Lookups in the CDK need two passes. In the first pass, `ssm.StringParameter.valueFromLookup()` returns a dummy value. If this pass fails, the
 * CDK CLI never looks up the real value. So texts with a dummy value are accepted, and the second pass parses the real ones.
 *
 * @see https://docs.aws.amazon.com/cdk/v2/guide/context.html
 */

/** The start of the dummy value of a parameter: `dummy-value-for-/platform/images`. */
const DUMMY = 'dummy-value-for-';

/** The maximum length of a placeholder. Tags have at most 128 characters. */
const MAX_LENGTH = 60;

/** The providers of context values that an app chooses itself. The values of other lookups, such as VPCs, don't name images. */
const PROVIDERS: readonly unknown[] = ['ssm', 'cc-api-provider', 'plugin'];

/** Whether a text has the dummy value of a lookup. */
export function hasDummy(text: string): boolean {
  return text.includes(DUMMY);
}

/**
 * Replaces the dummy value of a lookup, and the text after it, by a placeholder that is valid in tags and in names of repositories.
 * Any other text stays as it is.
 */
export function replaceDummy(text: string): string {
  return hasDummy(text) ? text.slice(0, text.indexOf(DUMMY)) + placeholder(text.slice(text.indexOf(DUMMY))) : text;
}

/** The placeholder for a text with a dummy value: `dummy-value-for-platform-images`. */
export function placeholder(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, MAX_LENGTH).replace(/^-|-$/g, '');
}

/**
 * Whether lookups of the app have no values yet, so that this is the first pass. With a default value, a lookup returns no recognizable dummy.
 *
 * The CDK has no public property for this. Without the private one, only dummy values are recognized.
 */
export function hasPendingLookups(scope: IConstruct): boolean {
  return scope.node.root.node.findAll().some((construct) => {
    const { _missingContext: missing } = Stack.isStack(construct) ? construct as unknown as { readonly _missingContext: unknown } : {};
    return Array.isArray(missing) && missing.some((lookup) => PROVIDERS.includes(Object(lookup).provider));
  });
}
