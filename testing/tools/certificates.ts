import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate with its key, as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority for tests. */
export interface Authority extends Certificate {
  issue(name: string, options?: CertificateOptions): Certificate;
}

export interface CertificateOptions {
  /** Days until the certificate expires; -1: it expired a day ago. Default 30. */
  readonly endsInDays?: number;
  /** The name or IPv4 address that the certificate is for, in addition to localhost and 127.0.0.1. */
  readonly host?: string;
}

const DAY_MS = 86_400_000;

/**
 * Makes an authority whose certificate is valid for a year. Node.js cannot make certificates, so this file writes their
 * DER encoding.
 */
export function newAuthority(name: string): Authority {
  const keys = newKeys();
  const own = { issuer: name, signedBy: keys.privateKey };
  return {
    ...pem(
      keys,
      newCertificate({ ...own, subject: name, endsInDays: 365, key: keys.publicKey, extensions: [isAuthority] }),
    ),
    issue(subject, { endsInDays = 30, host = 'localhost' } = {}) {
      const of = newKeys();
      const extensions = [forHosts(new Set(['localhost', '127.0.0.1', host]))];
      return pem(of, newCertificate({ ...own, subject, endsInDays, key: of.publicKey, extensions }));
    },
  };
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

function pem({ privateKey }: { readonly privateKey: KeyObject }, der: Buffer): Certificate {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

interface Contents {
  readonly issuer: string;
  readonly signedBy: KeyObject;
  readonly subject: string;
  readonly endsInDays: number;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** Makes an X.509 certificate of version 3 (RFC 5280), in DER. */
function newCertificate({ issuer, signedBy, subject, endsInDays, key, extensions }: Contents): Buffer {
  const inDays = (days: number) => time(Date.now() + days * DAY_MS);
  const validity = sequence(inDays(Math.min(endsInDays, 0) - 1), inDays(endsInDays));
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    validity,
    nameOf(subject),
    key.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  return sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, signedBy)));
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes);
const bits = (bytes: Buffer): Buffer => tagged(0x03, Buffer.of(0), bytes);
const octets = (bytes: Buffer): Buffer => tagged(0x04, bytes);
const object = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
const time = (ms: number): Buffer => tagged(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));
const nameOf = (text: string): Buffer =>
  sequence(tagged(0x31, sequence(object('550403'), tagged(0x0c, Buffer.from(text)))));

const ECDSA_WITH_SHA256 = sequence(object('2a8648ce3d040302'));
const TRUE = tagged(0x01, Buffer.of(0xff));
const isAuthority = sequence(object('551d13'), TRUE, octets(sequence(TRUE)));
const hostOf = (host: string): Buffer =>
  isIPv4(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host));
const forHosts = (hosts: Iterable<string>): Buffer =>
  sequence(object('551d11'), octets(sequence(...Array.from(hosts, hostOf))));
