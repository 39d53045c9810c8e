import type { VenueId } from '../domain/instrument.ts';
import { getJson } from './get-json.ts';
import { openSocket } from './open-socket.ts';

/** All that a venue needs of the network: what a recording listens to, and a replay stands in for. */
export interface Network {
  readonly open: typeof openSocket;
  readonly get: typeof getJson;
}

export const network: Network = { open: openSocket, get: getJson };

/** Whose requests and connections they are: of a venue's line, counted from 1; 0: beside the lines. */
export type VenueNetworks = (venue: VenueId, line: number) => Network;
