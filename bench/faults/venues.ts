/** Runs the simulated venues in a process of its own, with a journal. Argument: the simulator's options as JSON. */
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { answer } from '../child.ts';

const simulator = await startSimulator(JSON.parse(process.argv[2] ?? '{}'));

answer({
  address: () => ({ url: simulator.url, httpUrl: simulator.httpUrl }),
  /** Starts faults at the same time. Returns that time, milliseconds since 1970. */
  inject: (requests: readonly FaultRequest[]) => {
    const at = Date.now();
    for (const request of requests) simulator.fault(request);
    return at;
  },
  clear: () => simulator.clearFaults(),
  counts: () => simulator.counts(),
  close: () => simulator.close(),
});
