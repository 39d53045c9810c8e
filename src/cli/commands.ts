import type { Command } from './arguments/command.ts';

export interface CommandEntry {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** All commands; each module is loaded when its command is called. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: { summary: 'venues to topics: the main job', load: () => import('./run.ts') },
  gateway: { summary: 'dashboard and HTTP for a pipeline that runs elsewhere', load: () => import('./gateway.ts') },
  demo: { summary: 'run the pipeline against simulated venues, into files', load: () => import('./demo.ts') },
  simulate: { summary: 'simulated venues alone', load: () => import('./simulate.ts') },
  watch: { summary: 'one channel of one venue, straight to the terminal', load: () => import('./watch.ts') },
  record: { summary: 'everything the venues send, into a capture', load: () => import('./record.ts') },
  replay: { summary: 'a capture through the pipeline again', load: () => import('./replay.ts') },
  history: { summary: 'past trades and candles by REST into files', load: () => import('./history.ts') },
  heal: { summary: 'missing trades of past gaps, once', load: () => import('./stored/heal.ts') },
  tail: { summary: 'decoded records of a topic', load: () => import('./tail.ts') },
  audit: { summary: 'completeness, computed again from the records alone', load: () => import('./stored/audit.ts') },
  export: { summary: 'records of a topic or of Avro files, as Parquet files', load: () => import('./export.ts') },
  topics: { summary: 'create or describe the topics', load: () => import('./topics.ts') },
  schemas: { summary: 'compare or register our schemas', load: () => import('./schemas.ts') },
  check: { summary: 'validate the configuration, print the plan, test the sinks', load: () => import('./check.ts') },
};
