import type { HistoryProgress } from '../../backfill/fetch-history.ts';
import { duration } from '../../domain/duration.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Output } from '../arguments/command.ts';
import { count } from './number-text.ts';
import { progressBar } from './progress-bar.ts';
import { StatusLine } from './status-line.ts';

const PAINT_EVERY_MS = 200;
const LOG_EVERY_MS = 3000;

/** Shows a history's progress: as a bar on a terminal, otherwise as a log entry every few seconds. */
export class HistoryProgressLine {
  readonly #title: string;
  readonly #line: StatusLine;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #begun: { readonly at: number; readonly share: number } | undefined;
  #progress: HistoryProgress | undefined;
  #waiting: { readonly reason: string; readonly until: number } | undefined;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(title: string, err: Output, log: Logger, now: () => number) {
    this.#title = title;
    this.#line = new StatusLine(err);
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => this.#show(), err.isTerminal ? PAINT_EVERY_MS : LOG_EVERY_MS);
  }

  /** Records written so far. */
  get records(): number {
    return this.#progress?.records ?? 0;
  }

  show(progress: HistoryProgress): void {
    this.#begun ??= { at: this.#now(), share: progress.share };
    this.#progress = progress;
    this.#waiting = undefined;
  }

  wait(reason: string, delayMs: number): void {
    this.#waiting = { reason, until: this.#now() + delayMs };
    this.#log.warn({ event: 'history_waits', reason, retry_after_ms: Math.round(delayMs) }, 'waiting for the venue');
  }

  close(): void {
    clearInterval(this.#timer);
    this.#line.close();
  }

  #show(): void {
    this.#line.show(this.#text());
    if (this.#progress === undefined) return;
    const { records, share, last } = this.#progress;
    const remainingMs = this.#remainingMs(share);
    this.#log.info(
      {
        event: 'history',
        records,
        share: Math.round(share * 1000) / 1000,
        reached: last === undefined ? null : reached(last),
        remaining_ms: remainingMs === undefined ? null : Math.round(remainingMs),
      },
      'history',
    );
  }

  #text(): string {
    const waitMs = (this.#waiting?.until ?? 0) - this.#now();
    if (this.#waiting !== undefined && waitMs > 0)
      return `${this.#title}  waiting ${duration(waitMs)}: ${this.#waiting.reason}`;
    return this.#progress === undefined
      ? `${this.#title}  …`
      : progressText(this.#title, this.#progress, this.#remainingMs(this.#progress.share));
  }

  #remainingMs(share: number): number | undefined {
    const { at = 0, share: first = 0 } = this.#begun ?? {};
    return share > first ? ((this.#now() - at) / (share - first)) * (1 - share) : undefined;
  }
}

/** `BTCUSDT trades  40 s left  52%  [######------]  52,000 records, 2026-11-21 08:30:00`. */
export function progressText(
  title: string,
  { records, share, last }: HistoryProgress,
  remainingMs: number | undefined,
): string {
  const at = last === undefined ? '' : `, ${reached(last).slice(0, 19).replace('T', ' ')}`;
  return `${title}${progressBar(share, remainingMs)}  ${count(records)} records${at}`;
}

function reached(last: NonNullable<HistoryProgress['last']>): string {
  return new Date(last.kind === 'kline' ? last.openTime : last.timestamp).toISOString();
}
