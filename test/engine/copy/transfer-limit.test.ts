import { FIRST_TRANSFERS, TransferLimit } from '../../../src/engine/copy/transfer-limit';

const MEGABYTE = 1024 * 1024;

/** A limit with a clock and a memory that the test sets, and as many running transfers as it allows. */
class Conditions {
  time = 0;
  bytes = 50 * MEGABYTE;
  readonly limit = new TransferLimit({ now: () => this.time, memory: () => this.bytes });
  private readonly ends: (() => void)[] = [];

  async start(count: number): Promise<void> {
    for (let index = 0; index < count; index++) void this.limit.run('host', () => new Promise<void>((end) => this.ends.push(end)));
    await new Promise((resolve) => setImmediate(resolve));
  }

  get running(): number {
    return this.ends.length;
  }

  /** One second, in which all transfers together send some bytes. */
  async second(bytes: number): Promise<void> {
    this.time += 1_000;
    this.limit.countBytes(bytes);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let conditions: Conditions;

beforeEach(async () => {
  conditions = new Conditions();
  await conditions.start(100);
});

test('one host gets as many transfers as the first limit says', () => {
  expect([conditions.running, conditions.limit.perHost]).toEqual([FIRST_TRANSFERS, FIRST_TRANSFERS]);
});

test('another host gets transfers although the first host has used its share', async () => {
  let ran = false;
  await conditions.limit.run('another host', async () => { ran = true; });
  expect(ran).toBe(true);
});

test('slow transfers get more of them, up to a maximum', async () => {
  await conditions.second(10 * MEGABYTE);
  expect(conditions.running).toBe(FIRST_TRANSFERS + 2);
  for (let second = 0; second < 20; second++) await conditions.second(10 * MEGABYTE);
  expect(conditions.running).toBe(24);
});

test('fast transfers get no more of them', async () => {
  await conditions.second(FIRST_TRANSFERS * 100 * MEGABYTE);
  expect(conditions.running).toBe(FIRST_TRANSFERS);
});

test('slow transfers get no more of them when memory is scarce', async () => {
  conditions.bytes = 100 * MEGABYTE;
  await conditions.second(10 * MEGABYTE);
  expect(conditions.running).toBe(FIRST_TRANSFERS);
});

test('a registry that asks for fewer requests halves the limit, once for parallel refusals, and never to zero', () => {
  conditions.time = 500;
  conditions.limit.slowDown();
  conditions.limit.slowDown();
  expect(conditions.limit.perHost).toBe(FIRST_TRANSFERS / 2);
  for (let refusal = 0; refusal < 10; refusal++) {
    conditions.time += 1_000;
    conditions.limit.slowDown();
  }
  expect(conditions.limit.perHost).toBe(2);
});
