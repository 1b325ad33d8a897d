import { setTimeout as sleep } from 'node:timers/promises';
import { momentOf } from './moment';

test('a moment that comes ends the wait', async () => {
  let come = false;
  const running = sleep(20).then(() => { come = true; });
  await momentOf(running, () => come);
  expect(come).toBe(true);
});

test.each([['ends', () => Promise.resolve()], ['fails', () => Promise.reject(new Error('broken'))]])('what %s without its moment ends the wait', async (_, start) => {
  await expect(momentOf(start(), () => false)).rejects.toThrow('it ended before the moment that was waited for');
});
