import type { DecisionRequest } from './decision-request';
import { readServingTags, ServingTags } from './serving-tags';
import { heldTagPrefix, imageKey, Marker, parseMarkerTag } from '../../image/admission/quarantine';
import type { RecordedDecision } from '../../image/contract/decision-result';
import { familiarImageReference, formatImageReference, shortDigest } from '../../image/image-reference';
import { DECISION_FACTS, DecisionReader } from '../admission/decisions';
import { MarkerContext, putMarker } from '../admission/marker-manifest';
import { formatTime } from '../admission/minimum-age';
import { quarantinedImage } from '../admission/quarantine-markers';
import { sharedLimits } from '../copy/copy-context';
import { digestOf } from '../digest';
import { readTags } from '../list-tags';
import { MirrorError } from '../mirror-error';
import { RegistryTools, RepositoryAccess } from '../registry/repository-access';
import { ImageLister, imageLister } from '../retention/repository-images';
import { untilAborted } from '../run-signal';

/** The tools to record a decision. */
export interface DecisionTools extends RegistryTools {
  /** Lists the images of a repository. @default - the API of Amazon ECR, for its registries */
  readonly listImages?: ImageLister;
}

/** Attempts to put a marker. Another build may put one for the same second. */
const MAX_TRIES = 3;

/** The digits of a digest in the tag of an image in quarantine. */
const HELD_DIGITS = 48;

/**
 * Records the decision of a person.
 *
 * @throws MirrorError when a released image is not in quarantine, and when the decision can't be recorded
 */
export async function recordDecision(request: DecisionRequest, tools: DecisionTools): Promise<RecordedDecision> {
  const access = new RepositoryAccess(tools);
  try {
    return await untilAborted(access.retryContext.signal, new DecisionTask(request, tools, access).run());
  } finally {
    access.close();
  }
}

class DecisionTask {
  private readonly key: string;
  private readonly limits = sharedLimits();

  constructor(private readonly request: DecisionRequest, private readonly tools: DecisionTools, private readonly access: RepositoryAccess) {
    const { target: { tag } } = request;
    this.key = imageKey({ ...quarantinedImage(request), tag }, (text) => digestOf(Buffer.from(text, 'utf8')));
  }

  async run(): Promise<RecordedDecision> {
    const { by, digest, kind, reason, source, target: { repository, tag } } = this.request;
    if (kind === 'released') await this.requireInQuarantine();
    const seconds = await this.putDecision();
    const decision = { decision: kind, source: formatImageReference(source), repository, tag, digest, by, reason, at: formatTime(seconds * 1000) };
    if (kind === 'released') return { ...decision, message: `the next run of ${familiarImageReference(source)} serves ${shortDigest(digest)}` };
    return { ...decision, ...await this.servedBy() };
  }

  /** A release can only be about an image that a run has seen and held: a wrong digest would be released without a notice otherwise. */
  private async requireInQuarantine(): Promise<void> {
    const { digest, quarantine, source } = this.request;
    const tags = await this.listTags(quarantine);
    const held = `${heldTagPrefix(this.key)}${digest.replace('sha256:', '').slice(0, HELD_DIGITS)}.`;
    const seen = tags.flatMap((tag) => parseMarkerTag(tag) ?? []).filter((marker) => marker.key === this.key);
    if (tags.some((tag) => tag.startsWith(held)) || seen.some((marker) => marker.digest === digest)) return;
    const digests = [...new Set(seen.sort((one, other) => other.seconds - one.seconds).map((marker) => marker.digest))].slice(0, 3);
    const others = digests.length === 0 ? 'no image of this tag' : digests.join(', ');
    throw new MirrorError('not-found', `${quarantine} does not have ${digest} for ${formatImageReference(source)}, so it cannot be released; it has `
      + `${others}. Use the digest that the result of a run has in sourceDigest, with the repository and the tag of the mirror`);
  }

  /** Puts the marker of the decision. It is later than the last decision, so that the last one wins. Returns its time. */
  private async putDecision(): Promise<number> {
    const { by, decisions, digest, kind, lock, reason, target } = this.request;
    const context = this.contextOf(decisions, 'pull,push');
    const facts = { [DECISION_FACTS.BY]: by, [DECISION_FACTS.REASON]: reason, [DECISION_FACTS.LOCK]: lock };
    const reader = new DecisionReader(context, this.request, context.target, this.tools.listImages);
    for (let attempt = 1; ; attempt++) {
      const seconds = Math.max(Math.floor(Date.now() / 1000), await reader.latest(digest) + 1);
      const marker: Marker = { kind, key: this.key, seconds, digest };
      try {
        await putMarker(context, { marker, image: quarantinedImage(this.request), tag: target.tag, facts });
        this.tools.progress.line(`${kind} ${formatImageReference(this.request.source)}@${digest} by ${by}`);
        return seconds;
      } catch (error) {
        const isTaken = error instanceof MirrorError && error.reason === 'immutable-tag';
        if (!isTaken || attempt === MAX_TRIES) throw error;
        reader.refresh();
      }
    }
  }

  /** The tags that serve a refused image. They are not needed for the refusal, so a problem is only a part of its message. */
  private async servedBy(): Promise<Pick<RecordedDecision, 'message' | 'servedBy'>> {
    const { digest, source, target: { repository } } = this.request;
    const held = `runs of ${familiarImageReference({ ...source, tag: undefined })} hold ${shortDigest(digest)} under each tag`;
    try {
      const serving = await readServingTags(this.contextOf(repository, 'pull'), digest, this.tools.listImages);
      return { servedBy: serving.tags, message: `${held}; ${servingMessage(repository, serving)}` };
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      return { message: `${held}; it is not known which tags of ${repository} serve it now: ${error.message}` };
    }
  }

  private async listTags(repository: string): Promise<string[]> {
    const { retryContext } = this.access;
    const list = this.tools.listImages ?? imageLister(this.request.target.registry);
    if (list === undefined) return readTags(this.contextOf(repository, 'pull').target, retryContext);
    return (await list(repository, retryContext)).flatMap(({ tags }) => tags);
  }

  private contextOf(repository: string, permissions: 'pull' | 'pull,push'): MarkerContext {
    const { registry } = this.request.target;
    const { lookups, pace } = this.limits;
    return { lookups, pace, retryContext: this.access.retryContext, target: this.access.client({ registry, repository }, permissions) };
  }
}

/** A refusal moves no tag: workloads that run the image would lose it. */
function servingMessage(repository: string, { previous, tags }: ServingTags): string {
  if (tags.length === 0) return `no tag of ${repository} serves it`;
  const rollBack = [...previous].map(([tag, place]) => `${tag} to ${place}`);
  const remedy = rollBack.length === 0 ? 'remove these tags, or lock the image to another digest' : `move back ${rollBack.join(', ')}`;
  return `${tags.join(', ')} of ${repository} ${tags.length === 1 ? 'serves' : 'serve'} it and stay unchanged, so ${remedy}; `
    + 'see "Roll back" in docs/releasing-images.md';
}
