/** The checks with the stand-ins that `npm run verify:aws -- --local` uses, and with stand-ins that differ. */
import type { Check, CheckResult } from '../../verify/check';
import { CHECKS } from '../../verify/checks';
import { largeLayerOf } from '../../verify/checks/large-layer';
import { LocalEnvironment } from '../../verify/local/local-environment';
import { answerTo, pushBlob } from '../../verify/probes/push';
import { runChecks } from '../../verify/run';
import { blobOf } from '../support/fixture-blob';
import { LocalEcrOptions } from '../support/local-ecr';
import { joinErrorRealms } from '../support/one-realm';

joinErrorRealms();

const named = (...ids: string[]) => CHECKS.filter(({ id }) => ids.includes(id));

async function resultsOf(checks: readonly Check[], options?: LocalEcrOptions): Promise<readonly CheckResult[]> {
  const tools = { keep: false, say: () => undefined, signal: new AbortController().signal };
  const { problem, results } = await runChecks(checks, new LocalEnvironment(options), tools);
  expect(problem).toBeUndefined();
  return results;
}

const seenBy = (results: readonly CheckResult[]) => results.map(({ check: { id }, seen }) => [id, seen]);

test('the stand-ins answer all local checks as AWS is expected to', async () => {
  const local = CHECKS.filter((check) => check.local);
  expect(local.length).toBeGreaterThan(25);
  const results = await resultsOf(local);
  expect(results.map(({ check: { id }, detail, seen, status }) => status === 'as expected' ? id : { id, seen, status, detail })).toEqual(local.map(({ id }) => id));
}, 120_000);

test('the checks see an Amazon ECR that behaves differently', async () => {
  const different = named('attestation-artifact', 'missing-repository', 'blob-mount', 'second-tag');
  const creationTemplates = [{ prefix: 'mirrorverifylocal' }];
  const results = await resultsOf(different, { strict: true, mounting: true, tagsRenewPushTime: true, creationTemplates });
  expect(seenBy(results)).toEqual([
    ['attestation-artifact', 'refused'], ['missing-repository', 'accepted'], ['blob-mount', 'mounted'], ['second-tag', 'changed'],
  ]);
});

test('a large layer is generated while it is sent', async () => {
  const [{ seen, status }] = await resultsOf([largeLayerOf(5_000_000)]);
  expect({ seen, status }).toEqual({ seen: 'accepted', status: 'as expected' });
});

test('an error of the registry that is not a refusal is an error of the check', async () => {
  const results = await resultsOf([{
    ...named('zero-byte-layer')[0],
    run: async ({ names, registry, signal }) => {
      const client = await registry(names.mutable);
      signal.throwIfAborted();
      await expect(answerTo(async () => { throw Object.assign(new Error('too many requests'), { status: 429 }); })).rejects.toThrow('too many requests');
      return answerTo(() => pushBlob(client, blobOf('bytes')));
    },
  }]);
  expect(seenBy(results)).toEqual([['zero-byte-layer', 'accepted']]);
});
