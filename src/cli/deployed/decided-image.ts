import { DeployedImage, DeployedItem, DeployedItems, familiarItemName, isCatalog, unresolvedVariables } from './deployed-items';
import type { MirrorProject } from './mirror-projects';
import { reasonProblem } from '../../image/admission/decision-reason';
import { DECISION_ENVIRONMENT, RUN_ENVIRONMENT, RunVariables } from '../../image/contract/environment';
import {
  familiarImageReference, formatImageReference, ImageReference, InvalidReferenceError, parseImageReference,
} from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { UsageError } from '../usage-error';

/** An image with a tag of the mirror and the digest that a person decides about. */
export type DecidedReference = Required<ImageReference>;

/**
 * Parses the image that a person decides about. The check needs no request to AWS.
 *
 * @throws UsageError when it is not an image with a tag and a digest
 */
export function requireDecidedImage(text: string): DecidedReference {
  const { digest, tag, ...image } = parseImage(text);
  const example = 'for example "nginx:stable@sha256:…" with the sourceDigest of the result';
  if (digest === undefined) {
    throw new UsageError(`${quote(text)} has no digest, but a decision is about one image; add the digest, ${example}`);
  }
  if (tag === undefined) throw new UsageError(`${quote(text)} has no tag; add the tag of the mirror, ${example}`);
  return { ...image, digest, tag };
}

/** @throws UsageError when a reason is not valid */
export function requireReason(reason: string | undefined): string {
  if (reason === undefined) throw new UsageError('--reason is missing; say in one line why, because the event and the results repeat it');
  const problem = reasonProblem(reason);
  if (problem !== undefined) throw new UsageError(`--reason is not valid: ${problem}`);
  return reason;
}

function parseImage(text: string): ImageReference {
  try {
    return parseImageReference(text);
  } catch (error) {
    throw error instanceof InvalidReferenceError ? new UsageError(error.message) : error;
  }
}

/** The project that records a decision, and the variables of the image that it needs. */
export interface ImageToDecide {
  readonly project: Pick<MirrorProject, 'arn' | 'name'>;
  readonly variables: RunVariables;
}

/**
 * Finds the image of a decision in a deployed stack. An image that is not in the stack can be in one of its catalogs.
 *
 * @throws UsageError when the stack does not have the image, or its mirror has no checks
 */
export function findDecidedImage({ items, stack }: DeployedItems, reference: DecidedReference): ImageToDecide {
  const item = findItem(items, reference);
  if (item === undefined) {
    const names = [...new Set(items.map((one) => quote(familiarItemName(one))))].sort().slice(0, MAX_LISTED_ITEMS).join(', ');
    const name = familiarImageReference({ ...reference, digest: undefined });
    throw new UsageError(`${quote(name)} is not in the stack ${quote(stack)}, which has ${names}; for another stack, use --stack`);
  }
  const { arn, decisionProject, name } = item.project;
  if (decisionProject === undefined) {
    throw new UsageError(`the mirror with the project ${quote(name)} has no checks of new images, so it holds no image; `
      + 'set admission for the mirror or an image, and deploy it');
  }
  return { project: { name: decisionProject, arn: arn.replace(/:project\/.*$/, `:project/${decisionProject}`) }, variables: variablesOf(item) };
}

const MAX_LISTED_ITEMS = 20;

/** The image itself; a tag filter for its repository; or a catalog. */
function findItem(items: readonly DeployedItem[], wanted: DecidedReference): DeployedItem | undefined {
  const images = items.filter((item): item is DeployedImage => !isCatalog(item));
  const hasRepository = ({ reference }: DeployedImage) => reference.registry === wanted.registry && reference.repository === wanted.repository;
  const found = images.filter((image) => hasRepository(image) && image.reference.tag === wanted.tag);
  const filtered = images.filter((image) => hasRepository(image) && image.reference.tag === undefined && image.reference.digest === undefined);
  return found[0] ?? filtered[0] ?? items.find(isCatalog);
}

/** The variables of the image that its decision has too. The entries of a catalog are not known here, so they have none. */
function variablesOf(item: DeployedItem): RunVariables {
  if (isCatalog(item)) return {};
  const names = [RUN_ENVIRONMENT.REPOSITORY, RUN_ENVIRONMENT.LOCK].filter((name) => item.variables[name] !== undefined);
  const unresolved = names.find((name) => unresolvedVariables(item).includes(name));
  if (unresolved === undefined) return Object.fromEntries(names.map((name) => [name, item.variables[name]]));
  throw new UsageError(`cannot decide about ${quote(familiarItemName(item))}: its variable ${unresolved} has a token that only CloudFormation can `
    + 'resolve; use a literal repository name in the app');
}

/** The decision of a person about an image. */
export interface DecisionToRecord {
  readonly decision: 'RELEASE' | 'REFUSE';
  readonly reference: DecidedReference;
  readonly reason: string;
}

/** The variables of the build that records a decision. */
export function decisionVariables({ decision, reason, reference }: DecisionToRecord, variables: RunVariables): RunVariables {
  return {
    ...variables,
    [DECISION_ENVIRONMENT.IMAGE]: formatImageReference(reference),
    [DECISION_ENVIRONMENT.DECISION]: decision,
    [DECISION_ENVIRONMENT.REASON]: reason,
  };
}
