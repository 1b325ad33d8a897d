/** The form of a catalog apart from its entries. The published schema rejects exactly the same catalogs. */
import { MAX_CATALOG_ENTRIES } from './catalog-entry';
import { formatValue, isFields, unknownFieldProblem } from './entry-fields';

/** The version of the catalog schema. */
const CATALOG_VERSION = 1;

/** The problem with a catalog apart from its entries, as text; undefined when it is valid. */
export function catalogShapeProblem(value: unknown): string | undefined {
  if (value === null) return 'it is empty; add images, for example {"images": ["nginx:stable"]}';
  if (Array.isArray(value)) {
    return 'the top level must be an object with "images:"; put "images:" above the list, or in JSON {"images": [...]} around it';
  }
  if (!isFields(value)) return 'the top level must be an object with "images:", for example {"images": ["nginx:stable"]}';
  const unknown = unknownFieldProblem(value, ['version', 'images'], { unlisted: ['$schema'] });
  if (unknown !== undefined) return unknown;
  const { $schema, version, images } = value;
  if ($schema !== undefined && typeof $schema !== 'string') return 'its $schema must be the URL of the schema, as a string';
  if (version !== undefined && version !== CATALOG_VERSION) {
    return `its version is ${formatValue(version)}, and this version of cdk-ecr-mirror supports only ${CATALOG_VERSION}`;
  }
  if (!Array.isArray(images)) return imagesProblem(images);
  if (images.length === 0) return 'images is empty; add images, or disable the schedule';
  if (images.length <= MAX_CATALOG_ENTRIES) return undefined;
  return `it has ${images.length} images, and ${MAX_CATALOG_ENTRIES} is the maximum; divide it into several catalogs`;
}

/** The problem with `images` that are not a list. The text says how the value was read. */
function imagesProblem(images: unknown): string {
  const form = 'write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}';
  if (images === undefined) return `it has no list of images; add "images:", and below it ${form}`;
  if (images === null) return `its images have no value; below "images:", ${form}`;
  if (typeof images === 'string' && images.startsWith('-')) return `its images are the text ${formatValue(images)}; write a space after each "-"`;
  return `its images are ${isFields(images) ? `an object, ${formatValue(images)}` : formatValue(images)}, and not a list; ${form}`;
}
