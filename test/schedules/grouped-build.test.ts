/** A build of several images, from the schedule of a synthesized template to Amazon ECR, with the project's own commands and the bundled engine. */
import { singleImage } from '../support/fixture-images';
import { UPSTREAM } from '../support/local-account';
import { LocalMirror } from '../support/local-mirror';

const image = (name: string) => `${UPSTREAM}/team/${name}`;

let mirror: LocalMirror;

afterEach(async () => {
  expect(mirror.errors()).toEqual([]);
  await mirror.close();
});

test('one build mirrors all images of a schedule; one that fails does not stop the others, and has its own result and event', async () => {
  mirror = await LocalMirror.deploy((grouped) => {
    for (const name of ['a:1.0.0', 'missing:1.0.0', 'b:stable']) grouped.addImage(image(name));
    grouped.addImage(image('b:stable'), { repositoryName: 'team/b', dockerfileLines: ['ENV TEAM=platform'] });
  }, { groupRuns: true });
  for (const name of ['a:1.0.0', 'b:stable']) mirror.account.upstream.push(`team/${name.split(':')[0]}`, name.split(':')[1], singleImage({ seed: name }));
  mirror.account.upstream.repository('team/missing');
  await mirror.runSchedules();
  const [build] = mirror.builds;
  expect(mirror.builds.filter((one) => !mirror.customBuilds.includes(one))).toHaveLength(1);
  expect(mirror.customBuilds).toHaveLength(1);
  expect((await build.running.ended).status).toBe('FAILED');
  const outcomes = Object.fromEntries(mirror.results([build]).map(({ target, outcome }) => [String(target).replace(/^[^/]+\//, ''), outcome]));
  expect(outcomes).toEqual({
    [`mirror/${UPSTREAM}/team/a:1.0.0`]: 'copied',
    [`mirror/${UPSTREAM}/team/missing:1.0.0`]: 'failed',
    [`mirror/${UPSTREAM}/team/b:stable`]: 'copied',
    'team/b:stable': 'copied',
  });
  expect(mirror.account.ecr.repository('team/b').find('stable')?.digest).toBe(singleImage({ seed: 'b:stable' }).digest);
  const told = mirror.account.events.events.map(({ detailType, detail }) => [detailType, detail.source]);
  expect(told).toEqual(expect.arrayContaining([['Image Mirrored', image('a:1.0.0')], ['Image Mirror Failed', image('missing:1.0.0')]]));
});
