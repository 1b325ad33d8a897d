import { Command, InvalidArgumentError, Option } from 'commander';
import { mirrorCommand, MirrorCommandOptions } from './commands/mirror-command';
import { LONGEST_DEADLINE } from '../engine/configuration';
import { TAG_MOVED_POLICIES } from '../image/environment';


const POLICY_WORDS = TAG_MOVED_POLICIES.map((policy) => policy.toLowerCase());

/** The command line, ready to be given arguments; `exit` is told the exit code. */
export function program(version: string, exit: (code: number) => void): Command {
  const root = new Command('cdk-ecr-mirror')
    .description('Copies container images between registries, byte for byte, all platforms, without Docker.')
    .version(version)
    .showHelpAfterError();
  const mirroring = (name: string, description: string, dryRun: boolean) => root
    .command(name)
    .description(description)
    .argument('<source>', 'the image to read, as docker pull would name it')
    .argument('<target>', 'where it belongs, for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable; without a tag, that of the source')
    .option('--json', 'print one JSON object on stdout, and nothing else there')
    .option('--plain-http', 'speak HTTP without TLS to registries named by an address, a bare name or a port')
    .addOption(new Option('--tag-kind <kind>', 'whether the target tag names one image for ever (default: judged by its form)').choices(['fixed', 'floating']))
    .addOption(new Option('--on-tag-moved <policy>', 'what to do when a fixed tag names another image upstream')
      .choices(POLICY_WORDS).argParser(readPolicy).default(TAG_MOVED_POLICIES[0], POLICY_WORDS[0]))
    .option('--timeout <seconds>', 'give up after this time', readSeconds, 3600)
    .action(async (source: string, target: string, options: MirrorCommandOptions) => exit(await mirrorCommand(source, target, options, dryRun)));
  mirroring('copy', 'Copies an image with all its platforms, unless the target has it already.', false);
  mirroring('check', 'Tells what copy would do, and changes nothing.', true);
  return root;
}

function readPolicy(text: string): string {
  const policy = TAG_MOVED_POLICIES.find((one) => one.toLowerCase() === text);
  if (policy === undefined) throw new InvalidArgumentError(`Allowed choices are ${TAG_MOVED_POLICIES.join(', ').toLowerCase()}.`);
  return policy;
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || seconds < 1 || seconds > LONGEST_DEADLINE) {
    throw new InvalidArgumentError(`It is a whole number of seconds, 1 to ${LONGEST_DEADLINE}.`);
  }
  return seconds;
}
