import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI_CONTEXT } from '../../bench/synth/cli-context';
import { FLEET_CASES } from '../../bench/synth/fleet-cases';
import { fleetImages } from '../../bench/synth/fleet-images';
import { limitsTable, MeasuredFleet } from '../../bench/synth/limits-table';
import { defineFleetApart, defineMirroredFleet } from '../../bench/synth/mirrored-fleet';
import { measuresOf, worstOf } from '../../bench/synth/template-limits';
import { synthesize } from '../support/fleet-app';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'fleets.md'), 'utf8');

/** As `npm run bench:synth` has it, whose apps are told what `cdk synth` tells them. */
function measuredFleet(images: number, heading: string): MeasuredFleet {
  const { stacks, apart } = FLEET_CASES.find((fleet) => fleet.images === images)!;
  const define = apart ? defineFleetApart : defineMirroredFleet;
  const synthesized = synthesize((app) => void define(app, fleetImages(images), stacks), { analyticsReporting: true, context: CLI_CONTEXT });
  return { heading, measures: worstOf(synthesized.map(({ template, bytes }) => measuresOf(template, bytes))) };
}

test('docs/fleets.md tells how much of each limit the templates use; if not, put the table there that this expects', () => {
  const told = /^\| Limit \|(?:.*\n)+?(?=\n)/m.exec(PAGE)![0].trimEnd();
  expect(told).toBe(limitsTable([
    measuredFleet(1, '1 image'), measuredFleet(240, '240 in one stack'), measuredFleet(1_000, '1,000 in five'),
  ]));
});
