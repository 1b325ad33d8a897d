import { GetLifecyclePolicyPreviewCommand, StartLifecyclePolicyPreviewCommand } from '@aws-sdk/client-ecr';
import { singleImage } from '../../test/support/fixture-images';
import type { Check, Context } from '../check';
import { pushImage, pushManifest } from '../probes/push';

/** The tags of three images, oldest first. Builds write such tags for images that nothing needs, and for images that a tag names again. */
const IMAGES = [['mirror.expired.1', 'mirror.kept.1'], ['mirror.expired.2'], ['mirror.expired.3']] as const;

/**
 * The rules of a mirror, with a count instead of an age: a new image is not old enough for an age.
 *
 * The image of the second rule that is oldest also has a tag of the first rule, so no later rule expires it.
 */
const POLICY = JSON.stringify({
  rules: [['mirror.kept.*', 100_000], ['mirror.expired.*', 1]].map(([pattern, countNumber], index) => ({
    rulePriority: index + 1,
    selection: { tagStatus: 'tagged', tagPatternList: [pattern], countType: 'imageCountMoreThan', countNumber },
    action: { type: 'expire' },
  })),
});

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html */
export const lifecyclePreview: Check = {
  id: 'lifecycle-preview',
  section: 'Amazon ECR',
  assumption: 'A lifecycle rule for `mirror.expired.*` expires marked images, except images that also have a tag `mirror.kept.*` of a rule with a higher priority.',
  expected: 'expires mirror.expired.2',
  otherwise: 'Images that nothing needs stay, or images that a tag names again expire.',
  dollars: 0,
  minutes: 1,
  local: true,
  async run(context) {
    const { ecr, names: { mutable: repositoryName }, pause, registry } = context;
    const client = await registry(repositoryName);
    for (const [first, ...others] of IMAGES) {
      const image = singleImage({ seed: first });
      await pushImage(client, image, first);
      for (const tag of others) await pushManifest(client, image, tag);
      await pause(2);
    }
    await ecr.send(new StartLifecyclePolicyPreviewCommand({ repositoryName, lifecyclePolicyText: POLICY }));
    const expired = await previewedTags(context);
    return { seen: expired.length === 0 ? 'expires nothing' : `expires ${expired.sort().join(', ')}` };
  },
};

async function previewedTags({ ecr, names: { mutable: repositoryName }, pause, signal }: Context): Promise<string[]> {
  for (;;) {
    const { previewResults = [], status } = await ecr.send(new GetLifecyclePolicyPreviewCommand({ repositoryName }), { abortSignal: signal });
    if (status === 'COMPLETE') return previewResults.flatMap(({ imageTags = [] }) => imageTags);
    if (status !== 'IN_PROGRESS') throw new Error(`the preview has the status ${status}`);
    await pause(5);
  }
}
