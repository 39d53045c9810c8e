import { readFileSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { Fault } from '../domain/fault.ts';
import type { KafkaConfig } from './config.ts';

/**
 * Node's TLS options for the configuration's `kafka.ssl`; `{}`: the system's certificate authorities.
 * @throws Fault with retry `never` if a certificate or key cannot be read
 */
export function tlsOptions(ssl: NonNullable<KafkaConfig['ssl']>): ConnectionOptions {
  if (ssl === true) return {};
  const { caFile, certFile, keyFile } = ssl;
  const options = {
    ...(caFile === undefined ? {} : { ca: readFile(caFile, CERTIFICATE) }),
    ...(certFile === undefined ? {} : { cert: readFile(certFile, CERTIFICATE) }),
    ...(keyFile === undefined ? {} : { key: readFile(keyFile) }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw sslFault(
      `${certFile ?? caFile} and ${keyFile ?? 'no key'} do not belong together, or are not PEM files`,
      cause,
    );
  }
  return options;
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;

function readFile(path: string, wanted = /-----BEGIN /): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw sslFault(`${path} cannot be read`, cause);
  }
  // Node accepts a file without a certificate, and then trusts no server.
  if (!wanted.test(bytes.toString('latin1')))
    throw sslFault(`${path} has no PEM block of the expected kind (certificate or key)`);
  return bytes;
}

function sslFault(message: string, cause?: unknown): Fault {
  return new Fault('sink', `kafka.ssl: ${message}`, { retry: { kind: 'never' }, cause });
}
