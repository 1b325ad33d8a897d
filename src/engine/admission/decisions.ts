/** Reads the decisions of people: which images they released from quarantine, and which they refused. */
import { markerAnnotations } from './marker-manifest';
import { formatTime } from './minimum-age';
import { listTagsOnly, MarkedImage, quarantinedImage } from './quarantine-markers';
import { lockedDigest, LockPolicy } from '../../image/admission/admission-policy';
import { MAX_REASON_LENGTH } from '../../image/admission/decision-reason';
import { imageHash, imageKey, Marker, markerTag, parseMarkerTag, QuarantinedImage } from '../../image/admission/quarantine';
import type { AdmissionDecision } from '../../image/contract/mirror-result';
import { sanitizeLine } from '../../image/sanitize';
import { CopyContext, lookUp } from '../copy/copy-context';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { RegistryClient } from '../registry/registry-client';
import { ImageLister, imageLister } from '../retention/repository-images';

/** A decision that is in force. */
export interface ReadDecision extends AdmissionDecision {
  /** The time of the decision, in seconds since the epoch. */
  readonly seconds: number;
  /** The tag of the marker in the repository of decisions. */
  readonly marker: string;
}

/** The facts of a decision in the annotations of its marker. */
export const DECISION_FACTS = { BY: 'by', REASON: 'reason', LOCK: 'lock' } as const;

/** The maximum length of the name of a principal, in characters. */
export const MAX_PRINCIPAL_LENGTH = 256;

/** The clocks of two builds differ by less. In seconds. */
const MAX_CLOCK_DIFFERENCE = 10 * 60;

/** The releases that are read to find one that is in force. Older ones count as made under another lock. */
const MAX_READ_RELEASES = 20;

/**
 * The state of a lock for a tag, as a release keeps it: the locked digest, `unlisted` for a lock without the tag, and an empty text without a lock.
 */
export function lockState(lock: LockPolicy | undefined, tag: string): string {
  return lock === undefined ? '' : lockedDigest(lock, tag) ?? 'unlisted';
}

/** Finds the decisions about the images of one tag. It lists the repository of decisions once. */
export class DecisionReader {
  private readonly image: QuarantinedImage;
  private readonly hash: string;
  private readonly key: string;
  private readonly tag: string;
  private markers?: Promise<readonly Marker[]>;

  constructor(
    private readonly context: Pick<CopyContext, 'lookups' | 'retryContext'>,
    image: MarkedImage,
    private readonly client: RegistryClient,
    private readonly listImages?: ImageLister,
  ) {
    this.image = quarantinedImage(image);
    this.tag = image.target.tag;
    this.hash = imageHash(this.image, digestOfText);
    this.key = imageKey({ ...this.image, tag: this.tag }, digestOfText);
  }

  /**
   * The decision about a digest that is in force; undefined when there is none.
   *
   * A refusal is about the digest under each tag of the image. A release is about one tag, and it is in force while the lock of the tag is the one
   * that it was made under, or has its digest. The last decision that is in force wins.
   *
   * @param digest the digest of the upstream image
   * @param lock the lock of the image now
   * @throws MirrorError when the decisions can't be read: that is not the same as no decision
   */
  async find(digest: string, lock?: LockPolicy): Promise<ReadDecision | undefined> {
    let readReleases = 0;
    for (const marker of (await this.markersAbout(digest)).sort(newestFirst)) {
      if (marker.kind === 'released' && ++readReleases > MAX_READ_RELEASES) continue;
      const facts = await this.readFacts(marker);
      if (marker.kind === 'refused') return this.decision(marker, facts);
      if (this.isInForce(marker, facts, lock)) return this.decision(marker, facts);
    }
    return undefined;
  }

  /** The time of the last decision about a digest, in seconds since the epoch, in force or not; 0 when there is none. */
  async latest(digest: string): Promise<number> {
    return Math.max(0, ...(await this.markersAbout(digest)).map(({ seconds }) => seconds));
  }

  /** Forgets the list, so that the next `find()` sees decisions that were made in the meantime. */
  refresh(): void {
    this.markers = undefined;
  }

  private async markersAbout(digest: string): Promise<Marker[]> {
    this.markers ??= this.readMarkers();
    return (await this.markers).filter((marker) => marker.digest === digest && this.isAboutImage(marker));
  }

  private isAboutImage({ key, kind }: Marker): boolean {
    return kind === 'refused' ? key.startsWith(`${this.hash}.`) : kind === 'released' && key === this.key;
  }

  /** The full values count: the hashes in a tag are short enough to find two images with the same one. */
  private isInForce({ digest, kind }: Marker, facts: Readonly<Record<string, unknown>>, lock: LockPolicy | undefined): boolean {
    const expected = { kind, digest, tag: this.tag, image: this.image.source, repository: this.image.repository };
    if (!Object.entries(expected).every(([name, value]) => facts[name] === value)) return false;
    const current = lockState(lock, this.tag);
    return current === digest || facts[DECISION_FACTS.LOCK] === current;
  }

  private decision(marker: Marker, facts: Readonly<Record<string, unknown>>): ReadDecision {
    const { kind, seconds } = marker;
    const text = (name: string, maxLength: number) => typeof facts[name] === 'string' ? sanitizeLine(facts[name], maxLength) : '';
    return {
      decision: kind as ReadDecision['decision'],
      by: text(DECISION_FACTS.BY, MAX_PRINCIPAL_LENGTH) || 'unknown principal',
      reason: text(DECISION_FACTS.REASON, MAX_REASON_LENGTH) || 'no reason',
      at: formatTime(seconds * 1000),
      seconds,
      marker: markerTag(marker),
    };
  }

  private async readFacts(marker: Marker): Promise<Readonly<Record<string, unknown>>> {
    const { client, context } = this;
    try {
      return markerAnnotations(await lookUp(context, client, () => client.manifest(markerTag(marker))));
    } catch (error) {
      // It was deleted or archived after it was listed. A refusal is in force all the same.
      if (error instanceof MirrorError && error.reason === 'not-found') return {};
      throw error;
    }
  }

  private async readMarkers(): Promise<readonly Marker[]> {
    const { client, context: { retryContext } } = this;
    const list = this.listImages ?? imageLister(client.endpoint.registry) ?? (() => listTagsOnly(client, retryContext));
    const tags = (await list(client.repository, retryContext)).flatMap((image) => image.tags);
    const markers = tags.flatMap((tag) => parseMarkerTag(tag) ?? []);
    const latest = Math.floor(Date.now() / 1000) + MAX_CLOCK_DIFFERENCE;
    const future = markers.find((marker) => marker.seconds > latest && this.isAboutImage(marker));
    if (future === undefined) return markers;
    const problem = `${client.repository}:${markerTag(future)} is of ${formatTime(future.seconds * 1000)}, which is in the future`;
    throw new MirrorError('registry-error', `${problem}, so the order of decisions is not known; check the clock of the build, or delete this image`);
  }
}

/** At the same time, a refusal is the last decision. */
function newestFirst(one: Marker, other: Marker): number {
  return other.seconds - one.seconds || (one.kind === 'refused' ? -1 : 1);
}

function digestOfText(text: string): string {
  return digestOf(Buffer.from(text, 'utf8'));
}
