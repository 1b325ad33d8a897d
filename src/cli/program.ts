import { Command, InvalidArgumentError, Option } from 'commander';
import type { CheckAppOptions } from './commands/check-app';
import type { DecisionCommandOptions } from './commands/decision-command';
import { readImagePairs } from './commands/image-pairs';
import type { LockCommandOptions } from './commands/lock-command';
import { mirrorCommand, MirrorCommandOptions } from './commands/mirror-command';
import type { StartCommandOptions } from './commands/start-command';
import type { TrustRootOptions } from './commands/trust-root-command';
import { EXIT_CODES, EXIT_CODES_HELP, interruptionCode } from './exit-codes';
import { formatUsageError, isUsageError, loadStandardInput, UsageError } from './usage-error';
import { MAX_DEADLINE_SECONDS } from '../engine/configuration';
import { readUpstreamSettings } from '../engine/registry/upstream-settings';
import { DEFAULT_LOCK_FILE } from '../image/admission/lock-file';
import { ATTESTATION_POLICIES, RegistryRule, TAG_MOVED_POLICIES } from '../image/contract/environment';
import { parseRegistryHost } from '../image/image-reference';
import { parsePlatform, Platform, platformTagsProblem } from '../image/platform';
import { MAX_KEPT_IMAGES } from '../image/retention';

const POLICY_CHOICES = TAG_MOVED_POLICIES.map(formatChoice);
const ATTESTATION_CHOICES = ATTESTATION_POLICIES.map(formatChoice);

/** How a command ends. */
interface CommandEnding {
  /** Receives the exit code. */
  readonly exit: (code: number) => void;
  /** Interrupts the command. */
  readonly signal: AbortSignal;
}

/**
 * Creates the command line.
 *
 * @param exit receives the exit code of the command
 * @param signal interrupts the command
 */
export function createProgram(version: string, exit: (code: number) => void, signal: AbortSignal = new AbortController().signal): Command {
  const root = new Command('cdk-ecr-mirror')
    .description('Copy container images between registries: same digest, all platforms, no Docker.')
    .version(version)
    .addHelpText('after', EXIT_CODES_HELP)
    .showHelpAfterError('(see "cdk-ecr-mirror --help")');
  addMirrorCommand(root, 'copy', 'Copy images with all platforms, unless the target is up to date.', false, { exit, signal });
  addMirrorCommand(root, 'check', 'Show what copy would do (dry run).', true, { exit, signal });
  addStartCommand(root, { exit, signal });
  addLockCommand(root, { exit, signal });
  addTrustRootCommand(root, { exit, signal });
  addDecisionCommand(root, 'RELEASE', 'Serve an image that the checks of a deployed mirror hold. Its other checks do not apply.', { exit, signal });
  addDecisionCommand(root, 'REFUSE', 'Hold an image in a deployed mirror, whatever its checks say, under each tag.', { exit, signal });
  return root;
}

function addMirrorCommand(root: Command, name: string, description: string, dryRun: boolean, ending: CommandEnding): void {
  const command = addSubcommand(root, name)
    .description(description)
    .argument('[images...]', 'SOURCE TARGET, or several sources and a target folder that ends with "/", '
      + 'for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/')
    .option('--from-file <file>', 'read images from a file ("-" for stdin), one per line: SOURCE TARGET, or SOURCE with a target folder as argument')
    .option('--catalog <file>', `${name} the images of a catalog file ("-" for stdin) to the target folder`
      + (dryRun ? '; with --app: use the file in place of a list that is not part of the app' : ''))
    .option('--json', 'print only one JSON object to stdout')
    .option('--quiet', 'no progress output')
    .option('--plain-http', 'use HTTP without TLS for registries with an IP address, a name without dots, or a port')
    .option('--allow-realm <hosts>', 'token services on other domains than the registry that may receive its credentials', parseHosts)
    .option('--endpoint <registry=endpoint>', 'pull the images of a registry from another one, for example '
      + 'docker.io=artifactory.example.com/docker-remote (can be repeated)', collectEndpoints)
    .option('--platform <platforms>', 'copy only these platforms, for example linux/amd64,linux/arm64 (changes the digest)', parsePlatforms)
    .option('--platform-if-available <platforms>', 'copy those of these platforms that the image has, and fail only if it has none', parsePlatforms)
    .option('--platform-tags <platforms>', 'add a tag for each of these platforms, for example 1.0.0-linux-arm64 for AWS Lambda', parsePlatforms)
    .option('--keep-previous <count>', 'keep this many images that a floating tag has left, under tags such as mirror.previous.stable.1', parseCount)
    .option('--no-referrers', 'do not copy signatures and other referrers')
    .option('--late-referrers', 'look for signatures and other referrers of unchanged images that were published later')
    .addOption(new Option('--attestations <policy>', 'what to do with attestations in an index, which a target can refuse')
      .choices(ATTESTATION_CHOICES).argParser(choiceParser(ATTESTATION_POLICIES)).default(ATTESTATION_POLICIES[0], ATTESTATION_CHOICES[0]))
    .addOption(new Option('--tag-kind <kind>', 'treat the target tag as fixed or floating (default: detect from the tag)')
      .choices(['fixed', 'floating']))
    .addOption(new Option('--on-tag-moved <policy>', 'what to do when a fixed tag has moved upstream')
      .choices(POLICY_CHOICES).argParser(choiceParser(TAG_MOVED_POLICIES)).default(TAG_MOVED_POLICIES[0], POLICY_CHOICES[0]))
    .option('--timeout <seconds>', 'stop after this time', parseSeconds, 3600);
  if (dryRun) {
    command
      .option('--app <folder>', 'check all images of a synthesized CDK app, for example cdk.out')
      .option('--stack <name>', 'with --app: check only this stack, for example Prod/Platform or "Prod/*" (can be repeated)', collectNames)
      .option('--registry <host>', 'with --app: check in this registry instead of the registry of the app');
  }
  setAction(command, ending, (args: string[], options: CommandOptions) => runMirrorCommand(args, { ...options, signal: ending.signal }, dryRun));
}

function addStartCommand(root: Command, ending: CommandEnding): void {
  const command = addSubcommand(root, 'start')
    .description('Start builds of a deployed mirror now, follow their logs, and show the results.')
    .argument('[images...]', 'images of the mirror, for example nginx:stable, and catalogs, for example '
      + 'ssm:/platform/images or s3://bucket/key')
    .option('--all', 'start all images and catalogs of the stack')
    .option('--stack <name>', 'the CloudFormation stack that defines the images (default: the stack of the only mirror in the account and Region)')
    .option('--project <name>', "the mirror's CodeBuild project (default: the project in the stack, or the only one in the account and Region)")
    .option('--no-wait', 'print the started builds and exit')
    .option('--json', 'print only one JSON object to stdout')
    .option('--quiet', 'no progress output');
  setAction(command, ending, async (names: string[], options: StartCommandOptions) => {
    // A separate bundle, so that the other commands do not load the AWS SDK.
    const { startCommand } = await import('./commands/deployed-commands.js');
    return startCommand(names, options, ending.signal);
  });
}

function addLockCommand(root: Command, ending: CommandEnding): void {
  const command = addSubcommand(root, 'lock')
    .description('Write the lock file of a mirror: the only digests that its tags may serve. Existing digests change only with --update.')
    .argument('[images...]', 'images with a tag, for example nginx:stable; with a digest, the lock file gets this digest')
    .option('--from-file <file>', 'read images from a file ("-" for stdin), one per line')
    .option('--app <folder>', 'lock all images of a synthesized CDK app, for example cdk.out, and remove the images that it does not have')
    .option('--stack <name>', 'with --app: use only this stack, and remove no images (can be repeated)', collectNames)
    .option('--file <file>', 'the lock file', DEFAULT_LOCK_FILE)
    .option('--update', 'change the digests of these images, or of all images; prints a summary in Markdown to stdout')
    .option('--check', 'change nothing, and exit with 1 if the lock file is outdated')
    .option('--offline', 'with --check: compare the lock file with the app only, without requests to registries')
    .option('--json', 'print only one JSON object to stdout')
    .option('--quiet', 'no progress output')
    .option('--plain-http', 'use HTTP without TLS for registries with an IP address, a name without dots, or a port')
    .option('--allow-realm <hosts>', 'token services on other domains than the registry that may receive its credentials', parseHosts)
    .option('--endpoint <registry=endpoint>', 'read the images of a registry from another one (can be repeated)', collectEndpoints)
    .option('--timeout <seconds>', 'stop after this time', parseSeconds, 3600);
  setAction(command, ending, async (images: string[], options: LockCommandOptions) => {
    if (options.fromFile === '-') await loadStandardInput(ending.signal);
    // Loaded on demand, because the other commands do not need it.
    const { lockCommand } = await import('./commands/lock-command.js');
    return lockCommand(images, { ...options, signal: ending.signal });
  });
}

function addTrustRootCommand(root: Command, ending: CommandEnding): void {
  const command = addSubcommand(root, 'trust-root')
    .description('Print the current trust roots of Sigstore in JSON format, for trustRootPaths of a mirror.')
    .option('--github-root <file>', "add the trust root of GitHub's own instance, which signs for private repositories; "
      + 'the file is a root.json of https://tuf-repo.github.com that you trust');
  setAction(command, ending, async () => {
    // A separate bundle, so that the other commands do not load the client of The Update Framework.
    const { trustRootCommand } = await import('./commands/trust-root-command.js');
    return trustRootCommand(command.opts<TrustRootOptions>());
  });
}

function addDecisionCommand(root: Command, decision: 'RELEASE' | 'REFUSE', description: string, ending: CommandEnding): void {
  const command = addSubcommand(root, decision.toLowerCase())
    .description(description)
    .argument('<image>', 'an image of the mirror with its digest, for example nginx:stable@sha256:…')
    .option('--reason <text>', 'why, in one line: the event and the results repeat it (required)')
    .option('--stack <name>', 'the CloudFormation stack that defines the image (default: the stack of the only mirror in the account and Region)')
    .option('--project <name>', "the mirror's CodeBuild project (default: the project in the stack, or the only one in the account and Region)")
    .option('--no-wait', 'print the started build and exit')
    .option('--json', 'print only one JSON object to stdout')
    .option('--quiet', 'no progress output');
  setAction(command, ending, async (image: string, options: DecisionCommandOptions) => {
    const { decisionCommand } = await import('./commands/deployed-commands.js');
    return decisionCommand(decision, image, options, ending.signal);
  });
}

/** Adds a subcommand. After an error, it prints one line about the help: the full help would hide the error. */
function addSubcommand(root: Command, name: string): Command {
  return root.command(name).addHelpText('after', EXIT_CODES_HELP).showHelpAfterError(`(see "cdk-ecr-mirror ${name} --help")`);
}

type CommandAction<Args, Options> = (args: Args, options: Options) => Promise<number>;

function setAction<Args, Options>(command: Command, { exit, signal }: CommandEnding, action: CommandAction<Args, Options>): void {
  command.action(async (args: Args, options: Options) => {
    try {
      const code = await action(args, options);
      exit(interruptionCode(signal) ?? code);
    } catch (error) {
      if (!isUsageError(error)) throw error;
      command.error(`error: ${formatUsageError(error)}`, { exitCode: EXIT_CODES.USAGE });
    }
  });
}

type CommandOptions = MirrorCommandOptions & Partial<CheckAppOptions> & { readonly fromFile?: string };

async function runMirrorCommand(args: string[], options: CommandOptions, dryRun: boolean): Promise<number> {
  const { app, catalog, fromFile, platform, platformIfAvailable, platformTags } = options;
  if (app === undefined) requireNoAppOptions(options);
  if ([catalog, fromFile].includes('-')) await loadStandardInput(options.signal);
  if (platform !== undefined && platformIfAvailable !== undefined) {
    throw new UsageError('--platform and --platform-if-available cannot be combined; remove one of them');
  }
  const problem = platformTags && platformTagsProblem(platformTags, platform ?? platformIfAvailable);
  if (problem) throw new UsageError(`--platform-tags: ${problem}`);
  if (app === undefined && catalog !== undefined) {
    requireNoImageOptions(options);
    // Loaded on demand, because only this command parses catalogs.
    const { catalogCommand } = await import('./commands/catalog-command.js');
    return catalogCommand(args, { ...options, catalog }, dryRun);
  }
  if (app === undefined) return mirrorCommand(readImagePairs(args, fromFile), options, dryRun);
  if (args.length > 0 || fromFile !== undefined) throw new UsageError('--app checks the images of the app; remove the other images, or remove --app');
  const { checkApp } = await import('./commands/check-app.js');
  return checkApp({ ...options, app });
}

function requireNoAppOptions({ registry, stack }: CommandOptions): void {
  const [option] = Object.entries({ '--registry': registry, '--stack': stack }).find(([, value]) => value !== undefined) ?? [];
  if (option !== undefined) throw new UsageError(`${option} needs --app: add "--app cdk.out", or remove ${option}`);
}

/** The entries of a catalog have these options themselves. */
function requireNoImageOptions({ fromFile, keepPrevious, platform, platformTags, tagKind }: CommandOptions): void {
  const values = {
    '--from-file': fromFile,
    '--platform': platform,
    '--platform-tags': platformTags,
    '--keep-previous': keepPrevious,
    '--tag-kind': tagKind,
  };
  const [option] = Object.entries(values).find(([, value]) => value !== undefined) ?? [];
  if (option === undefined) return;
  throw new UsageError(`--catalog and ${option} cannot be combined: each entry of a catalog has its own settings; remove one of the options`);
}

/** A policy as the command line spells it: `keep-if-accepted`. */
function formatChoice(policy: string): string {
  return policy.toLowerCase().replaceAll('_', '-');
}

function choiceParser(policies: readonly string[]): (text: string) => string {
  return (text) => {
    const policy = policies.find((known) => formatChoice(known) === text);
    if (policy === undefined) throw new InvalidArgumentError(`Allowed choices are ${policies.map(formatChoice).join(', ')}.`);
    return policy;
  };
}

function collectNames(name: string, names: readonly string[] = []): string[] {
  return [...names, name];
}

function parsePlatforms(text: string): Platform[] {
  return text.split(',').map((part) => {
    const platform = parsePlatform(part.trim());
    if (platform === undefined) throw new InvalidArgumentError('It must be a list of platforms, for example linux/amd64,linux/arm64.');
    return platform;
  });
}

function parseHosts(text: string): string[] {
  return text.split(',').map((part) => {
    const host = parseRegistryHost(part.trim());
    if (host === undefined) throw new InvalidArgumentError('It must be a list of hosts, for example auth.example.net,sso.example.org.');
    return host;
  });
}

function collectEndpoints(text: string, rules: readonly RegistryRule[] = []): RegistryRule[] {
  const [, registry, endpoint] = /^([^=]+)=([^=]+)$/.exec(text.trim()) ?? [];
  try {
    const all = [...rules, { registry, endpoint }];
    readUpstreamSettings(JSON.stringify(all));
    return all;
  } catch {
    throw new InvalidArgumentError('It must be a registry and another host with a path and without a scheme, for example '
      + 'docker.io=artifactory.example.com/docker-remote, and each registry can have one endpoint.');
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || count > MAX_KEPT_IMAGES) throw new InvalidArgumentError(`It must be a whole number, 0 to ${MAX_KEPT_IMAGES}.`);
  return count;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || seconds < 1 || seconds > MAX_DEADLINE_SECONDS) {
    throw new InvalidArgumentError(`It must be a whole number of seconds, 1 to ${MAX_DEADLINE_SECONDS}.`);
  }
  return seconds;
}
