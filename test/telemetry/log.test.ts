import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { createLog, type LogOptions } from '../../src/telemetry/log.ts';

function logTo(lines: Record<string, unknown>[], level: LogOptions['level'] = 'info') {
  return createLog({ level, destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
}

describe('createLog', () => {
  it('writes JSON entries with the name of the level, the time, the event and the message', () => {
    const lines: Record<string, unknown>[] = [];
    logTo(lines).warn({ event: 'feed_stale', venue: 'bybit' }, 'no data for 5000 ms');
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        event: 'feed_stale',
        venue: 'bybit',
        msg: 'no data for 5000 ms',
      },
    ]);
  });

  it.each([
    ['debug', ['debug', 'info', 'error']],
    ['info', ['info', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('logs only entries at or above the level %s', (level, expected) => {
    const lines: Record<string, unknown>[] = [];
    const log = logTo(lines, level);
    log.debug({ event: 'a' });
    log.info({ event: 'b' });
    log.error({ event: 'c' });
    expect(lines.map((line) => line.level)).toEqual(expected);
  });

  it('never writes a secret', () => {
    const lines: Record<string, unknown>[] = [];
    const log = logTo(lines);
    log.info({ event: 'config', password: 'hunter2', kafka: { sasl: { username: 'me', password: 'hunter2' } } });
    log.child({ token: 'hunter2' }).info({ event: 'asked', headers: { authorization: 'hunter2' } });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    expect(lines[0]).toMatchObject({ kafka: { sasl: { username: 'me', password: '[redacted]' } } });
  });

  it('logs a fault with its retry decision and its cause', () => {
    const lines: Record<string, unknown>[] = [];
    const fault = new Fault('rate_limited', 'HTTP 429', {
      status: 429,
      retry: { kind: 'after', afterMs: 7000 },
      cause: new Error('slow down'),
    });
    logTo(lines).error({ event: 'refused', fault }, 'refused');
    expect(lines[0]).toMatchObject({
      fault: {
        kind: 'rate_limited',
        message: 'HTTP 429',
        status: 429,
        retry: { kind: 'after', afterMs: 7000 },
        cause: { message: 'slow down' },
      },
    });
  });

  it('writes only to stderr, and loses no entry if the process exits at once', () => {
    const program = `
      const { createLog } = await import(${JSON.stringify(new URL('../../src/telemetry/log.ts', import.meta.url).href)});
      const log = createLog({ level: 'info' });
      for (let count = 0; count < 1000; count++) log.info({ event: 'line', count });
      process.exit(0);
    `;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
    expect(stderr.trim().split('\n')).toHaveLength(1000);
  });
});
