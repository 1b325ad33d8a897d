import { Command, InvalidArgumentError, Option } from 'commander';
import { checkApp, CheckAppOptions } from './commands/check-app';
import { mirrorCommand, MirrorCommandOptions } from './commands/mirror-command';
import { readImagePairs, UsageError } from './image-pairs';
import { LONGEST_DEADLINE } from '../engine/configuration';
import { TAG_MOVED_POLICIES } from '../image/environment';
import { parsePlatform, Platform } from '../image/platform';
import { visibleText } from '../image/visible-text';

const POLICY_WORDS = TAG_MOVED_POLICIES.map((policy) => policy.toLowerCase());

/** The command line, ready to be given arguments; `exit` is told the exit code. */
export function program(version: string, exit: (code: number) => void): Command {
  const root = new Command('cdk-ecr-mirror')
    .description('Copies container images between registries, byte for byte, all platforms, without Docker.')
    .version(version)
    .showHelpAfterError();
  mirroring(root, 'copy', 'Copies images with all their platforms, unless the target has them already.', false, exit);
  mirroring(root, 'check', 'Tells what copy would do, and changes nothing.', true, exit);
  return root;
}

function mirroring(root: Command, name: string, description: string, dryRun: boolean, exit: (code: number) => void): void {
  const command = root
    .command(name)
    .description(description)
    .argument('[images...]', 'SOURCE TARGET; or several sources and a place that ends with "/", for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/')
    .option('--from-file <file>', 'read more images from a file ("-" for standard input): SOURCE TARGET on each line, or SOURCE with a place as argument')
    .option('--json', 'print one JSON object on stdout, and nothing else there')
    .option('--quiet', 'tell nothing while it runs')
    .option('--plain-http', 'speak HTTP without TLS to registries named by an address, a bare name or a port')
    .option('--platform <platforms>', 'only these platforms, for example linux/amd64,linux/arm64; the digest is then a new one', readPlatforms)
    .option('--no-referrers', 'leave signatures and other referrers behind')
    .addOption(new Option('--tag-kind <kind>', 'whether the target tag names one image for ever (default: judged by its form)').choices(['fixed', 'floating']))
    .addOption(new Option('--on-tag-moved <policy>', 'what to do when a fixed tag names another image upstream')
      .choices(POLICY_WORDS).argParser(readPolicy).default(TAG_MOVED_POLICIES[0], POLICY_WORDS[0]))
    .option('--timeout <seconds>', 'give up after this time', readSeconds, 3600);
  if (dryRun) {
    command
      .option('--app <folder>', 'check every image of a synthesised CDK app instead, for example cdk.out')
      .option('--registry <host>', 'with --app: look in this registry instead of the one that the app names');
  }
  command.action(async (words: string[], options: CommandOptions) => {
    try {
      exit(await run(words, options, dryRun));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      command.error(`error: ${visibleText(error.message)}`);
    }
  });
}

type CommandOptions = MirrorCommandOptions & Partial<CheckAppOptions> & { readonly fromFile?: string };

async function run(words: string[], options: CommandOptions, dryRun: boolean): Promise<number> {
  const { app, fromFile } = options;
  if (app === undefined) return mirrorCommand(readImagePairs(words, fromFile), options, dryRun);
  if (words.length > 0 || fromFile !== undefined) throw new UsageError('--app takes its images from the app; name no others');
  return checkApp({ ...options, app });
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
  if (!/^[0-9]{1,6}$/.test(text) || seconds < 1 || seconds > LONGEST_DEADLINE) {
    throw new InvalidArgumentError(`It is a whole number of seconds, 1 to ${LONGEST_DEADLINE}.`);
  }
  return seconds;
}
