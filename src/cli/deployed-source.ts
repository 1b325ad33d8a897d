import type { MirrorProject } from './mirror-project';
import { familiarImageReference, formatImageReference, ImageReference } from '../image/image-reference';

/** What a schedule of a deployed mirror would start. */
interface DeployedRun {
  readonly variables: Readonly<Record<string, string>>;
  readonly project: MirrorProject;
}

/** An image of a deployed mirror. */
export interface DeployedImage extends DeployedRun {
  /** The upstream image; without a tag when a filter selects its tags. */
  readonly reference: ImageReference;
}

/** A catalogue of a deployed mirror; one of several shards is there once for each. */
export interface DeployedCatalogue extends DeployedRun {
  /** Where it lies, as its schedule has it: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
  readonly location: string;
}

/** What a deployed mirror mirrors. */
export type DeployedSource = DeployedImage | DeployedCatalogue;

/** What a variable holds in place of what only CloudFormation knows. */
export const UNKNOWN = '\uFFFD';

/** What the place of a catalogue begins with. */
const CATALOGUE_SCHEMES = ['ssm:', 's3://'];

/** Whether it is a catalogue, and no image. */
export function isCatalogue(source: DeployedSource): source is DeployedCatalogue {
  return 'location' in source;
}

/** Whether a text names a catalogue, and no image. */
export function namesCatalogue(text: string): boolean {
  return CATALOGUE_SCHEMES.some((scheme) => text.startsWith(scheme));
}

/** Whether a catalogue may lie there, for CloudFormation alone knows a part of where it does. */
export function mayLieAt(location: string, catalogue: DeployedCatalogue): boolean {
  const [start, ...rest] = catalogue.location.split(UNKNOWN);
  const end = rest.at(-1);
  return end !== undefined && location.startsWith(start) && location.slice(start.length).endsWith(end);
}

/** The name of an image or a catalogue in results. */
export function sourceName(source: DeployedSource): string {
  return isCatalogue(source) ? source.location : formatImageReference(source.reference);
}

/** The name that people use. */
export function familiarSourceName(source: DeployedSource): string {
  return isCatalogue(source) ? source.location.replaceAll(UNKNOWN, '...') : familiarImageReference(source.reference);
}

/** The names of the variables whose values only CloudFormation knows. */
export function unknownVariables({ variables }: DeployedSource): string[] {
  return Object.entries(variables).filter(([, value]) => value.includes(UNKNOWN)).map(([name]) => name);
}
