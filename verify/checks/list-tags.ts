import { singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { pushImage } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html */
export const listTags: Check = {
  id: 'list-tags',
  section: 'Amazon ECR',
  assumption: 'The permissions ecr:ListImages and ecr:GetAuthorizationToken are sufficient to list tags with the registry API.',
  expected: 'the list has the tag',
  otherwise: 'A tag filter for images of another repository in Amazon ECR fails with the reason "unauthorized".',
  dollars: 0,
  minutes: 0.3,
  local: false,
  async run({ names, registry }) {
    await pushImage(await registry(names.mutable), singleImage({ seed: 'listed' }), 'listed');
    const { tags } = await (await registry(names.mutable, 'ListerRole')).tagPage();
    return { seen: tags.includes('listed') ? 'the list has the tag' : 'the list lacks the tag' };
  },
};
