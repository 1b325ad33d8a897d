import { mirrorStack } from '../support/mirror-stack';

test.each(['nginx:mirror.expired.0123456789ab', 'quay.io/team/app:mirror.previous.stable.1', 'nginx:mirror.'])('%s has a tag that is reserved for retention', (image) => {
  expect(() => mirrorStack().mirror.addImage(image)).toThrow(/mirror\.[^ ]*": tags that start with "mirror\." are reserved .*; mirror the image by its digest instead/);
});

test.each(['nginx:mirror', 'nginx:mirror-1', 'nginx:1.mirror.2'])('%s has a tag like any other', (image) => {
  expect(() => mirrorStack().mirror.addImage(image)).not.toThrow();
});
