import { GetAccountSettingCommand } from '@aws-sdk/client-ecr';
import { singleImage } from '../../test/support/fixture-images';
import { Check, NotChecked } from '../check';
import { pushImage } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html */
export const blobMount: Check = {
  id: 'blob-mount',
  section: 'Amazon ECR',
  assumption: 'Without the account setting BLOB_MOUNTING, Amazon ECR answers a request to mount a layer with the start of an upload.',
  expected: 'an upload',
  otherwise: 'The build sends a second request for each such layer.',
  dollars: 0,
  minutes: 0.2,
  local: true,
  async run({ ecr, names, registry }) {
    const { value } = await ecr.send(new GetAccountSettingCommand({ name: 'BLOB_MOUNTING' }));
    if (value === 'ENABLED') throw new NotChecked('the account setting BLOB_MOUNTING is ENABLED, and a run changes no account setting');
    const image = singleImage({ seed: 'mounted' });
    await pushImage(await registry(names.mutable), image, 'mounted');
    const other = await registry(names.floating);
    await other.hasBlob(image.blobs[1].digest); // signs in, so that the next requests are counted correctly
    const before = other.requests;
    const upload = await other.startUpload({ digest: image.blobs[1].digest, from: names.mutable });
    if (upload === 'mounted') return { seen: 'mounted' };
    // After a refusal, the client starts an upload with a second request.
    const seen = other.requests - before === 1 ? 'an upload' : 'refused';
    await other.cancelUpload(upload).catch(() => undefined);
    return { seen };
  },
};
