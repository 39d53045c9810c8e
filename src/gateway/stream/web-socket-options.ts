import { chooseSubprotocol } from '../api/access.ts';

/** The limits of the library `ws` for clients. Requests are short, so clients need not send them in many parts. */
export const WEB_SOCKET_OPTIONS = {
  maxPayload: 16 * 1024,
  maxFragments: 64,
  /** How many reads of the socket may wait until a message is complete. */
  maxBufferedChunks: 1024,
  /** How many pongs may wait for a client that pings and does not read. */
  maxPendingAutoPongs: 10,
  /** A client that does not close its side within this time is cut off, milliseconds. */
  closeTimeout: 1000,
  perMessageDeflate: false,
  handleProtocols: chooseSubprotocol,
};
