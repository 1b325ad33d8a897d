/**
 * The sample app at work, on one machine: no AWS account, no Docker, and no internet unless `--upstream` asks for it.
 *
 * Deploys the sample app into a local AWS: its own template says which repositories ECR has and which tags are immutable. Then plays
 * EventBridge and CodeBuild three times: every schedule starts a build with its own input, and every build runs the buildspec's own commands.
 * Only `docker`, which customizes an image, is a stand-in that makes one with the same labels. Then edits the app's catalog between two of its
 * runs, plays `cdk deploy` into an empty account, once with all images upstream and once with one of them missing, and lets upstream move to
 * images that the checks of another app hold.
 *
 *     npm run demo                 three rounds, a table after each, two runs of the catalog, two deployments, and three rounds with checks
 *     npm run demo -- --json       one JSON object on stdout, everything else on stderr
 *     npm run demo -- --upstream   all images come from the real registries, without deployments and checks; needs internet access
 *
 * Exits with 0 only if every round did what it must.
 */
import { parseArgs } from 'node:util';
import { playAdmission } from './admission-act';
import { CatalogRun, catalogProblems, describeCatalogRun, editList, listOf, playCatalog } from './catalog-run';
import { deploymentProblems, describeDeployment, playDeployment, PlayedDeployment, SAMPLE_APP } from './deployment';
import { problemsOf } from './expectations';
import { LocalAws } from './local-aws';
import { publishedImage } from './published-image';
import { describeRound, playRound, Round } from './round';
import { Outcome } from '../../src/engine/result';
import { ImageReference, parseImageReference } from '../../src/image/image-reference';
import { mirrorRepositoryName } from '../../src/image/repository-name';

/** The two tags that move before the third round. */
const FLOATING = 'docker.io/library/nginx:stable';
const FIXED = 'docker.io/library/logstash:7.11.2';

/** What the teams add to their list later: one more image, and one with a typing error. */
const ADDED = 'quay.io/prometheus/node-exporter:v1.8.2';
const MISSPELLED = 'ngnix:stable';

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false }, upstream: { type: 'boolean', default: false } } });

/** What people read; with `--json` it leaves stdout to the machine. */
function say(text = ''): void {
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
}

async function main(): Promise<number> {
  say('Deploying examples/sample-app into a local AWS: ECR, EventBridge, CodeBuild ...');
  const aws = await LocalAws.synthesize(SAMPLE_APP, options.upstream);
  try {
    return await playRounds(aws);
  } finally {
    await aws.close();
  }
}

async function playRounds(aws: LocalAws): Promise<number> {
  const images = aws.schedules.map(({ variables }) => parseImageReference(variables.IMAGE));
  const problems: string[] = [];
  const rounds: Round[] = [];
  const play = async (name: string, expected: (image: string) => Outcome) => {
    say(`\nRound ${rounds.length + 1}: ${name}\n`);
    const round = await playRound(aws, name);
    rounds.push(round);
    problems.push(...problemsOf(aws, round, expected));
    say(describeRound(round, aws));
  };

  for (const image of images) aws.upstream?.publish(image, publishedImage(image));
  await play('first copy', () => 'copied');
  await play('nothing changed', () => 'unchanged');

  moveTag(aws, parseImageReference(FLOATING));
  moveTag(aws, parseImageReference(FIXED));
  const afterMove: Record<string, Outcome> = { [FLOATING]: 'copied', [FIXED]: 'tag-moved' };
  const name = options.upstream
    ? 'tags that differ from upstream (nobody can move real upstream tags, so two were moved in the mirror)'
    : 'upstream moved a floating tag and a fixed one';
  await play(name, (image) => afterMove[image] ?? 'unchanged');

  say('\nPULLS are manifests fetched with GET, which Docker Hub counts; REQUESTS go to upstream + to the mirror; EXIT is the build\'s exit code.');
  const catalog = await playCatalogs(aws, problems);
  // Deployments need an upstream that lacks an image, so they are played with local registries only.
  const deployments = options.upstream ? [] : await playDeployments(aws, problems);
  // Nobody can move real upstream tags.
  const gated = options.upstream ? [] : await playAdmission({ say, problems });
  return conclude({ rounds, catalog, deployments, gated, problems });
}

/** The list of the teams, before and after they have edited it. */
async function playCatalogs(aws: LocalAws, problems: string[]): Promise<CatalogRun[]> {
  const first = listOf(aws);
  for (const image of [...first, ADDED].map((one) => parseImageReference(one))) aws.upstream?.publish(image, publishedImage(image));
  const runs: CatalogRun[] = [];
  const play = async (name: string, expected: Outcome[]) => {
    say(`\nThe teams' catalog: ${name}\n`);
    const run = await playCatalog(aws, name);
    runs.push(run);
    problems.push(...catalogProblems(run, expected, aws));
    say(describeCatalogRun(run, aws));
  };
  await play('as it was deployed', ['copied', 'copied']);
  editList(aws, [...first, MISSPELLED, ADDED]);
  await play('edited since, without a deployment', ['unchanged', 'unchanged', 'failed', 'copied']);
  return runs;
}

/** `cdk deploy`, well and not so well. */
async function playDeployments({ deployed: { assembly } }: LocalAws, problems: string[]): Promise<PlayedDeployment[]> {
  const deployments: PlayedDeployment[] = [];
  const plays: [string, string?][] = [['all images are upstream'], [`${FIXED} is missing upstream`, FIXED]];
  for (const [name, missing] of plays) {
    say(`\ncdk deploy into an empty account: ${name}\n`);
    const deployment = await playDeployment(name, assembly, missing);
    deployments.push(deployment);
    problems.push(...deploymentProblems(deployment, missing));
    say(describeDeployment(deployment));
  }
  return deployments;
}

/** All that was played. */
interface Report {
  readonly rounds: readonly Round[];
  readonly catalog: readonly CatalogRun[];
  readonly deployments: readonly PlayedDeployment[];
  /** The rounds of the app with checks. */
  readonly gated: readonly Round[];
  readonly problems: readonly string[];
}

/** A last line for people; with `--json` also one for programs. */
function conclude({ rounds, catalog, deployments, gated, problems }: Report): number {
  if (options.json) {
    const told = (played: readonly Round[]) => played.map(({ runs, ...round }) => ({ ...round, results: runs.map(({ result }) => result ?? null) }));
    process.stdout.write(`${JSON.stringify({ rounds: told(rounds), catalog, deployments, gated: told(gated), problems })}\n`);
  }
  const results = rounds.flatMap(({ runs }) => runs).filter(({ result }) => result !== undefined).length;
  const customized = rounds.flatMap((round) => round.customized).length;
  const counts = `${rounds.length} rounds, ${results} results, ${customized} customized image, ${catalog.length} runs of a catalog, `
    + `${deployments.length} deployments, ${gated.length} rounds with checks`;
  for (const problem of problems) say(`NOT AS EXPECTED: ${problem}`);
  say(`\n${counts}, ${problems.length === 0 ? 'all as expected' : `${problems.length} not as expected`}`);
  return problems.length === 0 ? 0 : 1;
}

/** Upstream moves a tag. Where upstream is real the mirror's tag is moved instead, past immutability, which has the same effect on a comparison. */
function moveTag(aws: LocalAws, reference: ImageReference): void {
  const other = publishedImage(reference, 'moved');
  if (aws.upstream) aws.upstream.publish(reference, other);
  else aws.ecr.push(mirrorRepositoryName(reference), reference.tag, other);
}

main().then((exitCode) => { process.exitCode = exitCode; }, (error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
