import { LogProgress, megabytes } from '../../../src/engine/report/progress';

const DIGEST = `sha256:${'a'.repeat(64)}`;
let lines: string[];
let progress: LogProgress;

beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  progress = new LogProgress((line) => lines.push(line));
});
afterEach(() => jest.useRealTimers());

test('a sentence is a line', () => {
  progress.line('copying');
  expect(lines).toEqual(['copying']);
});

test('a sentence with a newline stays one line', () => {
  progress.line('copying\nFORGED \u001b[2K');
  expect(lines).toEqual(['copying\\u000aFORGED \\u001b[2K']);
});

test('a blob that was copied is told with its size', () => {
  progress.blobStarted(DIGEST, 12_345_678);
  progress.blobFinished(DIGEST, 'copied');
  expect(lines).toEqual([`copied blob ${DIGEST} (12.3 MB)`]);
});

test('a blob that the mirror had is not told', () => {
  progress.blobStarted(DIGEST, 12_345_678);
  progress.blobFinished(DIGEST, 'skipped');
  expect(lines).toEqual([]);
});

test('bytes are told every ten seconds and no more often', () => {
  progress.blobBytes(DIGEST, 1_000_000);
  jest.advanceTimersByTime(9_999);
  progress.blobBytes(DIGEST, 1_000_000);
  expect(lines).toEqual([]);
  jest.advanceTimersByTime(1);
  progress.blobBytes(DIGEST, 1_000_000);
  progress.blobBytes(DIGEST, 1_000_000);
  expect(lines).toEqual(['3.0 MB sent so far']);
});

test('bytes that will be sent again do not count twice', () => {
  progress.blobBytes(DIGEST, 5_000_000);
  progress.blobBytes(DIGEST, -5_000_000);
  jest.advanceTimersByTime(10_000);
  progress.blobBytes(DIGEST, 2_000_000);
  expect(lines).toEqual(['2.0 MB sent so far']);
});

test.each([[0, '0.000 MB'], [999, '0.001 MB'], [123_456, '0.123 MB'], [1_000_000, '1.0 MB'], [1_234_567_890, '1234.6 MB']])('%i bytes are %s', (bytes, text) => {
  expect(megabytes(bytes)).toBe(text);
});
