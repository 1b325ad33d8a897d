import { Annotations, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { CatalogueImage } from '../../image/catalogue-images';
import { enoughShards, largestShard, MOST_IN_A_SHARD, shardAdvice } from '../../image/catalogue-shard';

/** Several images are under way at a time, and one that is copied takes a minute at most where it is not large. */
const COPIES_PER_MINUTE = 4;

/** How a catalogue is divided. */
export interface ShardSizes {
  readonly shards: number;
  /** How long a build may take. */
  readonly longestBuild: Duration;
}

/**
 * Warns when a build would get more images of a catalogue than it can copy in its time.
 *
 * @throws Error when it would get more than it takes
 */
export function watchShardSize(catalogue: Construct, images: readonly CatalogueImage[], { shards, longestBuild }: ShardSizes): void {
  const upstreams = images.map(({ upstream }) => upstream);
  const largest = largestShard(upstreams, shards);
  const copied = Math.max(1, Math.floor(longestBuild.toMinutes({ integral: false }) * COPIES_PER_MINUTE));
  if (largest > MOST_IN_A_SHARD) {
    throw new Error(`${largest} of the ${images.length} images of the catalogue would be mirrored by one build, and ${MOST_IN_A_SHARD} is the limit; ${shardAdvice(upstreams)}`);
  }
  if (largest <= copied) return;
  const enough = enoughShards(upstreams, copied);
  Annotations.of(catalogue).addWarningV2(
    'cdk-ecr-mirror:MirroredCatalogue.shards',
    `${largest} of the ${images.length} images of the catalogue are mirrored by one build, which copies about ${copied} in its ${longestBuild.toHumanString()}: `
    + `the first copies take several runs; ${enough === undefined ? 'no number of shards changes that' : `set shards: ${enough}`}`,
  );
}
