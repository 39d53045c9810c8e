import { CONNECTION_FAULTS } from './connection-faults.ts';
import { MARKET_FAULTS } from './market-faults.ts';
import type { SimulatedFaults } from './simulated-fault.ts';

/** Every fault by name. `GET /faults` shows this table. */
export const FAULT_KINDS: SimulatedFaults = { ...CONNECTION_FAULTS, ...MARKET_FAULTS };
