import { NO_FACTS } from '../../src/domain/venue-state.ts';
import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

let sequence = 100;

/** A status record as the gateway sends it; by default of the whole feed. */
export function statusEvent(state: string, timestamp: number, fields: Partial<StatusJson> = {}): StatusJson {
  return {
    sequence: sequence++,
    state,
    reason: state,
    ...NO_FACTS,
    active_venue: null,
    instance: 'one',
    timestamp,
    environment: 'simulated',
    ...fields,
  };
}
