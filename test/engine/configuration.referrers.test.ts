/** The variables about attestations and late referrers. */
import { readConfiguration } from '../../src/engine/configuration';
import { MirrorError } from '../../src/engine/mirror-error';

const ENVIRONMENT = { IMAGE: 'nginx:1.27.0', MIRROR_REGISTRY: '123456789012.dkr.ecr.eu-west-1.amazonaws.com' };

const requestOf = (more: NodeJS.ProcessEnv) => {
  const { image, requestFor } = readConfiguration({ ...ENVIRONMENT, ...more });
  return requestFor(image);
};

/** What reading an environment throws. */
function refusalOf(more: NodeJS.ProcessEnv): MirrorError {
  try {
    requestOf(more);
  } catch (error) {
    if (error instanceof MirrorError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('ATTESTATIONS', () => {
  test.each(['KEEP_IF_ACCEPTED', 'KEEP', 'DROP'])('%s is a policy', (ATTESTATIONS) => {
    expect(requestOf({ ATTESTATIONS }).attestations).toBe(ATTESTATIONS);
  });

  test.each([undefined, ''])('%j means the default', (ATTESTATIONS) => {
    expect(requestOf({ ATTESTATIONS }).attestations).toBeUndefined();
  });

  test.each(['keep', 'keep-if-accepted', 'true', 'toString'])('%j is refused with the valid values', (ATTESTATIONS) => {
    expect(refusalOf({ ATTESTATIONS })).toMatchObject({
      reason: 'invalid-configuration',
      message: `the variable ATTESTATIONS is ${JSON.stringify(ATTESTATIONS)}: it must be one of KEEP_IF_ACCEPTED, KEEP, DROP`,
    });
  });
});

describe('LATE_REFERRERS', () => {
  afterEach(() => jest.restoreAllMocks());

  const at = (time: string) => jest.spyOn(Date, 'now').mockReturnValue(Date.parse(`2030-07-01T${time}:30Z`));

  test.each([[undefined, false], ['', false], ['false', false], ['true', true]])('%j is %j in each run', (LATE_REFERRERS, expected) => {
    expect(requestOf({ LATE_REFERRERS }).lateReferrers).toBe(expected);
  });

  test.each([[undefined, true], ['false', false], ['06:00-12:00', true]])('%j overrides the default of the project', (LATE_REFERRERS, expected) => {
    at('06:00');
    expect(requestOf({ LATE_REFERRERS, MIRROR_LATE_REFERRERS: 'true' }).lateReferrers).toBe(expected);
  });

  test.each([
    ['06:00-12:00', '05:59', false], ['06:00-12:00', '06:00', true], ['06:00-12:00', '11:59', true], ['06:00-12:00', '12:00', false],
    ['18:00-00:00', '23:59', true], ['18:00-00:00', '00:00', false],
    ['22:00-02:00', '21:59', false], ['22:00-02:00', '23:00', true], ['22:00-02:00', '01:59', true], ['22:00-02:00', '02:00', false],
    ['06:00-12:00 Europe/Berlin', '03:59', false], ['06:00-12:00 Europe/Berlin', '04:00', true], ['06:00-12:00 Asia/Tokyo', '21:00', true],
  ])('%j at %s UTC is %j', (LATE_REFERRERS, time, expected) => {
    at(time);
    expect(requestOf({ LATE_REFERRERS }).lateReferrers).toBe(expected);
  });

  test.each(['TRUE', 'no', '6:00-12:00', '06:00', '06:00-24:00', '06:60-07:00', '06:00-12:00 Mars/Olympus', '06:00-12:00 ', '06:00-12:00 a b', ' 06:00-12:00'])(
    '%j is refused with the valid form', (LATE_REFERRERS) => {
      expect(refusalOf({ LATE_REFERRERS })).toMatchObject({
        reason: 'invalid-configuration',
        message: `the variable LATE_REFERRERS is ${JSON.stringify(LATE_REFERRERS)}: it must be true, false, or a part of the day such as "06:00-12:00" or "06:00-12:00 Europe/Berlin"`,
      });
    });

  test('a value with characters that no part of the day has is refused without being shown', () => {
    expect(refusalOf({ LATE_REFERRERS: '$(id)' }).message).toMatch(/^the variable LATE_REFERRERS has 5 characters, and character 1 is a punctuation mark: it must be true, false/);
  });
});
