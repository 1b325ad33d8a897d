import { CheckedSignatures, KEYLESS, PROVENANCE } from '../../../support/checked-signatures';
import { seededBytes } from '../../../support/fixture-blob';
import { cosignTag } from '../../../support/fixture-images';
import { randomCases } from '../../../support/random-cases';
import { artifactOf, Layer } from '../../../support/signed-images';
import { keySigner } from '../../../support/signing-services';

const setup = new CheckedSignatures();
beforeAll(() => setup.start());
afterAll(() => setup.close());

/** A generator of numbers below a limit; the same seed gives the same numbers. */
function numbers(seed: number): (limit: number) => number {
  let count = 0;
  return (limit) => seededBytes(`${seed} ${count++}`, 4).readUInt32BE() % limit;
}

const VALUES = [null, 0, -1, 1e300, true, '', '*', 'AAAA', '\u2014 (.*)*(.*)*(.*)*x AAAAAAAA\n', [], [[]], {}, { $case: 'x' }, 'x'.repeat(5000), '9'.repeat(400)];

/** Replaces, removes, or repeats one value anywhere in a JSON value. */
function mutate(value: any, next: (limit: number) => number): any {
  if (typeof value !== 'object' || value === null || next(8) === 0) return VALUES[next(VALUES.length)];
  const copy: any = Array.isArray(value) ? [...value] : { ...value };
  const names = Object.keys(copy);
  if (names.length === 0) return VALUES[next(VALUES.length)];
  const name = names[next(names.length)];
  if (next(10) === 0) delete copy[name];
  else if (Array.isArray(copy) && next(4) === 0) copy.push(copy[Number(name)]);
  else copy[name] = mutate(copy[name], next);
  return copy;
}

test('signatures for another image are refused without an error, however they are malformed', async () => {
  const other = `sha256:${'a'.repeat(64)}`;
  const release = await setup.releaseSigner();
  const bundle = JSON.parse(JSON.stringify(await setup.signer.statementBundle(release, [other], undefined, { timestamp: true })));
  const layers = [await setup.signer.simpleSigning(release, other), await setup.signer.attestation(release, [other], 'https://sigstore.dev/cosign/sign/v1')];
  const rules = [KEYLESS, { ...KEYLESS, logs: 0, timestamps: 1 }, PROVENANCE, { kind: 'key', pem: keySigner().pem } as const];
  const malformedLayer = (layer: Layer, next: (limit: number) => number): Layer => {
    const annotations = Object.entries(layer.annotations!).map(([name, value]) => {
      return [name, next(3) > 0 ? value : value.startsWith('{') ? JSON.stringify(mutate(JSON.parse(value), next)) : value.slice(next(value.length))];
    });
    const bytes = next(2) ? layer.bytes : Buffer.from(JSON.stringify(mutate(JSON.parse(layer.bytes.toString()), next)));
    return { ...layer, bytes, annotations: Object.fromEntries(annotations) };
  };
  for (let seed = 0; seed < randomCases(20); seed++) {
    const next = numbers(seed);
    setup.reset();
    setup.attach(...Array.from({ length: 30 }, () => mutate(mutate(bundle, next), next)));
    setup.push(artifactOf(layers.map((layer) => malformedLayer(layer, next))), cosignTag(setup.image.digest));
    setup.push(artifactOf(layers.map((layer) => malformedLayer(layer, next))), cosignTag(setup.image.digest, 'att'));
    expect({ seed, ...await setup.check(rules) }).toMatchObject({ seed, passed: false });
  }
});

test('a valid signature with one malformed value never passes for a rule with two logs that it does not have', async () => {
  const release = await setup.releaseSigner();
  const bundle = JSON.parse(JSON.stringify(await setup.signer.statementBundle(release, [setup.image.digest])));
  for (let seed = 100; seed < 100 + randomCases(15); seed++) {
    const next = numbers(seed);
    setup.reset();
    setup.attach(...Array.from({ length: 30 }, () => mutate(bundle, next)));
    expect({ seed, ...await setup.check({ ...KEYLESS, logs: 2 }) }).toMatchObject({ seed, passed: false });
  }
});
