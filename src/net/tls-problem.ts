import { errorCode } from '../domain/fault.ts';
/** Explains a failed TLS handshake. */
export interface TlsProblem {
  /** For people; the subject is the server: `its certificate has expired`. */
  readonly text: string;
  /** `here`: our settings do not fit, and waiting does not help. `there`: the server can correct it. */
  readonly side: 'here' | 'there';
}

const UNTRUSTED = {
  text: 'its certificate is not signed by an authority that is trusted here (ca_file)',
  side: 'here',
} as const;

/** Problems by Node's error code. */
const PROBLEMS: Readonly<Record<string, TlsProblem>> = {
  CERT_HAS_EXPIRED: { text: 'its certificate has expired', side: 'there' },
  CERT_NOT_YET_VALID: { text: 'its certificate is not valid yet', side: 'there' },
  CERT_REVOKED: { text: 'its certificate was revoked', side: 'there' },
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    text: 'its certificate is for another name than the host in the address',
    side: 'here',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: { text: 'it does not speak TLS on that port', side: 'here' },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { text: 'it does not speak TLS on that port', side: 'here' },
};

/** A TLS alert about our certificate, such as `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`. */
const REFUSED = /^ERR_SSL_\S*ALERT\S*(?:CERTIFICATE|UNKNOWN_CA)/;

/** Explains a TLS error by its code; undefined if the code is not about TLS. */
export function tlsProblem(error: unknown): TlsProblem | undefined {
  const code = errorCode(error);
  if (code === undefined) return undefined;
  if (Object.hasOwn(PROBLEMS, code)) return PROBLEMS[code];
  return REFUSED.test(code)
    ? { text: 'it refuses the certificate of this side, or wants one (cert_file, key_file)', side: 'here' }
    : undefined;
}
