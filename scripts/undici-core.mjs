/**
 * The part of undici that the transport uses, in place of the whole when the engine is bundled: `fetch`, WebSockets, mocks and caches
 * would add half to the time that a run takes to start (see docs/performance.md).
 */
import api from 'undici/lib/api/index.js';
import errors from 'undici/lib/core/errors.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

// As undici's index does.
Object.assign(Dispatcher.prototype, api);

export { Agent, errors, ProxyAgent };
