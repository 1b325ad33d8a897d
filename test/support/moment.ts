import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a moment of something that is under way.
 *
 * Throws where that ends without it: a wait that nobody ends keeps jest's process busy for ever, after its last test.
 */
export async function momentOf(running: Promise<unknown>, hasCome: () => boolean): Promise<void> {
  let ended = false;
  const end = () => { ended = true; };
  running.then(end, end);
  while (!hasCome()) {
    if (ended) throw new Error('it ended before the moment that was waited for');
    await sleep(5);
  }
}
