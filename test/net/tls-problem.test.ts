import { describe, expect, it } from 'vitest';
import { tlsProblem } from '../../src/net/tls-problem.ts';

const error = (code: unknown) => Object.assign(new Error('it failed'), { code });

describe('tlsProblem', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'there', 'has expired'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'here', 'not signed by an authority that is trusted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'here', 'another name'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'here', 'refuses the certificate of this side'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'here', 'wants one'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'here', 'refuses the certificate'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'here', 'does not speak TLS'],
  ])('explains the error code %s', (code, side, text) => {
    expect(tlsProblem(error(code))).toMatchObject({ side, text: expect.stringContaining(text) });
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'toString', '__proto__', 7, undefined])('is undefined for %s', (code) => {
    expect(tlsProblem(error(code))).toBeUndefined();
  });

  it('is undefined for an object that is not an Error', () => {
    expect(tlsProblem({ code: 'CERT_HAS_EXPIRED' })).toBeUndefined();
  });
});
