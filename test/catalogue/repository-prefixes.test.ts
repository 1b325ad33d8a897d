/** A mirror with a catalogue may fill all repositories under its prefixes, so those of others must be elsewhere. */
import { App, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalogue, ImageMirror } from '../../src';

const HERE = { account: '111122223333', region: 'eu-west-1' };

let app: App;
let stack: Stack;

beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform', { env: HERE });
});

const mirror = (id: string, repositoryPrefix?: string, scope = stack) => new ImageMirror(scope, id, { repositoryPrefix, images: ['nginx:1.27.0'] });

function addCatalogue(one: ImageMirror): void {
  one.addCatalogue('Teams', ImageCatalogue.fromParameter(ssm.StringListParameter.fromStringListParameterName(one, 'List', '/platform/images')));
}

describe.each([['mirror', 'mirror/prod'], ['mirror', 'mirror-floating'], ['mirror', 'mirror-floating/prod'], ['mirror/prod', 'mirror'], ['mirror', 'mirror']])('a mirror with a catalogue under %s and one under %s', (own, other) => {
  const words = /^the repository prefixes of the mirrors "Platform\/.*" \(".*"\) and "Platform\/.*" \(".*"\) contain each other, and a catalogue of "Platform\/Own" may fill all repositories under/;

  test('are refused when the catalogue is added', () => {
    const one = mirror('Own', own);
    mirror('Other', other);
    expect(() => addCatalogue(one)).toThrow(words);
  });

  test('are refused when the other mirror is defined afterwards, also in another stack', () => {
    addCatalogue(mirror('Own', own));
    expect(() => mirror('Other', other)).toThrow(words);
    expect(() => mirror('Other', other, new Stack(app, 'Team', { env: HERE }))).toThrow('contain each other');
  });

  test('are not refused where no list can reach the other', () => {
    mirror('Own', own);
    mirror('Other', other);
    addCatalogue(mirror('Elsewhere', 'teams'));
  });

  test('are not refused in another account or Region', () => {
    addCatalogue(mirror('Own', own));
    mirror('Other', other, new Stack(app, 'Account', { env: { ...HERE, account: '444455556666' } }));
    mirror('Other', other, new Stack(app, 'Region', { env: { ...HERE, region: 'eu-central-1' } }));
  });
});

test('prefixes that only begin alike are not refused', () => {
  addCatalogue(mirror('Own', 'mirror'));
  for (const [index, prefix] of ['mirrored', 'mirror-prod', 'mirror.prod', 'mirror-floatingly', 'prod/mirror'].entries()) addCatalogue(mirror(`Other${index}`, prefix));
});

test('the words say what is reached and what to do', () => {
  addCatalogue(mirror('Own'));
  expect(() => mirror('Other', 'mirror/prod')).toThrow('the repository prefixes of the mirrors "Platform/Other" ("mirror/prod") and "Platform/Own" ("mirror") contain each other, and a catalogue of "Platform/Own" '
    + 'may fill all repositories under "mirror/" and "mirror-floating/"; set another repositoryPrefix for one of them, for example "teams"');
});
