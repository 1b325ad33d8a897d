import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admissionProblems, AdmissionExpectation, servedProblems } from './admission-expectations';
import { describeEvents } from './event-summary';
import { AGED, SCANNED, SIGNED, synthesizeGatedApp } from './gated-app';
import { LocalAws } from './local-aws';
import { publishedImage } from './published-image';
import { digestCell, eventOf, playRound, Round } from './round';
import { table } from './table';
import { familiarImageReference, parseImageReference } from '../../src/image/image-reference';
import { FixtureImage } from '../../test/support/fixture-images';
import { artifactOf, ImageSigner } from '../../test/support/signed-images';
import { keySigner, SigningServices } from '../../test/support/signing-services';

/** What the scan of the next database finds in one of its platforms, and why that is no danger here. */
const VULNERABILITY = 'CVE-2024-3094';
const REASON = 'the database does not load liblzma into sshd';

/** Where the act is told, and what goes wrong in it. */
export interface AdmissionAudience {
  readonly say: (text: string) => void;
  readonly problems: string[];
}

/**
 * Plays the checks of new images: an app with one image for each check, which upstream moves to an image that does not pass.
 *
 * Then the publisher signs its image, upstream takes the malicious one back, and the app has an exception for the finding.
 */
export async function playAdmission(audience: AdmissionAudience): Promise<Round[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gated-app-'));
  const act = new AdmissionAct(audience, folder);
  try {
    return await act.play();
  } finally {
    await act.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class AdmissionAct {
  private readonly publisher = keySigner();
  private readonly signer = new ImageSigner(new SigningServices());
  private readonly rounds: Round[] = [];
  private aws?: LocalAws;

  constructor(private readonly audience: AdmissionAudience, private readonly folder: string) {}

  async play(): Promise<Round[]> {
    const publicKey = this.publisher.pem;
    this.aws = await LocalAws.deploy(await synthesizeGatedApp(join(this.folder, 'first'), { publicKey }));
    const [signed, aged] = [SIGNED, AGED, SCANNED].map((image) => this.publish(image, 'first'));
    await this.sign(signed);
    const copied = { outcome: 'copied' } as const;
    await this.round('the first copies pass', { [SIGNED]: copied, [AGED]: copied, [SCANNED]: copied });

    const [unsigned, malicious, vulnerable] = [SIGNED, AGED, SCANNED].map((image) => this.publish(image, 'moved'));
    const [platform] = vulnerable.manifests;
    this.aws.ecr.scans.setFindings(platform.digest, [{ id: VULNERABILITY, severity: 'CRITICAL', package: 'xz-utils' }]);
    await this.round('upstream moved to an unsigned, a malicious, and a vulnerable image', {
      [SIGNED]: { outcome: 'held', heldBy: 'unsigned' },
      [AGED]: { outcome: 'held', heldBy: 'minimum-age' },
      [SCANNED]: { outcome: 'held', heldBy: 'scan-findings', says: VULNERABILITY },
    });

    await this.sign(unsigned);
    this.aws.upstream!.publish(parseImageReference(AGED), aged);
    const expires = new Date(Date.now() + 30 * 24 * 3_600_000).toISOString().slice(0, 10);
    const findingExceptions = [{ vulnerability: VULNERABILITY, reason: REASON, expires }];
    this.aws = await this.aws.update(await synthesizeGatedApp(join(this.folder, 'second'), { publicKey, findingExceptions }));
    await this.round('the signature is there, upstream withdrew the malicious image, and the app has an exception for the finding', {
      [SIGNED]: { outcome: 'copied', says: 'signed by' },
      [AGED]: { outcome: 'unchanged' },
      [SCANNED]: { outcome: 'copied', says: VULNERABILITY, waited: true },
    });
    this.audience.say(`\nThe exception for ${VULNERABILITY}: "${REASON}", until ${expires}`);
    this.audience.problems.push(...servedProblems(this.aws, { [SIGNED]: unsigned, [AGED]: aged, [SCANNED]: vulnerable }, malicious));
    return this.rounds;
  }

  async close(): Promise<void> {
    await this.aws?.close();
  }

  private async round(name: string, expected: Readonly<Record<string, AdmissionExpectation>>): Promise<void> {
    const { problems, say } = this.audience;
    say(`\nChecks of new images: ${name}\n`);
    const round = await playRound(this.aws!, name);
    this.rounds.push(round);
    problems.push(...admissionProblems(this.aws!, round, expected));
    say(describeAdmission(round, this.aws!));
  }

  private publish(image: string, seed: string): FixtureImage {
    const reference = parseImageReference(image);
    const published = publishedImage(reference, seed);
    this.aws!.upstream!.publish(reference, published);
    return published;
  }

  /** Signs an image with the key of its publisher, as cosign does, under the tag where cosign looks for signatures. */
  private async sign({ digest }: FixtureImage): Promise<void> {
    const { registry, repository } = parseImageReference(SIGNED);
    const layer = await this.signer.simpleSigning(this.publisher, digest, { reference: `${registry}/${repository}` });
    this.aws!.upstream!.publish({ registry, repository, tag: `${digest.replace(':', '-')}.sig` }, artifactOf([layer]));
  }
}

/** The round as a table, with what holds an image; below it what the builds had to say, and the events. */
function describeAdmission({ events, runs }: Round, aws: LocalAws): string {
  const columns = ['IMAGE', 'OUTCOME', 'HELD BY', 'UPSTREAM', 'MIRROR', 'EVENT'].map((heading) => ({ heading }));
  const rows = runs.map(({ image, result }) => result === undefined ? [image, 'no result', '', '', '', ''] : [
    familiarImageReference(parseImageReference(result.source)),
    result.outcome,
    result.heldBy?.join(', ') ?? '-',
    digestCell(result.sourceDigest),
    digestCell(result.targetDigest),
    eventOf(result, events)?.detailType ?? 'none',
  ]);
  const told = runs.flatMap(({ image, result }) => result?.message ?? result?.checks?.map((check) => `${image}: ${check}`) ?? []);
  return [table(columns, rows), ...told.length === 0 ? [] : ['', ...told], '', describeEvents(events, aws)].join('\n');
}
