import { at } from '../domain/at.ts';
import type { EventKind, FrameSubject } from './captures/frame-subject.ts';
import type { Connection, ListenedTopic } from './connection.ts';
import { asciiFrame } from './text-frame.ts';

const COMBINED = 1;
const MICROS = 2;

/**
 * A stream (Binance) or topic (Bybit) and its listeners. Listeners may want different envelopes and units of time; each
 * such form of an event is serialised once.
 */
export class Topic implements ListenedTopic {
  readonly name: string;
  readonly kind: EventKind;
  readonly symbol: string;
  /** Number of listeners. */
  size = 0;
  private readonly forms: Connection[][] = [[], [], [], []];
  /** The numbers of the listening connections, as JSON. */
  listening = '[]';
  /** The name's UTF-8 bytes as latin1, for names beyond ASCII. */
  private readonly wireName: string;

  constructor(name: string, kind: EventKind, symbol: string) {
    this.name = name;
    this.wireName = Buffer.from(name, 'utf8').toString('latin1');
    this.kind = kind;
    this.symbol = symbol;
  }

  add(connection: Connection): void {
    this.form(connection).push(connection);
    this.count();
  }

  remove(connection: Connection): void {
    for (const form of this.forms) {
      const at = form.indexOf(connection);
      if (at !== -1) form.splice(at, 1);
    }
    this.count();
  }

  listeners(): Connection[] {
    return this.forms.flat().sort((a, b) => a.number - b.number);
  }

  /** True if a fault affects a listener. */
  get disturbed(): boolean {
    return this.forms.some((form) => form.some(({ interference }) => interference !== undefined));
  }

  /**
   * Sends an event to every listener. `make` returns the event's bytes as latin1, and appends its argument to
   * milliseconds: '', or '000' for microseconds. `kind` selects the faults that apply. Returns the numbers of the
   * reached connections, as JSON.
   */
  publish(make: (unit: string) => string, kind: EventKind = this.kind): string {
    const disturbed = this.disturbed;
    const subject = this.subject(kind);
    const reached: number[] = [];
    const made: string[] = [];
    for (const [form, listeners] of this.forms.entries()) {
      if (listeners.length === 0) continue;
      made[form & MICROS] ??= make(form & MICROS ? '000' : '');
      const data = at(made, form & MICROS);
      const payload = form & COMBINED ? `{"stream":"${this.wireName}","data":${data}}` : data;
      const framed = asciiFrame(payload);
      for (const connection of listeners) {
        const { interference } = connection;
        if (interference === undefined) connection.push(payload, framed);
        else if (!interference.deliver(connection, subject, payload, framed)) continue;
        if (disturbed) reached.push(connection.number);
      }
    }
    return disturbed ? `[${reached.sort((a, b) => a - b).join(',')}]` : this.listening;
  }

  /** Sends an event to one listener; false if a fault withheld it. */
  publishTo(connection: Connection, data: string, kind: EventKind = this.kind): boolean {
    const payload = connection.combined ? `{"stream":"${this.wireName}","data":${data}}` : data;
    const framed = asciiFrame(payload);
    if (connection.interference !== undefined)
      return connection.interference.deliver(connection, this.subject(kind), payload, framed);
    connection.push(payload, framed);
    return true;
  }

  private subject(kind: EventKind): FrameSubject {
    return kind === this.kind ? this : { kind, symbol: this.symbol };
  }

  private form(connection: Connection): Connection[] {
    return at(this.forms, (connection.combined ? COMBINED : 0) | (connection.micros ? MICROS : 0));
  }

  private count(): void {
    const numbers = this.listeners().map(({ number }) => number);
    this.size = numbers.length;
    this.listening = `[${numbers.join(',')}]`;
  }
}
