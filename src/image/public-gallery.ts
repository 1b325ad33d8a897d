/** The host of Amazon ECR's public gallery. */
export const PUBLIC_GALLERY = 'public.ecr.aws';

/** Partitions of AWS whose credentials the gallery does not know, by how the names of their Regions begin. */
const OTHER_PARTITIONS = /^(?:cn|us-gov|us-iso[a-z]*|eu-isoe|eusc)-/;

/**
 * Whether the public gallery knows the credentials of a Region, and so counts their pulls apart from anonymous ones.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
 */
export function isKnownToPublicGallery(region: string): boolean {
  return !OTHER_PARTITIONS.test(region);
}
