/** The simulated venues, a process of their own with a journal. Argument: the simulator's options as JSON. */
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { answer } from '../child.ts';

const simulator = await startSimulator(JSON.parse(process.argv[2] ?? '{}'));

answer({
  address: () => ({ url: simulator.url, httpUrl: simulator.httpUrl }),
  /** Starts faults together; answers with when that was, milliseconds since 1970. */
  inject: (requests: readonly FaultRequest[]) => {
    const at = Date.now();
    for (const request of requests) simulator.fault(request);
    return at;
  },
  clear: () => simulator.clearFaults(),
  counts: () => simulator.counts(),
  close: () => simulator.close(),
});
