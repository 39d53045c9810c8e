import { describe, expect, it } from 'vitest';
import { PARSERS } from '../../src/capture/capture-row.ts';
import type { CaptureRow } from '../../src/capture/read-capture.ts';
import { VirtualScheduler } from '../../src/net/virtual-scheduler.ts';
import { ReplayNetwork } from '../../src/replay/replay-network.ts';

const OPTIONS = { connectTimeoutMs: 1000, compression: false, maxFrameBytes: 1000 };

function setUp() {
  const scheduler = new VirtualScheduler(0);
  const network = new ReplayNetwork({ scheduler, restUrls: () => ['https://rest.example/'], single: undefined });
  const run = (): void => {
    while (scheduler.nextDueAt !== undefined && scheduler.nextDueAt <= scheduler.now()) scheduler.runNext();
  };
  return {
    scheduler,
    network,
    run,
    /** Passes rows of a capture, which are written without their times. */
    take(...lines: readonly string[]): void {
      for (const line of lines) {
        network.take(PARSERS['market-feed'](Buffer.from(`0000 ${line}`)) as Exclude<CaptureRow, { kind: 'body' }>);
        run();
      }
    },
    open(line: number) {
      const emitted: string[] = [];
      const socket = network.networks('binance', line).open('wss://example.org', OPTIONS, {
        onOpen: () => emitted.push('open'),
        onFrame: ({ data }) => emitted.push(Buffer.from(data).toString()),
        onPing: () => emitted.push('ping'),
        onPong: () => emitted.push('pong'),
        onEnd: (end) => emitted.push(`end ${end.kind}`),
      });
      expect(emitted).toEqual([]);
      run();
      return { emitted, close: () => socket.close() };
    },
  };
}

const ENDED =
  '! ended {"kind":"failed","fault":{"kind":"connection_closed","message":"gone","retry":{"kind":"backoff"}}}';

describe('a replayed connection', () => {
  it('emits the events of the next recorded connection of its line', () => {
    const { take, open } = setUp();
    const [first, second] = [open(1), open(2)];
    take(
      'binance:2 ! connecting wss://b',
      'binance:1 ! connecting wss://a',
      'binance:1 ! connected',
      'binance:1 {"a":1}',
    );
    take('binance:2 ! connected', 'binance:2 {"b":1}', 'binance:1 ! ping', 'binance:1 ! pong', `binance:1 ${ENDED}`);
    take('binance:1 ! connecting wss://a', 'binance:1 ! connected', 'binance:1 {"a":2}');
    expect(first.emitted).toEqual(['open', '{"a":1}', 'ping', 'pong', 'end failed']);
    expect(second.emitted).toEqual(['open', '{"b":1}']);
    expect(open(1).emitted).toEqual(['open', '{"a":2}']);
  });

  it('emits events recorded up to a second before it opens, even after the recorded one ended', () => {
    const { take, open, scheduler, network } = setUp();
    const lines = [
      'binance:1 ! connecting wss://a',
      'binance:1 ! connected',
      'binance:1 {"a":1}',
      `binance:1 ${ENDED}`,
    ];
    take(...lines);
    scheduler.moveTo(900);
    expect(open(1).emitted).toEqual(['open', '{"a":1}', 'end failed']);
    take(...lines);
    scheduler.moveTo(2000);
    expect(open(1).emitted).toEqual([]);
    take('binance:1 ! connecting wss://a', 'binance:1 ! connected');
    expect(network.counts.missed).toBe(1);
  });

  it('leaves the remaining frames to the next connection if it closes before the recorded one', () => {
    const { take, open, network } = setUp();
    const first = open(1);
    take('binance:1 ! connecting wss://a', 'binance:1 ! connected', 'binance:1 {"a":1}');
    first.close();
    take('binance:1 {"a":2}');
    expect(network.hasWaiting).toBe(true);
    const second = open(1);
    take('binance:1 {"a":3}');
    expect(first.emitted).toEqual(['open', '{"a":1}']);
    expect(second.emitted).toEqual(['open', '{"a":2}', '{"a":3}']);
    expect(network.hasWaiting).toBe(false);
  });

  it('is followed by the next recorded connection if the recorded one closes, too', () => {
    const { take, open } = setUp();
    const first = open(1);
    take('binance:1 ! connecting wss://a', 'binance:1 ! connected');
    first.close();
    take('binance:1 ! closed');
    const second = open(1);
    expect(second.emitted).toEqual([]);
    take('binance:1.2 ! connecting wss://a', 'binance:1.2 ! connected', 'binance:1.2 {"a":1}');
    expect(second.emitted).toEqual(['open', '{"a":1}']);
    expect(first.emitted).toEqual(['open']);
  });

  it('emits the frames and the end if the recorded one closed before it opens', () => {
    const { take, open } = setUp();
    const first = open(1);
    take('binance:1 ! connecting wss://a', 'binance:1 ! connected');
    first.close();
    take('binance:1 {"a":1}', 'binance:1 ! closed');
    expect(open(1).emitted).toEqual(['open', '{"a":1}', 'end failed']);
  });

  it('keeps at most ten thousand frames for a late connection', () => {
    const { take, network, open } = setUp();
    take('binance:1 ! connecting wss://a', 'binance:1 ! connected');
    for (let id = 0; id < 10_050; id++) take(`binance:1 {"a":${id}}`);
    expect(network.counts.missed).toBe(51);
    expect(open(1).emitted).toHaveLength(10_000);
  });
});

describe('a replayed request', () => {
  const answer = (body: string) =>
    `binance:rest ! answer {"path":"/a?b=1","status":200,"headers":{"x":"y"},"body":"${body}"}`;
  const URL_A = 'https://rest.example/a?b=1';

  it('receives the answers of its path in order, if they are at most ten seconds old', async () => {
    const { take, network, scheduler } = setUp();
    const { get } = network.networks('binance', 0);
    const first = get(URL_A, { timeoutMs: 1000 });
    const second = get(URL_A, { timeoutMs: 1000 });
    take(answer('1'), answer('2'), answer('3'));
    expect(await first).toEqual({ path: '/a?b=1', status: 200, headers: { x: 'y' }, body: '1' });
    expect((await second).body).toBe('2');
    scheduler.moveTo(9000);
    expect((await get(URL_A, { timeoutMs: 1000 })).body).toBe('3');
    take(answer('4'));
    scheduler.moveTo(20_000);
    const late = get(URL_A, { timeoutMs: 1000 });
    const failed = expect(late).rejects.toMatchObject({ kind: 'connect_timeout' });
    scheduler.moveTo(21_000);
    scheduler.runNext();
    await failed;
    expect(network.answers.takeSettled()).toBe(true);
    expect(network.answers.takeSettled()).toBe(false);
  });

  it('fails with the recorded fault, and at once if the capture has no answers', async () => {
    const { take, network } = setUp();
    const failing = network.networks('binance', 0).get(URL_A, { timeoutMs: 1000 });
    const failed = expect(failing).rejects.toMatchObject({
      kind: 'rate_limited',
      retry: { kind: 'after', afterMs: 7 },
    });
    take(
      'binance:rest ! answer {"path":"/a?b=1","fault":{"kind":"rate_limited","message":"slow","retry":{"kind":"after","afterMs":7}}}',
    );
    await failed;
    const foreign = new ReplayNetwork({ scheduler: new VirtualScheduler(0), restUrls: () => [], single: 'binance' });
    await expect(foreign.networks('binance', 0).get(URL_A, { timeoutMs: 1000 })).rejects.toMatchObject({
      retry: { kind: 'never' },
    });
  });
});
