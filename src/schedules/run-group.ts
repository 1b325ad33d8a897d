import { createHash } from 'node:crypto';
import { Token } from 'aws-cdk-lib';
import { COPIES_PER_MINUTE, MAX_SHARD_IMAGES } from '../image/catalog/catalog-shard';
import { MAX_VARIABLE_LENGTH, RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { MAX_REPOSITORY_LENGTH } from '../image/image-reference';

/** The run of one image. */
export interface ImageRun {
  /** Identifies the image in its mirror, independent of the other images. */
  readonly key: string;
  readonly variables: () => RunVariables;
}

/** The images that one build mirrors. */
export interface RunShare {
  /** Empty for the share that a small group has; otherwise binary digits. */
  readonly suffix: string;
  readonly runs: readonly ImageRun[];
}

/** A share, or a share that was divided. */
interface ShareNode {
  /** The first bits of the hashes of its images. */
  readonly bits: string;
  runs: ImageRun[];
  parts?: readonly [ShareNode, ShareNode];
}

/** The number of bits of a hash. Shares of this depth are not divided. */
const MAX_BITS = 32;

/**
 * The images of a mirror that one or several builds mirror together.
 *
 * A share that is too large for a build is divided by the next bit of a hash of each image. So a new image changes only its own share, the division
 * depends on the set of images and not on their order, and the first half keeps the suffix.
 */
export class RunGroup {
  private readonly root: ShareNode = { bits: '', runs: [] };
  private readonly lengths = new Map<ImageRun, number>();
  private readonly maxImages: number;

  /** @param longestBuildMinutes the time after which CodeBuild stops a build */
  constructor(longestBuildMinutes: number) {
    this.maxImages = Math.max(1, Math.min(MAX_SHARD_IMAGES, Math.floor(longestBuildMinutes * COPIES_PER_MINUTE)));
  }

  /** Adds an image, or notices that the variables of an image have changed. */
  public add(run: ImageRun): void {
    this.lengths.set(run, entryLength(run));
    const bits = hashBits(run.key);
    let node = this.root;
    while (node.parts !== undefined) node = node.parts[Number(bits[node.bits.length])];
    if (!node.runs.includes(run)) node.runs.push(run);
    this.divide(node);
  }

  /** The shares. None of them is empty. */
  public shares(): RunShare[] {
    return leaves(this.root).filter(({ runs }) => runs.length > 0).map(({ bits, runs }) => {
      return { suffix: bits.replace(/0+$/, ''), runs: [...runs].sort((a, b) => a.key < b.key ? -1 : 1) };
    });
  }

  private divide(node: ShareNode): void {
    const { bits, runs } = node;
    if (runs.length < 2 || bits.length >= MAX_BITS || this.fits(runs)) return;
    const part = (bit: string): ShareNode => ({ bits: bits + bit, runs: runs.filter(({ key }) => hashBits(key)[bits.length] === bit) });
    node.parts = [part('0'), part('1')];
    node.runs = [];
    node.parts.forEach((child) => this.divide(child));
  }

  private fits(runs: readonly ImageRun[]): boolean {
    const length = runs.reduce((sum, run) => sum + this.lengths.get(run)! + 1, 1);
    return runs.length <= this.maxImages && length <= MAX_VARIABLE_LENGTH;
  }
}

function leaves(node: ShareNode): ShareNode[] {
  return node.parts === undefined ? [node] : node.parts.flatMap(leaves);
}

/** The first bits of a hash, as text. */
function hashBits(key: string): string {
  return createHash('sha256').update(key).digest().readUInt32BE().toString(2).padStart(MAX_BITS, '0');
}

/** The length of an image in `IMAGES`. The name of an existing repository can be a token, which may be shorter than its value. */
function entryLength({ variables }: ImageRun): number {
  const text = JSON.stringify(variables());
  return text.length + (Token.isUnresolved(text) ? MAX_REPOSITORY_LENGTH : 0);
}

/** The variables of a build that mirrors the images of a share. */
export function shareVariables({ runs }: Pick<RunShare, 'runs'>): RunVariables {
  return { [RUN_ENVIRONMENT.IMAGES]: JSON.stringify(runs.map(({ variables }) => variables())) };
}

/** The number of upstream images in a description, and the first of them. */
export function describeShare({ runs }: Pick<RunShare, 'runs'>): string {
  return `Mirrors ${runs.length === 1 ? '' : `${runs.length} images: `}${runs.map(({ variables }) => variables()[RUN_ENVIRONMENT.IMAGE]).join(', ')}`;
}
