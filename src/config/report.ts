import { ConfigError, type Problem, shown } from './problem.ts';
import { type KeyPath, valueAt, type YamlSource } from './yaml-source.ts';

/** Collects what is wrong with a configuration, and knows where each key came from. One problem per key. */
export class ConfigReport {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #yaml: YamlSource | undefined;
  readonly #origins = new Map<string, string>();

  /** `file` is the name to show; without `yaml` there are no lines. */
  constructor(file: string, yaml: YamlSource | undefined) {
    this.#file = file;
    this.#yaml = yaml;
  }

  /** From now on the key (and all below it) comes from `origin`, not from the file. */
  override(key: KeyPath, origin: string): void {
    this.#origins.set(dotted(key), origin);
  }

  /** The key is not as it should be; `allowed` says what would be right. */
  refuse(key: KeyPath, found: string, allowed: string, hint?: string): void {
    const place = this.#placeOf(key);
    if (this.problems.some((other) => other.key === dotted(key) && other.where === place.where)) return;
    this.problems.push({ ...place, key: dotted(key), found, allowed: `allowed: ${allowed}`, hint });
  }

  /** The value at a key as it was written. */
  shown(root: unknown, key: KeyPath): string {
    const written = this.#originOf(key) === undefined ? this.#yaml?.numberAt(key) : undefined;
    return written ?? shown(valueAt(root, key));
  }

  has(key: string): boolean {
    return this.problems.some(
      (problem) => problem.key === key || problem.key.startsWith(`${key}[`) || problem.key.startsWith(`${key}.`),
    );
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  #placeOf(key: KeyPath): Pick<Problem, 'where' | 'line'> {
    const origin = this.#originOf(key);
    if (origin !== undefined) return { where: origin };
    return this.#yaml === undefined ? { where: this.#file } : { where: this.#file, line: this.#yaml.lineOf(key) };
  }

  #originOf(key: KeyPath): string | undefined {
    return key.map((_, index) => this.#origins.get(dotted(key.slice(0, index + 1)))).findLast((origin) => origin);
  }
}

function dotted(key: KeyPath): string {
  return key.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
