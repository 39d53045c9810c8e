/** A row of the fault matrix (docs/fault-matrix.md): one fault, what the run must show, what it showed, what it missed. */
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator-options.ts';
import type { RunStore } from '../../testing/judges/read-run.ts';
import type { Verdict } from '../../testing/judges/trade-judge.ts';
import type { Broker } from '../../testing/kafka/kafka-broker.ts';
import type { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import type { GuardOutcome } from './guard-judge.ts';

/**
 * Limits for the time without data with a ready standby, milliseconds: after a close or a refusal, and after a time
 * without frames.
 */
export const AFTER_CLOSE_MS = 1000;
export const AFTER_SILENCE_MS = 5500;

/** The operations that a row uses while the pipeline runs. */
export interface Scene {
  /** Folder for the row's files, among them its configuration, log, journal and verdict. */
  readonly folder: string;
  /** The row's own broker, if it has one. */
  readonly broker: Broker | undefined;
  readonly store: RunStore;
  readonly pipeline: PipelineProcess;
  /** Problems that the row itself finds. */
  readonly complaints: string[];
  /** Starts faults at the venues at the same time. The first call marks the start of the row's fault. */
  inject(...requests: readonly FaultRequest[]): Promise<void>;
  /** Marks the start of the row's fault. */
  markBegun(): void;
  /** Ends all faults of the venues. */
  clear(): Promise<void>;
  wait(seconds: number): Promise<void>;
  /** Starts the pipeline again after a kill. */
  start(): PipelineProcess;
  /** Waits until all lines of all venues are subscribed and the first venue serves. @throws Error after the timeout. */
  untilServing(timeoutMs?: number): Promise<void>;
}

/** What a row must show. In every row, no trade may be repeated or out of order. */
export interface Expectation {
  /** Longest time without data, milliseconds; undefined: no limit. */
  readonly withinMs?: number;
  /** Longest time until a status record reports the fault, milliseconds; undefined: no limit. */
  readonly noticedWithinMs?: number;
  /** Whether missing trades inside published gaps are forbidden, allowed or required. */
  readonly inGaps: 'none' | 'allowed' | 'some';
  /** Exit code of the stop at the end; default 0. It is 1 if a record could be neither delivered nor spilled. */
  readonly exitCode?: number;
  /** True if missing trades cannot be detected: the venue's ids are not contiguous, and no line carried the trades. */
  readonly notDetectable?: boolean;
}

/** One fault, one run of the pipeline. */
export interface Row {
  /** Name of the row for `--only`. */
  readonly name: string;
  readonly fault: string;
  /** Which lines of the active venue the fault cuts, for the table. */
  readonly cut: string;
  /** The venues in order of preference. The first one serves. */
  readonly venues: readonly VenueId[];
  /** Trades a second of each venue. */
  readonly rate?: number;
  readonly sink?: 'kafka' | 'file';
  /** True: the row has its own broker, which it may stop. */
  readonly ownBroker?: boolean;
  /** True: the pipeline has a gateway, on any port. */
  readonly gateway?: boolean;
  /** Keys for the section `feed` of the configuration. */
  readonly feed?: object;
  /** True: Binance's market-data-only host is its second host. */
  readonly dataOnly?: boolean;
  readonly spill?: { readonly dir?: string; readonly max_mb?: number };
  readonly simulator?: SimulatorOptions;
  /** The symbol whose time without data is measured; undefined: all symbols together. */
  readonly symbol?: string;
  /** Milliseconds by which SIGUSR2 steps the wall clock of the pipeline. */
  readonly clockStepMs?: number;
  /**
   * Runs before the pipeline starts, and returns a function that undoes it. @throws Skipped if this machine cannot do
   * it.
   */
  readonly prepare?: (folder: string) => Promise<() => Promise<void>>;
  /** Injects the fault and resolves when it is over. */
  readonly act: (scene: Scene) => Promise<void>;
  /** Checks the files and topics after the end of the run. */
  readonly afterwards?: (scene: Scene) => Promise<void>;
  /**
   * Matches the first status record that reports the fault. Undefined: no record is needed, because a line or a repair
   * covers the fault.
   */
  readonly noticedBy?: (status: FeedStatus) => boolean;
  readonly expected: Expectation;
}

/** A row that cannot be played, and why. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** What was measured. Times in milliseconds. */
export interface Outcome {
  readonly noticedAfterMs?: number;
  readonly withoutDataMs: number;
  readonly verdict: Verdict;
  /** Result of the consumer with the trading guard; undefined if the row failed before. */
  readonly guard?: GuardOutcome;
  /** Exit code of the pipeline's last stop. */
  readonly exitCode: number | null;
  /** Problems that the row itself found. */
  readonly complaints: readonly string[];
}

/**
 * Returns how an outcome misses the expectation of its row, as text. `slow` has missed time limits, `wrong` has all
 * else.
 */
export function misses(row: Row, outcome: Outcome): { readonly wrong: string[]; readonly slow: string[] } {
  const { verdict, guard, noticedAfterMs, withoutDataMs, exitCode, complaints } = outcome;
  const { withinMs, noticedWithinMs, inGaps, notDetectable } = row.expected;
  const wrong = [
    ...(verdict.lost === 0 ? [] : [`${verdict.lost} lost`]),
    ...(verdict.undetectable > 0 === (notDetectable === true) ? [] : [`${verdict.undetectable} not detectable`]),
    ...(inGaps === 'none' && verdict.inGaps > 0 ? [`${verdict.inGaps} in gaps`] : []),
    ...(inGaps === 'some' && verdict.inGaps === 0 ? ['nothing in gaps'] : []),
    ...(verdict.duplicated === 0 ? [] : [`${verdict.duplicated} twice`]),
    ...(verdict.outOfOrder === 0 ? [] : [`${verdict.outOfOrder} out of order`]),
    ...(verdict.published === 0 ? ['nothing published'] : []),
    ...(row.noticedBy !== undefined && noticedAfterMs === undefined ? ['not noticed'] : []),
    ...(exitCode === (row.expected.exitCode ?? 0) ? [] : [`exit code ${exitCode}`]),
    ...(verdict.problems.length === 0 ? [] : [`${verdict.problems.length} breaches of the contract`]),
    ...(guard === undefined || guard.wrong.length === 0 ? [] : [`${guard.wrong.length} trades on bad data`]),
    ...complaints,
  ];
  const slow = [
    ...(noticedWithinMs === undefined || (noticedAfterMs ?? 0) < noticedWithinMs
      ? []
      : [`noticed after ${Math.round(noticedAfterMs ?? 0)} ms`]),
    ...(withinMs === undefined || withoutDataMs < withinMs ? [] : [`${Math.round(withoutDataMs)} ms without data`]),
    ...(guard === undefined || guard.late.length === 0 ? [] : [`${guard.late.length} halts too late`]),
  ];
  return { wrong, slow };
}
