import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, newAuthority } from '../tools/certificates.ts';
import { type Broker, startBroker } from './kafka-broker.ts';
import { setScramPassword } from './scram-user.ts';

type Mechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** The password of the user `feed`, for every mechanism. */
export const PASSWORD = 'Kälte "und" \\ Schnee=7,';

/**
 * A broker with certificates and logins. Its listeners: `plain` and `scram` (TLS with login), `expired` (TLS with an
 * expired certificate), `mutual` (TLS that requires a client certificate).
 */
export interface SecureBroker {
  readonly broker: Broker;
  readonly at: Readonly<Record<'plain' | 'scram' | 'expired' | 'mutual', string>>;
  /** Paths of PEM files. `stranger` is an authority that signed none of the certificates. */
  readonly files: Readonly<Record<'ca' | 'stranger' | 'clientCertificate' | 'clientKey', string>>;
  setPassword(mechanism: Exclude<Mechanism, 'plain'>, password: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a secure broker for one test. */
export async function startSecureBroker(): Promise<SecureBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-secure-'));
  const authority = newAuthority('market-feed test authority');
  const client = authority.issue('client');
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const broker = await startBroker({
    listeners: { plain: 'SASL_SSL', scram: 'SASL_SSL', expired: 'SSL', mutual: 'SSL' },
    config: (host) => settings(authority, host),
  });
  const { plain = '', scram = '', expired = '', mutual = '' } = broker.listeners;
  const setPassword = (mechanism: Exclude<Mechanism, 'plain'>, password: string) =>
    setScramPassword(broker.brokers[0] ?? '', 'feed', mechanism, password);
  await setPassword('scram-sha-256', PASSWORD);
  await setPassword('scram-sha-512', PASSWORD);
  return {
    broker,
    at: { plain, scram, expired, mutual },
    files: {
      ca: await write('ca.pem', authority.certificate),
      stranger: await write('stranger.pem', newAuthority('a stranger').certificate),
      clientCertificate: await write('client.pem', client.certificate),
      clientKey: await write('client.key', client.key),
    },
    setPassword,
    async close() {
      await broker.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function settings(authority: Authority, host: string): Record<string, string> {
  const keyStore = (prefix: string, { certificate, key }: ReturnType<Authority['issue']>) => ({
    [`${prefix}ssl.keystore.type`]: 'PEM',
    [`${prefix}ssl.keystore.certificate.chain`]: oneLine(certificate),
    [`${prefix}ssl.keystore.key`]: oneLine(key),
  });
  const module = 'org.apache.kafka.common.security';
  return {
    ...keyStore('', authority.issue('broker', { host })),
    ...keyStore('listener.name.expired.', authority.issue('broker of yesterday', { endsInDays: -1, host })),
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.mutual.ssl.truststore.type': 'PEM',
    'listener.name.mutual.ssl.truststore.certificates': oneLine(authority.certificate),
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.plain.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.plain.plain.sasl.jaas.config': `${module}.plain.PlainLoginModule required user_feed=${quoted(PASSWORD)};`,
    'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.scram.scram-sha-256.sasl.jaas.config': `${module}.scram.ScramLoginModule required;`,
    'listener.name.scram.scram-sha-512.sasl.jaas.config': `${module}.scram.ScramLoginModule required;`,
  };
}

/** Encodes PEM text as a value of a properties file. */
const oneLine = (text: string): string => text.replaceAll('\n', '\\n');

/** Quotes a value for a JAAS configuration inside a properties file, which needs escaping twice. */
function quoted(text: string): string {
  const word = `"${text.replace(/["\\]/g, '\\$&')}"`;
  return word
    .replaceAll('\\', '\\\\')
    .replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
