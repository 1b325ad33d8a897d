import { RateLimit } from './rate-limit';

let now = 0;
const take = (limit: RateLimit, times: number) => Array.from({ length: times }, () => limit.take()).filter(Boolean).length;

beforeEach(() => { now = 1_000_000; });

test('allows one second\'s worth at once, and no more', () => {
  expect(take(new RateLimit(10, () => now), 25)).toBe(10);
});

test('allows more as time goes by, in proportion to it', () => {
  const limit = new RateLimit(10, () => now);
  take(limit, 10);
  now += 300;
  expect(take(limit, 10)).toBe(3);
  now += 1_000;
  expect(take(limit, 25)).toBe(10);
});

test('saves up no more than one second\'s worth', () => {
  const limit = new RateLimit(10, () => now);
  now += 60_000;
  expect(take(limit, 25)).toBe(10);
});

test('charges nothing for what it does not allow', () => {
  const limit = new RateLimit(10, () => now);
  take(limit, 1000);
  now += 100;
  expect(take(limit, 5)).toBe(1);
});
