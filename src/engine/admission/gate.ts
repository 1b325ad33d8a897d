import { Admission } from './admission';
import { KnownImages } from './known-images';
import { QuarantineLists } from './quarantine-lists';
import { hasChecks } from '../../image/admission/admission-policy';
import { formatImageReference } from '../../image/image-reference';
import type { AttestationOptions } from '../copy/attestations';
import type { CopyContext } from '../copy/copy-context';
import { SharedBlobs } from '../copy/shared-blobs';
import { MirrorError } from '../mirror-error';
import type { MirrorRequest, MirrorTools } from '../mirror-request';
import type { RepositoryAccess } from '../registry/repository-access';
import { imageLister } from '../retention/repository-images';

/** An image that may have checks. */
export interface GateOptions {
  readonly access: RepositoryAccess;
  readonly context: CopyContext;
  readonly request: MirrorRequest;
  readonly tools: MirrorTools;
  readonly attestations: Omit<AttestationOptions, 'sourceDigest'>;
  /** Whether the tag moved while a first judgment was made, so that all lists are read again. */
  readonly isRetry: boolean;
}

/**
 * The checks of an image; undefined when the mirror has none. People can refuse an image without checks too.
 *
 * @throws MirrorError when the image has checks and the mirror has no quarantine
 */
export function admissionOf({ access, attestations, context, isRetry, request, tools }: GateOptions): Admission | undefined {
  const { admission: policy = {}, source, target: { registry } } = request;
  const { admissionTools, limits, listImages } = tools;
  if (admissionTools === undefined && !hasChecks(policy)) return undefined;
  if (admissionTools === undefined) {
    throw new MirrorError('invalid-configuration', `${formatImageReference(source)} has checks, and the mirror has no quarantine repository, `
      + 'so its checks cannot be made; set admission on the mirror or its catalog, and deploy it');
  }
  const quarantine = access.client({ registry, repository: admissionTools.quarantine }, 'pull,push');
  const decisions = access.client({ registry, repository: admissionTools.decisions }, 'pull');
  const known = new KnownImages(context, request, listImages);
  const lists = new QuarantineLists(isRetry ? undefined : limits, listImages ?? imageLister(registry));
  const blobs = limits?.blobs ?? new SharedBlobs();
  return new Admission({ context, request, policy, tools: admissionTools, quarantine, decisions, blobs, attestations, known, lists });
}
