import { Command, InvalidArgumentError } from 'commander';

/** What to measure, and how to tell. */
export interface SynthOptions {
  readonly runs: number;
  readonly peer: boolean;
  readonly quick: boolean;
  readonly json: boolean;
}

export function readOptions(argv: readonly string[]): SynthOptions {
  const command = new Command('npm run bench:synth --')
    .description('Measures what fleets of images cost at synthesis, beside as many constructs of cdk-ecr-deployment, and how much of AWS\'s limits they use.')
    .option('--runs <number>', 'counted runs of each app', readNumber, 5)
    .option('--no-peer', 'leave cdk-ecr-deployment out')
    .option('--quick', 'one run with few images: shows that everything works, and measures nothing')
    .option('--json', 'the report as JSON on stdout')
    .parse([...argv], { from: 'user' });
  const { runs, peer = true, quick = false, json = false } = command.opts<SynthOptions>();
  return { runs: quick ? 1 : runs, peer, quick, json };
}

function readNumber(text: string): number {
  if (!/^[1-9][0-9]?$/.test(text)) throw new InvalidArgumentError('It is a number from 1 to 99.');
  return Number(text);
}
