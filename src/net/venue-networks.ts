import type { VenueId } from '../domain/instrument.ts';
import type { Network } from './network.ts';

/** Whose requests and connections they are: of a venue's line, counted from 1; 0: beside the lines. */
export type VenueNetworks = (venue: VenueId, line: number) => Network;
