/** The owner and the last day of an image that an app declares. */
import { planCatalogImages } from '../../src/engine/catalog/catalog-plan';
import { planImage, readMirrorPlan } from '../../src/engine/mirror-plan';

const ENVIRONMENT = { MIRROR_REGISTRY: '111122223333.dkr.ecr.eu-west-1.amazonaws.com', MIRROR_REPOSITORY_PREFIX: 'mirror' };

function plan(variables: Record<string, string>, today = '2027-03-31') {
  const planned = planImage({ ...ENVIRONMENT, IMAGE: 'nginx:1.27.0', ...variables }, today);
  return 'result' in planned ? planned.result : planned.configuration.requestFor(planned.configuration.image);
}

test('the owner is in the request of the image', () => {
  expect(plan({ OWNER: 'Team Payments' })).toMatchObject({ owner: 'Team Payments' });
  expect(plan({})).toMatchObject({ owner: undefined });
});

test.each<[string, string[] | undefined]>([
  ['2027-04-15', undefined], ['2027-04-14', ['it expires on 2027-04-14, in 14 days']], ['2027-03-31', ['it expires on 2027-03-31, today']],
])('an image that expires on %s is mirrored on 2027-03-31, with the warnings %j', (EXPIRES, warnings) => {
  expect(plan({ EXPIRES })).toMatchObject({ source: { tag: '1.27.0' } });
  expect(plan({ EXPIRES }).warnings).toEqual(warnings);
});

test('an image whose last day is over fails as expired, and names its owner', () => {
  expect(plan({ EXPIRES: '2027-03-30', OWNER: 'team-payments' })).toMatchObject({
    source: 'docker.io/library/nginx:1.27.0',
    outcome: 'failed',
    reason: 'expired',
    owner: 'team-payments',
    message: 'docker.io/library/nginx:1.27.0 expired on 2027-03-30 and is not mirrored; remove the image, or set a later date',
  });
});

test('an expired image of a list does not stop the others', () => {
  const IMAGES = JSON.stringify([{ IMAGE: 'nginx:1.27.0', EXPIRES: '2020-01-01' }, { IMAGE: 'redis:7.4.0', OWNER: 'team-data' }]);
  expect(readMirrorPlan({ ...ENVIRONMENT, IMAGES }).images).toMatchObject([{ result: { reason: 'expired' } }, { configuration: {} }]);
});

test.each([
  ['OWNER', ' team', 'it must be 1 to 100 letters'], ['OWNER', 'a\u0007b', 'it must be 1 to 100 letters'], ['OWNER', 'x'.repeat(101), 'it must be 1 to 100 letters'],
  ['EXPIRES', '2027-02-30', 'it must be a date such as "2027-03-31"'], ['EXPIRES', 'tomorrow', 'it must be a date'], ['EXPIRES', '2027-3-1', 'it must be a date'],
])('the variable %s is not valid with the value %j', (name, value, problem) => {
  expect(() => plan({ [name]: value })).toThrow(problem);
});

describe('the owner of a catalog', () => {
  function ownersOf(text: string, OWNER: string) {
    const planned = planCatalogImages({ name: 'images.yaml', text, shard: { number: 1, of: 1 }, today: '2027-03-31' }, { ...ENVIRONMENT, OWNER });
    return planned.map((one) => 'result' in one ? one.result.owner : one.configuration.requestFor(one.configuration.image).owner);
  }

  test('is the owner of entries without an owner, also of those that fail', () => {
    const entries = ['"nginx:1.27.0"', '{ image: "redis:7.4.0", owner: team-data }', '"Bad"', '{ image: "a/b:1.0.0", expires: 2020-01-01 }'];
    expect(ownersOf(`images: [${entries.join(', ')}]`, 'platform')).toEqual(['platform', 'team-data', 'platform', 'platform']);
  });

  test('must be valid', () => {
    expect(() => ownersOf('images: [nginx]', 'a\nb')).toThrow('it must be 1 to 100 letters');
  });
});
