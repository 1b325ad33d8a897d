/**
 * The images of a catalogue as far as they matter to a template: the contract between the construct, which reads a file at synthesis,
 * and the bundled parser, which it reads it with.
 */

/** An image of a catalogue, or a selection of tags. */
export interface CatalogueImage {
  /** The host of its registry. */
  readonly registry: string;
  /** The upstream repository with its registry: what decides which build mirrors it. */
  readonly upstream: string;
  /** The upstream image in its canonical spelling; without a tag where tags are selected. */
  readonly source: string;
  /** How many tags are mirrored; undefined where nobody knows. */
  readonly tags?: number;
  /** How many platforms are mirrored; undefined for all. */
  readonly platforms?: number;
}

/** The images of a catalogue, or why it is none. */
export interface CatalogueImages {
  readonly images: readonly CatalogueImage[];
  /** What is wrong with it, each with its place, in words; empty when nothing is. */
  readonly problems: readonly string[];
}

/** What the bundled parser exports. */
export interface CatalogueParser {
  readonly catalogueImages: (text: string, repositoryPrefix: string) => CatalogueImages;
}
