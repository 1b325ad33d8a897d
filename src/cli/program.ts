import { Command, InvalidArgumentError, Option } from 'commander';
import type { CheckAppOptions } from './commands/check-app';
import { readImagePairs } from './commands/image-pairs';
import { mirrorCommand, MirrorCommandOptions } from './commands/mirror-command';
import type { StartCommandOptions } from './commands/start-command';
import { isUsageError, UsageError } from './usage-error';
import { MAX_DEADLINE_SECONDS } from '../engine/configuration';
import { TAG_MOVED_POLICIES } from '../image/contract/environment';
import { parsePlatform, Platform, platformTagsProblem } from '../image/platform';
import { escapeControlCharacters } from '../image/sanitize';

const POLICY_WORDS = TAG_MOVED_POLICIES.map((policy) => policy.toLowerCase());

/** The command line, ready to be given arguments; `exit` is told the exit code. */
export function program(version: string, exit: (code: number) => void): Command {
  const root = new Command('cdk-ecr-mirror')
    .description('Copies container images between registries, byte for byte, all platforms, without Docker.')
    .version(version)
    .showHelpAfterError('(see "cdk-ecr-mirror --help")');
  mirroring(root, 'copy', 'Copies images with all their platforms, unless the target has them already.', false, exit);
  mirroring(root, 'check', 'Tells what copy would do, and changes nothing.', true, exit);
  starting(root, exit);
  return root;
}

function mirroring(root: Command, name: string, description: string, dryRun: boolean, exit: (code: number) => void): void {
  const command = subcommand(root, name)
    .description(description)
    .argument('[images...]', 'SOURCE TARGET; or several sources and a place that ends with "/", for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/')
    .option('--from-file <file>', 'read more images from a file ("-" for standard input): SOURCE TARGET on each line, or SOURCE with a place as argument')
    .option('--catalog <file>', `mirror the images of a catalog ("-" for standard input) to a place as argument${dryRun ? '; with --app it stands for a list that is not part of the app' : ''}`)
    .option('--json', 'print one JSON object on stdout, and nothing else there')
    .option('--quiet', 'tell nothing while it runs')
    .option('--plain-http', 'speak HTTP without TLS to registries named by an address, a bare name or a port')
    .option('--platform <platforms>', 'only these platforms, for example linux/amd64,linux/arm64; the digest is then a new one', readPlatforms)
    .option('--platform-tags <platforms>', 'a tag of its own for each of these platforms, for those who take no index, as AWS Lambda: 1.0.0-linux-arm64', readPlatforms)
    .option('--no-referrers', 'leave signatures and other referrers behind')
    .addOption(new Option('--tag-kind <kind>', 'whether the target tag names one image for ever (default: judged by its form)').choices(['fixed', 'floating']))
    .addOption(new Option('--on-tag-moved <policy>', 'what to do when a fixed tag names another image upstream')
      .choices(POLICY_WORDS).argParser(readPolicy).default(TAG_MOVED_POLICIES[0], POLICY_WORDS[0]))
    .option('--timeout <seconds>', 'give up after this time', readSeconds, 3600);
  if (dryRun) {
    command
      .option('--app <folder>', 'check every image of a synthesized CDK app instead, for example cdk.out')
      .option('--registry <host>', 'with --app: look in this registry instead of the one that the app names');
  }
  acting(command, exit, (words, options: CommandOptions) => run(words, options, dryRun));
}

function starting(root: Command, exit: (code: number) => void): void {
  const command = subcommand(root, 'start')
    .description('Starts builds of a deployed mirror now, as its schedules would, follows their logs, and tells the results.')
    .argument('[images...]', 'images of the mirror by any spelling, for example nginx:stable, and catalogs by where they are, ssm:/platform/images or s3://bucket/key')
    .option('--all', 'all images and catalogs that the stack defines')
    .option('--stack <name>', 'the CloudFormation stack that defines them (default: that of the only mirror in the account and Region)')
    .option('--project <name>', "the mirror's CodeBuild project, where there are several and the stack does not tell which")
    .option('--no-wait', 'print which builds were started, and do not follow them')
    .option('--json', 'print one JSON object on stdout, and nothing else there')
    .option('--quiet', 'tell nothing while it runs');
  acting(command, exit, async (words, options: StartCommandOptions) => {
    // Loaded only here, and bundled apart: the other commands do not wait for the AWS SDK.
    const { startCommand } = await import('./commands/start-command.js');
    return startCommand(words, options);
  });
}

/** Its errors point to its help in one line: all of it would bury them. */
function subcommand(root: Command, name: string): Command {
  return root.command(name).showHelpAfterError(`(see "cdk-ecr-mirror ${name} --help")`);
}

function acting<Options>(command: Command, exit: (code: number) => void, act: (words: string[], options: Options) => Promise<number>): void {
  command.action(async (words: string[], options: Options) => {
    try {
      exit(await act(words, options));
    } catch (error) {
      if (!isUsageError(error)) throw error;
      command.error(`error: ${escapeControlCharacters(error.message)}`);
    }
  });
}

type CommandOptions = MirrorCommandOptions & Partial<CheckAppOptions> & { readonly fromFile?: string };

async function run(words: string[], options: CommandOptions, dryRun: boolean): Promise<number> {
  const { app, catalog, fromFile, platform, platformTags } = options;
  const problem = platformTags && platformTagsProblem(platformTags, platform);
  if (problem) throw new UsageError(`--platform-tags: ${problem}`);
  if (app === undefined && catalog !== undefined) {
    refuseBesideCatalog(options);
    // What reads catalogs is loaded only here.
    const { catalogCommand } = await import('./commands/catalog-command.js');
    return catalogCommand(words, { ...options, catalog }, dryRun);
  }
  if (app === undefined) return mirrorCommand(readImagePairs(words, fromFile), options, dryRun);
  if (words.length > 0 || fromFile !== undefined) throw new UsageError('--app takes its images from the app; name no others');
  const { checkApp } = await import('./commands/check-app.js');
  return checkApp({ ...options, app });
}

/** Each entry of a catalog says these by itself. */
function refuseBesideCatalog({ fromFile, platform, platformTags, referrers, tagKind }: CommandOptions): void {
  const given = Object.entries({ '--from-file': fromFile, '--platform': platform, '--platform-tags': platformTags, '--tag-kind': tagKind, '--no-referrers': referrers ? undefined : true });
  const [option] = given.find(([, value]) => value !== undefined) ?? [];
  if (option !== undefined) throw new UsageError(`--catalog and ${option} contradict each other, for the entries of a catalog say what is meant; leave one of them out`);
}

function readPolicy(text: string): string {
  const policy = TAG_MOVED_POLICIES.find((one) => one.toLowerCase() === text);
  if (policy === undefined) throw new InvalidArgumentError(`Allowed choices are ${POLICY_WORDS.join(', ')}.`);
  return policy;
}

function readPlatforms(text: string): Platform[] {
  return text.split(',').map((part) => {
    const platform = parsePlatform(part.trim());
    if (platform === undefined) throw new InvalidArgumentError('It is a list such as linux/amd64,linux/arm64.');
    return platform;
  });
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || seconds < 1 || seconds > MAX_DEADLINE_SECONDS) {
    throw new InvalidArgumentError(`It is a whole number of seconds, 1 to ${MAX_DEADLINE_SECONDS}.`);
  }
  return seconds;
}
