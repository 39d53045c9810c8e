import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator-options.ts';
import type { Place } from '../../testing/judges/read-run.ts';
import type { Verdict } from '../../testing/judges/trade-judge.ts';
import type { Broker } from '../../testing/kafka/kafka-broker.ts';
import type { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import type { GuardOutcome } from './guard-judge.ts';

/** Below the active stream must have data again after a close or a refusal, and after silence, with hot standby; milliseconds. */
export const AFTER_CLOSE_MS = 1000;
export const AFTER_SILENCE_MS = 5500;

/** What a row may do while the pipeline runs. */
export interface Scene {
  /** For files of the row's own; its configuration, log, journal and verdict are there too. */
  readonly folder: string;
  /** The row's own. */
  readonly broker: Broker | undefined;
  readonly place: Place;
  readonly pipeline: PipelineProcess;
  /** What the row finds wrong by itself. */
  readonly complaints: string[];
  /** Starts faults at the venues, together; the first call is when the row's fault begins. */
  inject(...requests: readonly FaultRequest[]): Promise<void>;
  /** The row's fault begins now. */
  begun(): void;
  /** Ends all faults of the venues. */
  clear(): Promise<void>;
  wait(seconds: number): Promise<void>;
  /** Starts the pipeline again that was killed. */
  start(): PipelineProcess;
  /** All lines of all venues are subscribed and the first venue serves. @throws Error where that does not come in time. */
  inOrder(timeoutMs?: number): Promise<void>;
}

/** What a row must show. Nothing twice and nothing out of order is asked of every row. */
export interface Expectation {
  /** Longest time without data, milliseconds; undefined: as long as the fault takes. */
  readonly withinMs?: number;
  /** Trades missing and named by a gap: none may be, some may, some must. */
  readonly inGaps: 'none' | 'allowed' | 'some';
  /** Of the stop at the end; 0. CONTRACT 1: 1 where something received could be neither delivered nor spilled. */
  readonly exitCode?: number;
  /** True if nobody can notice missing trades: the venue's ids are sparse, and no line carried them. */
  readonly notDetectable?: boolean;
}

/** One fault, one run of the pipeline. */
export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly fault: string;
  /** Which lines of the active venue it cuts, for the table. */
  readonly cut: string;
  /** In order of preference: the first serves. */
  readonly venues: readonly VenueId[];
  /** Trades a second of each venue. */
  readonly rate?: number;
  readonly sink?: 'kafka' | 'file';
  /** A broker of its own, which the row may stop. */
  readonly ownBroker?: boolean;
  /** True: with a gateway, on any port. */
  readonly gateway?: boolean;
  /** Sections of the configuration. */
  readonly feed?: object;
  readonly spill?: { readonly dir?: string; readonly max_mb?: number };
  readonly simulator?: SimulatorOptions;
  /** Whose data is watched for how long it stays away; all symbols together where undefined. */
  readonly symbol?: string;
  /** Milliseconds by which SIGUSR2 steps the wall clock of the pipeline. */
  readonly clockStepMs?: number;
  /** Before the pipeline starts; gives what undoes it. @throws Skipped where this machine does not have what it takes. */
  readonly prepare?: (folder: string) => Promise<() => Promise<void>>;
  /** Injects the fault and resolves when it is over. */
  readonly act: (scene: Scene) => Promise<void>;
  /** Looks at what the run left, once it has ended. */
  readonly afterwards?: (scene: Scene) => Promise<void>;
  /** Matches the first status record that reports the fault. Undefined: none is needed, a line or a repair covers it. */
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
  readonly silentForMs: number;
  readonly verdict: Verdict;
  /** Of the consumer beside it; undefined: the row did not come so far. */
  readonly guard?: GuardOutcome;
  /** Of the pipeline's last stop. */
  readonly exitCode: number | null;
  /** What a row itself found wrong. */
  readonly complaints: readonly string[];
}

/** What a row misses of its expectation, in words; `slow`: only time. */
export function misses(row: Row, outcome: Outcome): { readonly wrong: string[]; readonly slow: string[] } {
  const { verdict, guard, noticedAfterMs, silentForMs, exitCode, complaints } = outcome;
  const { withinMs, inGaps, notDetectable } = row.expected;
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
    ...(withinMs === undefined || silentForMs < withinMs ? [] : [`${Math.round(silentForMs)} ms without data`]),
    ...(guard === undefined || guard.late.length === 0 ? [] : [`${guard.late.length} halts too late`]),
  ];
  return { wrong, slow };
}
