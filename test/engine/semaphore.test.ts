import * as fc from 'fast-check';
import { Semaphore } from '../../src/engine/semaphore';

/** A task that runs until it is told to end. */
class Held {
  started = false;
  end: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  readonly task = (): Promise<void> => {
    this.started = true;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  };
}

/** Lets everything happen that can happen by itself. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a result is passed on', async () => {
  expect(await new Semaphore(1).run(async () => 'done')).toBe('done');
});

test('no more tasks run at a time than there is room for', async () => {
  const semaphore = new Semaphore(2);
  const tasks = [new Held(), new Held(), new Held()];
  const runs = tasks.map(({ task }) => semaphore.run(task));
  await settle();
  expect(tasks.map(({ started }) => started)).toEqual([true, true, false]);
  tasks[0].end();
  await settle();
  expect(tasks[2].started).toBe(true);
  tasks[1].end();
  tasks[2].end();
  await Promise.all(runs);
});

test('tasks that wait begin in their order', async () => {
  const semaphore = new Semaphore(1);
  const order: number[] = [];
  await Promise.all([1, 2, 3, 4].map((number) => semaphore.run(async () => {
    await settle();
    order.push(number);
  })));
  expect(order).toEqual([1, 2, 3, 4]);
});

test('a failure is passed on, and its room is free again', async () => {
  const semaphore = new Semaphore(1);
  const failing = new Held();
  const first = semaphore.run(failing.task);
  const second = semaphore.run(async () => 'ran');
  await settle();
  failing.fail(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  expect(await second).toBe('ran');
});

test('a task that throws at once leaves its room free', async () => {
  const semaphore = new Semaphore(1);
  await expect(semaphore.run(() => {
    throw new Error('at once');
  })).rejects.toThrow('at once');
  expect(await semaphore.run(async () => 'ran')).toBe('ran');
});

test('a task that comes when a waiting one is let in does not take its room', async () => {
  const semaphore = new Semaphore(1);
  const [first, second, third] = [new Held(), new Held(), new Held()];
  const runs = [semaphore.run(first.task), semaphore.run(second.task)];
  await settle();
  first.end();
  runs.push(runs[0].then(() => semaphore.run(third.task)));
  await settle();
  expect([second.started, third.started]).toEqual([true, false]);
  second.end();
  await settle();
  third.end();
  await Promise.all(runs);
});

test('all tasks run, in whatever order they end', async () => {
  const room = fc.integer({ min: 1, max: 4 });
  await fc.assert(fc.asyncProperty(room, fc.scheduler(), fc.integer({ min: 0, max: 12 }), async (permits, scheduler, count) => {
    const semaphore = new Semaphore(permits);
    let running = 0;
    let most = 0;
    const runs = Array.from({ length: count }, (_, number) => semaphore.run(async () => {
      most = Math.max(most, ++running);
      await scheduler.schedule(Promise.resolve());
      running--;
      return number;
    }));
    await scheduler.waitFor(Promise.all(runs));
    expect(await Promise.all(runs)).toEqual(Array.from({ length: count }, (_, number) => number));
    expect(most).toBe(Math.min(permits, count));
  }));
});
