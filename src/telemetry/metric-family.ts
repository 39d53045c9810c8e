import { Counter, Gauge, type Registry } from 'prom-client';

/** One series: a field to count in, which costs nothing but the addition. */
export interface Cell {
  value: number;
}

export interface FamilyOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  readonly type: 'counter' | 'gauge';
}

interface Series<Label extends string> extends Cell {
  readonly labels: Readonly<Record<Label, string>>;
}

/** Beyond so many series further label values count as `other`: a venue's whim must not fill the memory. */
const MAX_SERIES = 1000;

/** All series of one metric. The registry reads their cells when it is scraped. */
export class MetricFamily<Label extends string> {
  readonly #labels: readonly Label[];
  readonly #series = new Map<string, Series<Label>>();

  constructor(registry: Registry, { name, help, labels, type }: FamilyOptions<Label>) {
    this.#labels = labels;
    const series = this.#series;
    const settings = { name, help, labelNames: labels, registers: [registry] };
    if (type === 'counter') {
      new Counter<Label>({
        ...settings,
        collect() {
          this.reset();
          for (const { labels: of, value } of series.values()) this.inc(of, value);
        },
      });
    } else {
      new Gauge<Label>({
        ...settings,
        collect() {
          this.reset();
          for (const { labels: of, value } of series.values()) this.set(of, value);
        },
      });
    }
  }

  /** The cell of a series, always the same one; keep it where it is counted often. */
  with(labels: Readonly<Record<Label, string>>): Cell {
    const key = this.#labels.map((label) => labels[label]).join('\u0000');
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_SERIES) return this.#other();
    return this.#add(key, labels);
  }

  #other(): Cell {
    const known = this.#series.get('other');
    if (known !== undefined) return known;
    // Object.fromEntries forgets the keys' type; every label is there.
    const labels = Object.fromEntries(this.#labels.map((label) => [label, 'other'])) as Record<Label, string>;
    return this.#add('other', labels);
  }

  #add(key: string, labels: Readonly<Record<Label, string>>): Cell {
    const series = { labels: { ...labels }, value: 0 };
    this.#series.set(key, series);
    return series;
  }
}
