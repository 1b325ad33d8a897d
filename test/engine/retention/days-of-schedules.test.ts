/**
 * 120 days of schedules, moving tags, deployments, and lifecycle rules: the engine against the local Amazon ECR with a virtual clock.
 *
 * A service is pinned to the digest of its last deployment, as Amazon ECS pins it. It must find this image on each day.
 * Set RANDOM_CASES=full for more seeds.
 */
import { Duration } from 'aws-cdk-lib';
import { readConfiguration } from '../../../src/engine/configuration';
import { planRequest } from '../../../src/engine/mirror-plan';
import type { MirrorResult } from '../../../src/engine/result';
import { seededBytes } from '../../support/fixture-blob';
import { FixtureImage, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { applyLifecyclePolicy, parseLifecyclePolicy } from '../../support/lifecycle-policy';
import { requestOf } from '../../support/mirror-request';
import { mirrorStack } from '../../support/mirror-stack';
import { randomCases } from '../../support/random-cases';
import { MIRROR, UpstreamAndImages } from '../../support/upstream-and-images';

const DAY = 24 * 60 * 60 * 1000;
const DAYS = 120;

/** The lifecycle policy that a mirror gives to the repository of a floating tag. Untagged images expire as early as possible. */
function policyOfTemplate() {
  const { mirror, deploy } = mirrorStack({ untaggedImageExpiry: Duration.days(1) });
  mirror.addImage('nginx:stable');
  const template = deploy();
  return parseLifecyclePolicy(template.properties(template.ids('AWS::ECR::Repository')[0]).LifecyclePolicy.LifecyclePolicyText);
}

const POLICY = policyOfTemplate();

/** A generator of random numbers from a seed. */
function randomFrom(seed: number): () => number {
  let count = 0;
  return () => seededBytes(`${seed} ${count++}`, 4).readUInt32BE() / 2 ** 32;
}

/** A service that runs the image that a tag named at its last deployment. */
class Service {
  digest?: string;
  deployedAt = -1;

  /** @param interval the days between deployments; Infinity for a service that is deployed once */
  constructor(readonly tag: string, private readonly firstDay: number, private readonly interval: number) {}

  follow(day: number, digest: string | undefined): void {
    const isDue = day === this.firstDay || (day > this.firstDay && day - this.deployedAt >= this.interval);
    if (!isDue || digest === undefined) return;
    this.digest = digest;
    this.deployedAt = day;
  }
}

/** The names of the floating tags, and whether each moves on a day. `random` is a number from 0 to 1. */
const TAGS: Readonly<Record<string, (day: number, random: number) => boolean>> = {
  nightly: () => true,
  weekly: (day) => day % 7 === 0,
  stable: (day) => day === 0 || day === 45,
  edge: (_day, random) => random < 0.4,
};

/** An upstream repository, its mirror, and the services that run its images. */
class Simulation {
  readonly mirror: UpstreamAndImages;
  readonly services: Service[];
  /** The results of each run, by day. */
  readonly results: MirrorResult[][] = [];
  /** The number of images in the repository, by day. */
  readonly sizes: number[] = [];
  private readonly random: () => number;
  private readonly images = new Map<string, FixtureImage[]>();

  constructor(seed: number, private readonly keepPrevious: number, options: { readonly tagsRenewPushTime?: boolean } = {}) {
    this.random = randomFrom(seed);
    const exclusionFilters = Object.keys(TAGS);
    this.mirror = new UpstreamAndImages({ imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters }, options);
    this.services = Object.keys(TAGS).flatMap((tag) => [
      new Service(tag, 0, Infinity),
      new Service(tag, Math.floor(this.random() * 40), Infinity),
      new Service(tag, 3, 1 + Math.floor(this.random() * 30)),
    ]);
  }

  /** Plays one day: upstream moves, schedules run, services are deployed, and lifecycle rules are evaluated. */
  async play(day: number): Promise<void> {
    for (const [tag, moves] of Object.entries(TAGS)) if (moves(day, this.random())) this.move(tag, day);
    const { clock, ecr, upstream } = this.mirror;
    const plan = Object.keys(TAGS).filter((tag) => upstream.tagDigest('app', tag) !== undefined).map((tag) => {
      const options = { keepPrevious: this.keepPrevious, referrers: false };
      return planRequest(requestOf(`${upstream.host}/app:${tag}`, `${ecr.host}/${MIRROR}:${tag}`, options));
    });
    this.results.push(await this.mirror.runAll(plan));
    for (const service of this.services) service.follow(day, this.mirror.digest(service.tag));
    clock.pass(DAY);
    applyLifecyclePolicy(POLICY, ecr.images(MIRROR), clock.now());
    this.sizes.push(ecr.repository(MIRROR).manifests.size);
  }

  /** The services that could not start a task now. */
  get broken(): string[] {
    const { manifests } = this.mirror.ecr.repository(MIRROR);
    return this.services.filter(({ digest }) => digest !== undefined && !manifests.has(digest)).map(({ tag }) => tag);
  }

  /** Moves a tag to a new image; sometimes to an older one of it, or to the image of another tag. */
  private move(tag: string, day: number): void {
    const own = this.images.get(tag) ?? [];
    const others = [...this.images.values()].flat();
    const kind = this.random();
    const old = kind < 0.1 ? own : kind < 0.25 ? others : [];
    const seed = `${tag} ${day}`;
    const image = old[Math.floor(this.random() * old.length)]
      ?? (day % 5 === 0 ? multiPlatformImage({ seed, layers: 1, layerBytes: 50 }) : singleImage({ seed, layers: 1, layerBytes: 50 }));
    this.images.set(tag, [...own, image]);
    this.mirror.upstream.push('app', tag, image);
  }
}

async function simulate(simulation: Simulation, days: number, check: (day: number) => void): Promise<void> {
  await simulation.mirror.start();
  try {
    for (let day = 0; day < days; day++) {
      await simulation.play(day);
      check(day);
    }
    expect(simulation.mirror.errors).toEqual([]);
  } finally {
    await simulation.mirror.close();
  }
}

const SEEDS = Array.from({ length: randomCases(5) }, (_, index) => index + 1);

test.each(SEEDS)('no image that a service runs is ever lost in 120 days, and nothing fails (seed %i)', async (seed) => {
  const simulation = new Simulation(seed, 150);
  await simulate(simulation, DAYS, (day) => expect([day, simulation.broken]).toEqual([day, []]));
  const results = simulation.results.flat();
  expect(results.filter(({ outcome, warnings }) => outcome === 'failed' || warnings !== undefined)).toEqual([]);
  expect(results.filter(({ tag, outcome }) => tag === 'stable' && outcome === 'copied')).toHaveLength(2);
}, 600_000);

test('without previous images, services lose their images: the simulation can fail', async () => {
  const simulation = new Simulation(1, 0);
  const broken = new Set<string>();
  await simulate(simulation, 50, () => simulation.broken.forEach((tag) => broken.add(tag)));
  expect([...broken]).toEqual(expect.arrayContaining(['nightly', 'stable']));
}, 600_000);

test.each([
  ['that of the image', DAYS, { tagsRenewPushTime: false }], ['that of its last tag', 50, { tagsRenewPushTime: true }],
] as const)('with few previous images, storage stays bounded, and slow tags keep theirs (the time of the push is %s)', async (_time, days, options) => {
  const keep = 4;
  const simulation = new Simulation(2, keep, options);
  // Of each tag: its image, the previous images, one that is marked and waits for its day, and the platforms of each.
  const most = Object.keys(TAGS).length * (keep + 3) * 3;
  await simulate(simulation, days, (day) => {
    expect(simulation.sizes.at(-1)).toBeLessThanOrEqual(most);
    expect([day, simulation.broken.filter((tag) => tag === 'stable')]).toEqual([day, []]);
  });
  expect(simulation.sizes.at(-1)).toBeLessThan(simulation.results.flat().filter(({ outcome }) => outcome === 'copied').length);
}, 600_000);

describe('a filter that keeps versions', () => {
  const [LATEST, KEPT] = [3, 5];
  /** Versions in the order of their release, with backports. */
  const RELEASES = [
    '1.20.0', '1.21.0', '1.22.0', '1.22.1', '1.23.0', '1.21.1', '1.24.0', '1.25.0', '1.25.1', '1.24.1', '1.23.1', '1.26.0', '1.25.2', '1.27.0',
  ];

  test('has exactly the newest versions on each day, copies each version once, and is as small on the last day as on the first', async () => {
    const mirror = await new UpstreamAndImages({ imageTagMutability: 'IMMUTABLE' }).start();
    const image = (version: string) => singleImage({ seed: version, layers: 1, layerBytes: 50 });
    const versions = () => [...mirror.ecr.repository(MIRROR).tags.keys()].filter((tag) => /^1\./.test(tag));
    const byVersion = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true });
    const copied: string[] = [];
    for (const version of RELEASES.slice(0, 5)) mirror.upstream.push('app', version, image(version));
    const variables = { TAGS: `{"semver":"1.x","latest":${LATEST}}`, KEEP_VERSIONS: String(KEPT), REPOSITORY: MIRROR, MIRROR_REGISTRY: mirror.ecr.host };
    for (let day = 0; day < DAYS; day++) {
      const release = day % 13 === 12 ? RELEASES[5 + Math.floor(day / 13)] : undefined;
      if (release !== undefined) mirror.upstream.push('app', release, image(release));
      const configuration = readConfiguration({ IMAGE: `${mirror.upstream.host}/app`, REFERRERS: 'false', ...variables });
      const results = await mirror.runAll([{ configuration }]);
      copied.push(...results.filter(({ outcome }) => outcome === 'copied').map(({ tag }) => tag!));
      mirror.clock.pass(2 * DAY);
      applyLifecyclePolicy(POLICY, mirror.ecr.images(MIRROR), mirror.clock.now());
      expect(versions().sort(byVersion)).toEqual([...copied].sort(byVersion).slice(0, KEPT));
      expect(mirror.ecr.repository(MIRROR).manifests.size).toBeLessThanOrEqual(KEPT);
    }
    expect(new Set(copied).size).toBe(copied.length);
    // The backport 1.21.1 was never among the newest three; 1.24.1, 1.23.1 and 1.25.2 were released after newer versions.
    expect(copied).not.toContain('1.21.1');
    expect(versions().sort(byVersion).slice(0, 3)).toEqual(['1.27.0', '1.26.0', '1.25.2']);
    expect(mirror.errors).toEqual([]);
    await mirror.close();
  }, 600_000);
});
