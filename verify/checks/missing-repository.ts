import { blobOf } from '../../test/support/fixture-blob';
import type { Check } from '../check';
import { answerTo, pushBlob } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html */
export const missingRepository: Check = {
  id: 'missing-repository',
  section: 'Amazon ECR',
  assumption: 'Without a creation template for its name, a push to a repository that doesn\'t exist is refused.',
  expected: 'refused',
  otherwise: 'A build could create a repository without the settings of the mirror.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.missing);
    return answerTo(() => pushBlob(client, blobOf('for a repository that does not exist')));
  },
};
