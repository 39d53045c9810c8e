/**
 * Before a program under test, by `--import`: SIGUSR2 begins a profile of its main thread, the next one ends it and
 * writes it to the file that BENCH_PROFILE names. No TypeScript, whose stripper would stay in the program's memory.
 */
import { rename, writeFile } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';

const EVERY_MICROS = 500;

const { BENCH_PROFILE: file } = process.env;
if (isMainThread && file !== undefined) {
  let session;
  process.on('SIGUSR2', async () => {
    if (session === undefined) {
      const { Session } = await import('node:inspector/promises');
      session = new Session();
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: EVERY_MICROS });
      await session.post('Profiler.start');
      return;
    }
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    session = undefined;
    // Whoever waits for the file finds a whole one.
    await writeFile(`${file}.part`, JSON.stringify(profile));
    await rename(`${file}.part`, file);
  });
}
