import { randomBytes } from 'node:crypto';

/** The start of all names that a verification creates. It has no hyphen, because the names of schedule groups leave hyphens out. */
const NAME = 'mirrorverify';

/** An image that is small, and that is in a registry without a pull limit for AWS. */
export const UPSTREAM_IMAGE = 'public.ecr.aws/docker/library/busybox:stable';

/** The environment variable in which a build gets the number of the attempt that started it. */
export const ATTEMPT_VARIABLE = 'ATTEMPT';

/** A prefix that no other verification has. */
export function randomPrefix(): string {
  return `${NAME}${randomBytes(4).toString('hex')}`;
}

/** The names that the stack and the checks share. They all start with the prefix. */
export interface Names {
  /** The name of the stack. */
  readonly prefix: string;
  /** A repository with mutable tags. */
  readonly mutable: string;
  /** A repository with immutable tags. */
  readonly immutable: string;
  /** A repository in which only the tags that start with `stable` are mutable. */
  readonly floating: string;
  /** A repository that does not exist. */
  readonly missing: string;
  /** A repository that a push creates. */
  readonly created: string;
  /** The prefix of the creation template. */
  readonly createdPrefix: string;
  /** The repository prefixes of the mirrors. */
  readonly mirrors: { readonly base: string; readonly secret: string; readonly lambda: string };
  /** The name of the secret. */
  readonly secret: string;
}

export function namesOf(prefix: string): Names {
  return {
    prefix,
    mutable: `${prefix}/mutable`,
    immutable: `${prefix}/immutable`,
    floating: `${prefix}/floating`,
    missing: `${prefix}/missing`,
    created: `${prefix}/created/app`,
    createdPrefix: `${prefix}/created`,
    mirrors: { base: `${prefix}/base`, secret: `${prefix}/secret`, lambda: `${prefix}/lambda` },
    secret: `${prefix}-login`,
  };
}

/** The outputs of the stack. */
export const OUTPUTS = ['BaseProject', 'SecretProject', 'LambdaProject', 'LimitedProject', 'StarterRole', 'ListerRole'] as const;

/** The values of the outputs. */
export type Outputs = Readonly<Record<typeof OUTPUTS[number], string>>;

/** @throws Error when a value is missing */
export function requireOutputs(values: Readonly<Record<string, unknown>>): Outputs {
  const missing = OUTPUTS.filter((name) => typeof values[name] !== 'string');
  if (missing.length > 0) throw new Error(`the stack has no output ${missing.join(', ')}; deploy it again with the same version of this repository`);
  return values as Outputs;
}
