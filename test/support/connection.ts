import { Socket } from 'node:net';

/**
 * Ends a connection with a reset, which the other end sees as ECONNRESET.
 *
 * `resetAndDestroy()` would end it in an orderly way first, and the other end may see no more than that:
 * this sets what it sets, and destroys at once.
 */
export function resetConnection(socket: Socket): void {
  // A connection that is ending already cannot be reset: Node would leave it open, and never exit.
  if (socket.writableEnded) socket.destroy();
  else Object.assign(socket, { resetAndClosing: true }).destroy();
}
