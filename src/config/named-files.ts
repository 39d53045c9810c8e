import { statSync } from 'node:fs';
import path from 'node:path';
import { shown } from '../domain/options/shown.ts';
import { variableOf } from './environment-overrides.ts';
import { ConfigError } from './problem.ts';
import type { ConfigReport } from './report.ts';
import type { Sections } from './schema.ts';
import { Secret } from './secret.ts';
import { fileProblem, type KeyPath, readText } from './yaml-source.ts';

/** Finds and reads the files that a configuration names, relative to its directory; adds problems to its report. */
export class ConfigFiles {
  readonly #directory: string;
  readonly #report: ConfigReport;

  constructor(directory: string, report: ConfigReport) {
    this.#directory = directory;
    this.#report = report;
  }

  path(text: string): string {
    return path.resolve(this.#directory, text);
  }

  /** The absolute path of a file that must exist. */
  existing(key: KeyPath, file: string): string {
    const resolved = this.path(file);
    try {
      if (!statSync(resolved).isFile())
        this.#report.refuse(key, shown(file), `a file that can be read: ${resolved} is a directory`);
    } catch (error) {
      this.#report.refuse(key, shown(file), `a file that can be read: ${resolved}: ${fileProblem(error)}`);
    }
    return resolved;
  }

  /** The secret from the environment, or else from the first row of the file in `KEY_file`, or else null. */
  secret(key: readonly string[], value: string | undefined, file: string | null | undefined): Secret | null {
    if (value !== undefined) return new Secret(value);
    if (file === null || file === undefined) return null;
    const fileKey = [...key.slice(0, -1), `${key.at(-1)}_file`];
    const resolved = this.existing(fileKey, file);
    let text = '';
    try {
      text = readText(resolved, resolved).replace(/\r?\n.*$/s, '');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
    if (text === '') this.#report.refuse(fileKey, shown(file), 'a file in UTF-8 that has the secret in its first row');
    return new Secret(text);
  }

  kafka({ ssl, sasl, schema_registry: registry }: Sections['kafka']) {
    const at = (...keys: readonly string[]) => ['kafka', ...keys];
    const password = this.secret(at('sasl', 'password'), sasl?.password, sasl?.password_file);
    if (sasl !== null && password === null) {
      const allowed = `a file with the password, or the environment variable ${variableOf(at('sasl', 'password'))}`;
      this.#report.refuse(at('sasl', 'password_file'), 'nothing', allowed);
    }
    return {
      ssl: typeof ssl === 'boolean' || ssl === null ? ssl || null : this.#sslFiles(ssl),
      sasl:
        sasl === null || password === null ? null : { mechanism: sasl.mechanism, username: sasl.username, password },
      schemaRegistry:
        registry === null
          ? null
          : {
              url: registry.url.replace(/\/+$/, ''),
              register: registry.register,
              user: registry.user,
              password: this.secret(at('schema_registry', 'password'), registry.password, registry.password_file),
              caFile:
                registry.ca_file === null ? null : this.existing(at('schema_registry', 'ca_file'), registry.ca_file),
            },
    };
  }

  #sslFiles(files: Exclude<Sections['kafka']['ssl'], boolean | null>) {
    const absolute = (key: keyof typeof files) => this.existing(['kafka', 'ssl', key], files[key] ?? '');
    return {
      ...(files.ca_file !== undefined && { caFile: absolute('ca_file') }),
      ...(files.cert_file !== undefined && { certFile: absolute('cert_file') }),
      ...(files.key_file !== undefined && { keyFile: absolute('key_file') }),
    };
  }
}
