import { allowedStarts } from './allowed-starts';
import { attestationArtifact } from './attestation-artifact';
import { blobMount } from './blob-mount';
import { buildLimit } from './build-limit';
import { createOnPush } from './create-on-push';
import { deniedOverrides } from './denied-overrides';
import { deniedRole } from './denied-role';
import { deploymentWaits } from './deployment-waits';
import { identicalPush } from './identical-push';
import { lambdaSecondarySource } from './lambda-secondary-source';
import { largeLayer } from './large-layer';
import { lifecyclePreview } from './lifecycle-preview';
import { listTags } from './list-tags';
import { mediaTypeParameters } from './media-type-parameters';
import { missingRepository } from './missing-repository';
import { partialSecretArn } from './partial-secret-arn';
import { referrersList } from './referrers-list';
import { scheduleRetries } from './schedule-retries';
import { scheduleStartsBuild } from './schedule-starts-build';
import { secondTag } from './second-tag';
import { sparseIndex } from './sparse-index';
import { tagExclusions } from './tag-exclusions';
import { zeroByteLayer } from './zero-byte-layer';
import type { Check } from '../check';

/**
 * All checks, in the order in which they run. The most important question is the first.
 *
 * The checks of `LimitedProject` run last: until then, its schedule has started several builds.
 */
export const CHECKS: readonly Check[] = [
  ...allowedStarts,
  ...deniedOverrides,
  deniedRole,
  attestationArtifact,
  referrersList,
  mediaTypeParameters,
  zeroByteLayer,
  sparseIndex,
  identicalPush,
  tagExclusions,
  missingRepository,
  createOnPush,
  blobMount,
  secondTag,
  lifecyclePreview,
  listTags,
  largeLayer,
  scheduleStartsBuild,
  partialSecretArn,
  lambdaSecondarySource,
  buildLimit,
  scheduleRetries,
  deploymentWaits,
];
