/**
 * Where a catalogue lies, as the construct writes it into a schedule's input and the engine reads it.
 */

/** A parameter of the Systems Manager Parameter Store, or an object in Amazon S3. */
export type CatalogueLocation = { readonly parameter: string } | { readonly bucket: string; readonly key: string };

const PARAMETER = /^\/?[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The characters of a key that mean the same in every URL; no part of it is `.` or `..`. */
const KEY = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+)*$/;

const LONGEST_NAME = 1_011;
const LONGEST_KEY = 1_024;

/** A location as it is written into a variable: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
export function formatCatalogueLocation(location: CatalogueLocation): string {
  return 'parameter' in location ? `ssm:${location.parameter}` : `s3://${location.bucket}/${location.key}`;
}

/** Parses a location; undefined when it is none. */
export function parseCatalogueLocation(text: string): CatalogueLocation | undefined {
  if (text.startsWith('ssm:')) {
    const parameter = text.slice('ssm:'.length);
    return isParameterName(parameter) ? { parameter } : undefined;
  }
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(text) ?? [];
  return bucket !== undefined && BUCKET.test(bucket) && isObjectKey(key) ? { bucket, key } : undefined;
}

/** Whether a text is the name of a parameter. */
export function isParameterName(text: string): boolean {
  return text.length <= LONGEST_NAME && PARAMETER.test(text);
}

/** Whether a text is the key of an object that a catalogue can be. */
export function isObjectKey(text: string): boolean {
  return text.length <= LONGEST_KEY && KEY.test(text);
}
