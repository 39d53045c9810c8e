import { type ChildProcess, fork } from 'node:child_process';

/** A child process of the bench that answers requests. */
export interface Child {
  ask<T>(what: string, value?: unknown): Promise<T>;
  end(): Promise<void>;
}

interface Question {
  readonly number: number;
  readonly what: string;
  readonly value: unknown;
}

interface Answer {
  readonly number: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Starts a file as a child process. The file must call `answer`. `nodeFlags`: options for Node itself. */
export function startChild(file: string, args: readonly string[] = [], nodeFlags: readonly string[] = []): Child {
  const child = fork(file, [...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [...nodeFlags] });
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  child.on('message', ({ number, value, error }: Answer) => {
    const waiting = open.get(number);
    open.delete(number);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  });
  const exited = exitOf(child);
  void exited.then(() => {
    for (const { reject } of open.values()) reject(new Error(`${file} ended`));
    open.clear();
  });
  return {
    ask: <T>(what: string, value?: unknown) =>
      new Promise<T>((resolve, reject) => {
        const number = ++asked;
        open.set(number, { resolve: (answer) => resolve(answer as T), reject });
        child.send({ number, what, value } satisfies Question, (error) => {
          if (error !== null) reject(error);
        });
      }),
    end: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** The child's side of `startChild`: answers each request with the handler of that name. Exits when the parent does. */
export function answer(handlers: Readonly<Record<string, (value: never) => unknown>>): void {
  process.on('message', async ({ number, what, value }: Question) => {
    const reply: Answer = await Promise.resolve()
      // Both sides belong to the bench, so the value has the type that its handler takes.
      .then(() => (handlers[what] as (value: unknown) => unknown)(value))
      .then((result) => ({ number, value: result }))
      .catch((error: unknown) => ({ number, error: String(error) }));
    process.send?.(reply);
  });
  process.on('disconnect', () => process.exit(0));
}
