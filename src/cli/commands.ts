import type { Command } from './arguments/command.ts';

export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, one line each; loaded when it is called. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: { summary: 'venues to topics: the main job', load: async () => (await import('./run.ts')).command },
  gateway: {
    summary: 'dashboard and HTTP over the topics of a pipeline that runs elsewhere',
    load: async () => (await import('./gateway.ts')).command,
  },
  demo: {
    summary: 'the same against simulated venues, into files',
    load: async () => (await import('./demo.ts')).command,
  },
  simulate: { summary: 'simulated venues alone', load: async () => (await import('./simulate.ts')).command },
  watch: {
    summary: 'one channel of one venue, straight to the terminal',
    load: async () => (await import('./watch.ts')).command,
  },
  record: {
    summary: 'all that the venues send into a capture',
    load: async () => (await import('./record.ts')).command,
  },
  replay: {
    summary: 'a capture through the pipeline again',
    load: async () => (await import('./replay.ts')).command,
  },
  history: {
    summary: 'past trades and candles by REST into files',
    load: async () => (await import('./history.ts')).command,
  },
  tail: { summary: 'decoded records of a topic', load: async () => (await import('./tail.ts')).command },
  topics: { summary: 'create or describe the topics', load: async () => (await import('./topics.ts')).command },
  schemas: {
    summary: 'our schemas against a schema registry',
    load: async () => (await import('./schemas.ts')).command,
  },
  check: {
    summary: 'validate the configuration and print the plan',
    load: async () => (await import('./check.ts')).command,
  },
};
