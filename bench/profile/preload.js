/**
 * Preloaded into a program under test (`node --import`). SIGUSR2 starts a profile of its main thread. The next SIGUSR2
 * ends it and writes it to the file in BENCH_PROFILE. This is JavaScript, because Node's type stripper would stay in
 * the memory of the program.
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
    // Renamed when it is complete, so that a reader never finds a part of it.
    await writeFile(`${file}.part`, JSON.stringify(profile));
    await rename(`${file}.part`, file);
  });
}
