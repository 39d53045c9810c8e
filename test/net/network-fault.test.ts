import { describe, expect, it } from 'vitest';
import { networkFault } from '../../src/net/network-fault.ts';

const error = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('networkFault', () => {
  it.each([
    [
      'an unknown host',
      error('getaddrinfo ENOTFOUND stream.example', 'ENOTFOUND'),
      'getaddrinfo ENOTFOUND stream.example',
    ],
    [
      'a code that the message lacks',
      error('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
      'DEPTH_ZERO_SELF_SIGNED_CERT self-signed certificate',
    ],
    [
      'all addresses tried',
      new AggregateError([
        error('connect ECONNREFUSED ::1:1', 'ECONNREFUSED'),
        error('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'),
      ]),
      'connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      'the cause that fetch hides',
      new TypeError('fetch failed', { cause: error('other side closed', 'UND_ERR_SOCKET') }),
      'UND_ERR_SOCKET other side closed',
    ],
    ['what is no error', 'odd', 'odd'],
  ])('names the host and the cause: %s', (_what, cause, text) => {
    const fault = networkFault(cause, 'wss://stream.example:9443/stream?key=secret');
    expect(fault.message).toBe(`cannot reach stream.example:9443: ${text}`);
    expect(fault).toMatchObject({ kind: 'connect_failed', retry: { kind: 'backoff' }, cause });
  });

  it('masks the credentials of a URL that cannot be parsed', () => {
    expect(networkFault('odd', 'http://me:hunter2@').message).toBe('cannot reach http://[secret]@: odd');
  });
});
