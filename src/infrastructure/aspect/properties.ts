import { CfnResource, Stack, Tokenization } from 'aws-cdk-lib';

/** Properties of a resource, named as in a template. */
export type Properties = Readonly<Record<string, unknown>>;

/** The part of a template that a resource makes. */
interface Fragment {
  readonly Resources?: Record<string, { readonly Properties?: Properties }>;
}

/** The properties as the template will have them, with everything that was overridden. */
export function renderedProperties(resource: CfnResource): Properties {
  const { Resources }: Fragment = Stack.of(resource).resolve(resource._toCloudFormation());
  const [rendered] = Object.values(Resources ?? {});
  return rendered?.Properties ?? {};
}

/** What of a construct's properties is known without resolving a token; its names become those of the template. */
export function knownOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(knownOf);
  if (typeof value !== 'object' || value === null) return value;
  if (Tokenization.isResolvable(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name.charAt(0).toUpperCase() + name.slice(1), knownOf(child)]));
}

/** The properties at a place; none where there is a token, an intrinsic function, or nothing. */
export function section(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Properties : {};
}

/** The list at a place, each item at its index. */
export function sections(value: unknown): Properties[] {
  return Array.isArray(value) ? value.map(section) : [];
}

/** The value at a path: `ContainerDefinitions.0.Image`. */
export function valueAt(properties: Properties, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Properties | undefined)?.[name], properties);
}
