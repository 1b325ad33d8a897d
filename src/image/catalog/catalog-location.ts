/**
 * The location of a catalog: the construct writes it into a schedule's input, and the engine reads it.
 */

/** A parameter in AWS Systems Manager Parameter Store, or an object in Amazon S3. */
export type CatalogLocation = { readonly parameter: string } | { readonly bucket: string; readonly key: string };

const PARAMETER = /^\/?[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** An object key with characters that URLs do not escape. No part of it is `.` or `..`. */
const KEY = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+)*$/;

const MAX_PARAMETER_LENGTH = 1_011;
const MAX_KEY_LENGTH = 1_024;

/** A location as text: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
export function formatCatalogLocation(location: CatalogLocation): string {
  return 'parameter' in location ? `ssm:${location.parameter}` : `s3://${location.bucket}/${location.key}`;
}

/** Parses a location; undefined when the text is not valid. */
export function parseCatalogLocation(text: string): CatalogLocation | undefined {
  if (text.startsWith('ssm:')) {
    const parameter = text.slice('ssm:'.length);
    return isParameterName(parameter) ? { parameter } : undefined;
  }
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(text) ?? [];
  return bucket !== undefined && BUCKET.test(bucket) && isObjectKey(key) ? { bucket, key } : undefined;
}

/** Whether a text is a valid parameter name. */
export function isParameterName(text: string): boolean {
  return text.length <= MAX_PARAMETER_LENGTH && PARAMETER.test(text);
}

/** Whether a text is a valid object key of a catalog. */
export function isObjectKey(text: string): boolean {
  return text.length <= MAX_KEY_LENGTH && KEY.test(text);
}
