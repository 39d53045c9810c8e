import type { VenueId } from '../domain/instrument.ts';
import { getJson } from './get-json.ts';
import { openSocket } from './open-socket.ts';

/** The network as a venue uses it. `record` wraps it; a replay replaces it. */
export interface Network {
  readonly open: typeof openSocket;
  readonly get: typeof getJson;
}

export const network: Network = { open: openSocket, get: getJson };

/** Selects the network of a venue's line. Lines count from 1; line 0 is for requests outside the lines. */
export type VenueNetworks = (venue: VenueId, line: number) => Network;
