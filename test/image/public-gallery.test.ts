import { isKnownToPublicGallery } from '../../src/image/registry-hosts';

test.each(['us-east-1', 'eu-west-1', 'eu-central-2', 'ap-southeast-2', 'il-central-1', 'ca-west-1', 'mx-central-1', ''])('the gallery knows credentials of %j', (region) => {
  expect(isKnownToPublicGallery(region)).toBe(true);
});

test.each([
  'cn-north-1', 'cn-northwest-1', 'us-gov-west-1', 'us-gov-east-1', 'us-iso-east-1', 'us-isob-east-1', 'us-isof-south-1', 'eu-isoe-west-1', 'eusc-de-east-1',
])('the gallery does not know credentials of %j', (region) => {
  expect(isKnownToPublicGallery(region)).toBe(false);
});
