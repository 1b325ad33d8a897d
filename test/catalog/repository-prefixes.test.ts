/** A mirror with a catalog may fill all repositories under its prefixes, so those of others must be elsewhere. */
import { App, Stack, Stage } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror } from '../../src';

const HERE = { account: '111122223333', region: 'eu-west-1' };

let app: App;
let stack: Stack;

beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform', { env: HERE });
});

const mirror = (id: string, repositoryPrefix?: string, scope = stack) => new ImageMirror(scope, id, { repositoryPrefix, images: ['nginx:1.27.0'] });

function addCatalog(one: ImageMirror): void {
  one.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(one, 'List', '/platform/images')));
}

describe.each([['mirror', 'mirror/prod'], ['mirror', 'mirror-floating'], ['mirror', 'mirror-floating/prod'], ['mirror/prod', 'mirror'], ['mirror', 'mirror']])('a mirror with a catalog under %s and one under %s', (own, other) => {
  const words = /^the repository prefixes of the mirrors "Platform\/.*" \(".*"\) and "Platform\/.*" \(".*"\) overlap, but a catalog of "Platform\/Own" can create all repositories under/;

  test('are refused when the catalog is added', () => {
    const one = mirror('Own', own);
    mirror('Other', other);
    expect(() => addCatalog(one)).toThrow(words);
  });

  test('are refused when the other mirror is defined afterward, also in another stack', () => {
    addCatalog(mirror('Own', own));
    expect(() => mirror('Other', other)).toThrow(words);
    expect(() => mirror('Other', other, new Stack(app, 'Team', { env: HERE }))).toThrow('overlap');
  });

  test('are refused in two environment-agnostic stacks of one stage, and not in two stages', () => {
    const stage = new Stage(app, 'Production');
    addCatalog(mirror('Own', own, new Stack(stage, 'One')));
    mirror('Other', other, new Stack(new Stage(app, 'Staging'), 'One'));
    expect(() => mirror('Other', other, new Stack(stage, 'Other'))).toThrow('overlap');
  });

  test('are not refused where no list can reach the other', () => {
    mirror('Own', own);
    mirror('Other', other);
    addCatalog(mirror('Elsewhere', 'teams'));
  });

  test('are not refused in another account or Region', () => {
    addCatalog(mirror('Own', own));
    mirror('Other', other, new Stack(app, 'Account', { env: { ...HERE, account: '444455556666' } }));
    mirror('Other', other, new Stack(app, 'Region', { env: { ...HERE, region: 'eu-central-1' } }));
  });
});

test('prefixes that only begin alike are not refused', () => {
  addCatalog(mirror('Own', 'mirror'));
  for (const [index, prefix] of ['mirrored', 'mirror-prod', 'mirror.prod', 'mirror-floatingly', 'prod/mirror'].entries()) addCatalog(mirror(`Other${index}`, prefix));
});

test('the words say what is reached and what to do', () => {
  addCatalog(mirror('Own'));
  expect(() => mirror('Other', 'mirror/prod')).toThrow('the repository prefixes of the mirrors "Platform/Other" ("mirror/prod") and "Platform/Own" ("mirror") overlap, but a catalog of "Platform/Own" '
    + 'can create all repositories under "mirror/" and "mirror-floating/"; set another repositoryPrefix for one of them, for example "teams"');
});
