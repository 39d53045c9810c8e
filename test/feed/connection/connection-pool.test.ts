import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { instrument, type ScriptedConnection, ScriptedLines, STALE_AFTER_MS } from './scripted-lines.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

/** A line in a cutover, with its old and its new connection. */
function rotating(lines = new ScriptedLines()): [ScriptedLines, ScriptedConnection, ScriptedConnection] {
  const [old] = lines.start() as [ScriptedConnection];
  lines.pass(1000, old);
  lines.story();
  old.rotate();
  return [lines, old, lines.connection(1)];
}

describe('VenueConnectionPool: a cutover', () => {
  it('closes the old connection only after the new one is subscribed and the old one has caught up', () => {
    const [lines, old, next] = rotating();
    next.open();
    lines.pass(1000, old);
    expect(old.closed).toBe(false);
    next.acknowledge(['trade.BTCUSDT']);
    lines.pass(1000, old, next);
    expect(old.closed).toBe(false);
    next.acknowledge(['trade.ETHUSDT']);
    lines.pass(400, old, next);
    expect(old.closed).toBe(false);
    lines.pass(200, old, next);
    expect(old.closed).toBe(true);
    expect(next.closed).toBe(false);
    expect(lines.story()).toEqual([
      '1/2+ connecting',
      '1/2+ connected',
      '1/2+ subscribed',
      '1/2+ subscribed',
      '1/2 handed_over from 1: server_shutdown after 2500',
    ]);
  });

  it('reports the cutover while the old connection is still open', () => {
    const [lines, old, next] = rotating();
    let wasOpen: boolean | undefined;
    lines.lines.events$.subscribe((event) => {
      if (event.kind === 'change' && event.event.kind === 'cut_over') wasOpen = !old.closed && lines.lines.up === 1;
    });
    next.open().acknowledge();
    lines.pass(1000, old, next);
    expect([wasOpen, old.closed]).toEqual([true, true]);
  });

  it('waits for an old connection that lags behind, however long it takes', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    const subscribedAt = lines.scheduler.now();
    for (let lag = 0; lag < 20; lag++) {
      lines.pass(1000, next);
      old.data(subscribedAt - 20 + lag);
      expect(old.closed).toBe(false);
    }
    old.data(subscribedAt + 500);
    expect(old.closed).toBe(true);
  });

  it('keeps the line up, and counts two connections of a symbol until the old one is closed', () => {
    const [lines, old, next] = rotating();
    const seen: number[][] = [];
    const look = (): void => void seen.push([lines.lines.up, lines.lines.connectionsOf('BTCUSDT'), lines.lines.count]);
    look();
    next.open().acknowledge();
    look();
    lines.pass(1000, old, next);
    look();
    expect(seen).toEqual([
      [1, 1, 1],
      [1, 2, 1],
      [1, 1, 1],
    ]);
  });

  it('ignores a second request during the cutover', () => {
    const [lines, old] = rotating();
    old.rotate();
    lines.lines.rotate({ kind: 'closing', reason: 'maintenance' });
    expect(lines.connections).toHaveLength(2);
  });

  it('opens no second connection for a line that is not connected', () => {
    const lines = new ScriptedLines();
    const [old] = lines.start() as [ScriptedConnection];
    old.fail();
    lines.lines.rotate({ kind: 'closing', reason: 'maintenance' });
    expect(lines.connections).toHaveLength(1);
    lines.pass(1000);
    lines.lines.rotate({ kind: 'closing', reason: 'maintenance' });
    expect(lines.connections).toHaveLength(2);
  });

  it('opens a new connection for each line if the venue announces the close of both', () => {
    const lines = new ScriptedLines({ lines: 2, websocketUrls: ['ws://a', 'ws://b'] });
    const [a, b] = lines.start() as [ScriptedConnection, ScriptedConnection];
    a.rotate();
    b.rotate();
    expect(lines.connections.map(({ args }) => args.url)).toEqual(['ws://a', 'ws://b', 'ws://a', 'ws://b']);
    for (const next of lines.connections.slice(2)) next.open().acknowledge();
    lines.pass(1000, ...lines.connections);
    expect(lines.connections.map(({ closed }) => closed)).toEqual([true, true, false, false]);
  });

  it('opens a third connection if the venue later announces the close of the new one', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    lines.pass(1000, old, next);
    lines.story();
    next.rotate('maintenance');
    const third = lines.connection(2).open().acknowledge();
    lines.pass(1000, next, third);
    expect(lines.open).toEqual([third]);
    expect(lines.story().at(-1)).toBe('1/3 handed_over from 2: maintenance after 1000');
  });

  it('is repeated later if the venue announces the close of the new connection during the cutover', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge().rotate();
    lines.pass(1000, old, next);
    expect(lines.connections).toHaveLength(2);
    lines.pass(5000, next);
    expect(lines.connections).toHaveLength(3);
  });
});

describe('VenueConnectionPool: a cutover in an idle market', () => {
  it('completes if neither connection delivers and the old one answers', () => {
    const [lines, old, next] = rotating(new ScriptedLines({ isIdle: () => true }));
    next.open().acknowledge();
    lines.scheduler.advance(STALE_AFTER_MS / 2);
    old.pong();
    expect(old.closed).toBe(false);
    lines.scheduler.advance(STALE_AFTER_MS * 0.1);
    expect(old.closed).toBe(true);
  });

  it('does not complete while the old connection does not answer', () => {
    const [lines, old, next] = rotating(new ScriptedLines({ isIdle: () => true }));
    next.open().acknowledge();
    next.pong();
    lines.scheduler.advance(STALE_AFTER_MS * 0.8);
    expect(old.closed).toBe(false);
  });

  it('does not complete if only the new connection has no data, and is retried', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    lines.pass(STALE_AFTER_MS + 500, old);
    expect([old.closed, next.closed]).toEqual([false, true]);
    expect(lines.story().slice(3, 5)).toEqual(['1/2+ stale', '1/2+ lost socket_dead']);
    lines.pass(1000, old);
    const again = lines.connection(2).open().acknowledge();
    lines.pass(1000, old, again);
    expect(lines.open).toEqual([again]);
  });

  it('counts data without a venue time if neither connection has other data', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    for (let tick = 0; tick < 7; tick++) {
      lines.scheduler.advance(500);
      if (old.closed) break;
      old.data(null);
      next.data(null);
    }
    expect([old.closed, next.closed]).toEqual([true, false]);
  });
});

describe('VenueConnectionPool: a cutover that fails', () => {
  it('is retried with backoff while the old connection delivers', () => {
    const [lines, old, next] = rotating();
    next.fail(new Fault('unavailable', 'HTTP 503', { status: 503 }));
    lines.pass(30_000, old);
    for (let at = 2; at < 6; at++) {
      lines.connection(at).fail(new Fault('unavailable', 'HTTP 503', { status: 503 }));
      lines.pass(8000, old);
    }
    expect(lines.open).toEqual([old, lines.connection(6)]);
    expect(lines.lines.up).toBe(1);
    lines.connection(6).open().acknowledge();
    lines.pass(1000, old, lines.connection(6));
    expect(lines.open).toEqual([lines.connection(6)]);
    expect(lines.story().filter((text) => text.includes('lost'))).toEqual(Array(5).fill('1/2+ lost unavailable'));
  });

  it('uses the new connection when the old one is lost, and opens no other', () => {
    const [lines, old, next] = rotating();
    next.open();
    old.fail();
    expect(lines.story()).toEqual(['1/2+ connecting', '1/2+ connected', '1/1 lost connection_closed, continues']);
    next.acknowledge();
    lines.pass(60_000, next);
    expect(lines.connections).toHaveLength(2);
    expect(lines.story()).toEqual(['1/2 subscribed']);
    expect(lines.lines.up).toBe(1);
  });

  it('uses a new connection that is still connecting when the old one is lost', () => {
    const [lines, old, next] = rotating();
    old.fail();
    expect(lines.lines.up).toBe(0);
    lines.scheduler.advance(5000);
    expect(lines.connections).toHaveLength(2);
    next.open().acknowledge();
    lines.pass(5000, next);
    expect(lines.story()).toEqual([
      '1/2+ connecting',
      '1/1 lost connection_closed, continues',
      '1/2 connected',
      '1/2 subscribed',
    ]);
    expect(lines.lines.up).toBe(1);
  });

  it("uses the line's retry if it comes before the next attempt of the new connection", () => {
    const [lines, old, next] = rotating();
    next.fail(new Fault('unavailable', 'HTTP 503', { retry: { kind: 'after', afterMs: 600_000 } }));
    old.fail();
    expect(lines.story().at(-1)).toBe('1/1 lost connection_closed');
    lines.scheduler.advance(1000);
    expect(lines.connections).toHaveLength(3);
    lines.connection(2).open().acknowledge();
    lines.pass(700_000, lines.connection(2));
    expect(lines.connections).toHaveLength(3);
    expect(lines.story()).toEqual(['1/1 connecting', '1/1 connected', '1/1 subscribed']);
  });

  it('keeps the old connection when the open successor is lost', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    lines.pass(400, old, next);
    next.fail();
    lines.pass(2000, old);
    expect(old.closed).toBe(false);
    expect(lines.lines.connectionsOf('BTCUSDT')).toBe(1);
    const again = lines.connection(2).open();
    lines.pass(2000, old, again);
    expect(old.closed).toBe(false);
    again.acknowledge();
    lines.pass(1000, old, again);
    expect(lines.open).toEqual([again]);
  });

  it('closes both connections when the lines are closed, and emits nothing more', () => {
    for (const work of [
      () => undefined,
      (next: ScriptedConnection) => void next.open(),
      (next: ScriptedConnection) => void next.open().acknowledge(),
      (next: ScriptedConnection) => void next.open().acknowledge().data(1000),
      (next: ScriptedConnection) => next.fail(),
      (next: ScriptedConnection) => next.open().acknowledge().rotate(),
    ]) {
      const [lines, old, next] = rotating();
      work(next);
      lines.story();
      lines.lines.close();
      expect([old.closed, next.closed]).toEqual([true, true]);
      lines.scheduler.advance(DAY);
      expect(lines.connections).toHaveLength(2);
      expect(lines.story()).toEqual([]);
    }
  });
});

describe('VenueConnectionPool: commands during a cutover', () => {
  it('go to both connections', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    lines.lines.resubscribe(instrument('BTC'));
    lines.lines.remove(instrument('ETH'));
    const commands = [
      { kind: 'resubscribe', topics: ['trade.BTCUSDT'] },
      { kind: 'unsubscribe', topics: ['trade.ETHUSDT'] },
    ];
    expect([old.commands, next.commands]).toEqual([commands, commands]);
    expect(next.args.topics()).toEqual(['trade.BTCUSDT']);
  });

  it('delay the cutover until the added topics are acknowledged, too', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    lines.pass(400, old, next);
    lines.lines.add(instrument('SOL'));
    lines.pass(2000, old, next);
    expect(old.closed).toBe(false);
    next.acknowledge(['trade.SOLUSDT']);
    lines.pass(1000, old, next);
    expect(old.closed).toBe(true);
    expect(next.commands).toEqual([{ kind: 'subscribe', topics: ['trade.SOLUSDT'] }]);
  });

  it('delay the cutover until the new connection has a topic that the old one got after a refusal', () => {
    const [lines, old, next] = rotating();
    next.open();
    old.report({ kind: 'refused', topics: ['trade.ETHUSDT'], fault: new Fault('subscription_rejected', 'not open') });
    next.acknowledge(['trade.BTCUSDT']);
    lines.pass(400, old, next);
    old.acknowledge(['trade.ETHUSDT']);
    expect(next.commands).toEqual([{ kind: 'subscribe', topics: ['trade.ETHUSDT'] }]);
    lines.pass(2000, old, next);
    expect(old.closed).toBe(false);
    next.acknowledge(['trade.ETHUSDT']);
    lines.pass(1000, old, next);
    expect(old.closed).toBe(true);
  });

  it('do not delay the cutover for a topic that was removed', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge(['trade.BTCUSDT']);
    lines.lines.remove(instrument('ETH'));
    lines.pass(1500, old, next);
    expect(old.closed).toBe(true);
  });
});

describe('VenueConnectionPool: connections near the end of their lifetime', () => {
  it('are replaced ten minutes later if another line is in a cutover', () => {
    const lines = new ScriptedLines({ lines: 2, lifetimeMs: DAY });
    const [a, b] = lines.start() as [ScriptedConnection, ScriptedConnection];
    a.rotate('lifetime');
    b.rotate('lifetime');
    expect(lines.connections).toHaveLength(3);
    lines.connection(2).open().acknowledge();
    lines.pass(1000, a, b, lines.connection(2));
    expect(lines.connections).toHaveLength(3);
    lines.pass(10 * MINUTE, b, lines.connection(2));
    expect(lines.connections).toHaveLength(4);
  });

  it('are replaced in time even if the other line cannot be replaced', () => {
    const lines = new ScriptedLines({ lines: 2, lifetimeMs: DAY, onConnect: refuseAfter(2) });
    const [a, b] = lines.start() as [ScriptedConnection, ScriptedConnection];
    a.rotate('lifetime');
    b.rotate('lifetime');
    const successors = (): number => new Set(lines.changes.map(({ connection }) => connection.id)).size;
    lines.pass(49 * MINUTE, a, b);
    expect(successors()).toBe(3);
    lines.pass(2 * MINUTE, a, b);
    expect(successors()).toBe(4);
  });

  it('cause no later cutover if they are lost while they wait for it', () => {
    const lines = new ScriptedLines({ lines: 2, lifetimeMs: DAY });
    const [a, b] = lines.start() as [ScriptedConnection, ScriptedConnection];
    a.rotate('lifetime');
    b.rotate('lifetime');
    lines.connection(2).open().acknowledge();
    lines.pass(1000, a, b, lines.connection(2));
    b.fail();
    lines.pass(1000, lines.connection(2));
    const again = lines.connection(3).open().acknowledge();
    lines.pass(30 * MINUTE, lines.connection(2), again);
    expect(lines.connections).toHaveLength(4);
  });

  it('of two lines are replaced in time for a week, without a loss and never both at the same time', {
    timeout: 60_000,
  }, () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const lines: ScriptedLines = new ScriptedLines({
      lines: 2,
      lifetimeMs: DAY,
      random,
      onConnect: (connection) => lifeOf(connection, lines.scheduler, DAY),
    });
    const rotations: { readonly line: number; readonly from: number; readonly to: number }[] = [];
    const lost: string[] = [];
    let leastUp = 2;
    lines.lines.events$.subscribe((item) => {
      if (item.kind === 'frame') {
        if (lines.scheduler.now() > 10_000) leastUp = Math.min(leastUp, lines.lines.up);
        return;
      }
      const { line, event } = item;
      if (event.kind === 'lost') lost.push(event.fault.message);
      lines.changes.length = 0;
      if (event.kind !== 'cut_over') return;
      const to = lines.scheduler.now();
      rotations.push({ line: line.number, from: to - event.durationMs, to });
    });
    lines.lines.open([instrument('BTC')]);
    lines.scheduler.advance(7 * DAY);
    lines.lines.close();

    expect(lost).toEqual([]);
    expect(leastUp).toBe(2);
    for (const line of [1, 2]) {
      const own = rotations.filter((rotation) => rotation.line === line);
      expect(own).toHaveLength(7);
      const ages = own.map(({ from }, index) => (from - (own[index - 1]?.to ?? 0)) / 3_600_000);
      for (const age of ages) {
        expect(age).toBeGreaterThan(22.4);
        expect(age).toBeLessThan(23.1);
      }
      expect(new Set(ages.map((age) => age.toFixed(4))).size).toBe(7);
    }
    const inOrder = rotations.toSorted((a, b) => a.from - b.from);
    const apart = inOrder.slice(1).map(({ from }, index) => from - (inOrder[index]?.to ?? 0));
    expect(Math.min(...apart)).toBeGreaterThan(5 * MINUTE);
    expect(lines.connections).toHaveLength(16);
  });
});

describe('VenueConnectionPool: since when all lines have their subscriptions', () => {
  it('begins with the last acknowledgement of the last line, and ends when a line is lost', () => {
    const lines = new ScriptedLines({ lines: 2 });
    const since: (number | undefined)[] = [];
    const look = (): void => void since.push(lines.lines.subscribedSince);
    look();
    lines.lines.open([instrument('BTC'), instrument('ETH')]);
    const [first, second] = [lines.connection(0), lines.connection(1)];
    lines.scheduler.advance(100);
    first.open().acknowledge();
    look();
    lines.scheduler.advance(100);
    second.open().acknowledge(['trade.BTCUSDT']);
    look();
    lines.scheduler.advance(100);
    second.acknowledge(['trade.ETHUSDT']);
    lines.scheduler.advance(100);
    look();
    first.fail();
    look();
    expect(since).toEqual([undefined, undefined, undefined, 300, undefined]);
  });

  it('begins with the acknowledgement of the old connection during a cutover, and of the new one afterwards', () => {
    const [lines, old, next] = rotating();
    next.open().acknowledge();
    const acknowledgedAt = lines.scheduler.now();
    const during = lines.lines.subscribedSince;
    lines.pass(1000, old, next);
    expect([during, lines.lines.subscribedSince]).toEqual([0, acknowledgedAt]);
  });

  it('is 0 at a venue that has none of the instruments', () => {
    const { lines } = new ScriptedLines();
    lines.open([]);
    expect(lines.subscribedSince).toBe(0);
  });
});

/** Refuses every connection after the first `count`. */
function refuseAfter(count: number): (connection: ScriptedConnection) => void {
  let made = 0;
  return (connection) => {
    if (++made > count) connection.fail(new Fault('unavailable', 'HTTP 503'));
  };
}

/**
 * Plays the life of a connection. It opens after 100 ms, subscribes and delivers data every four seconds. It reports
 * that its end is near, and then the venue closes it.
 */
function lifeOf(connection: ScriptedConnection, scheduler: ScriptedLines['scheduler'], lifetimeMs: number): void {
  const after = (ms: number, work: () => void): void => {
    scheduler.schedule(() => {
      if (!connection.closed) work();
    }, ms);
  };
  const deliver = (): void => {
    connection.data(scheduler.now());
    after(4000 - (scheduler.now() % 4000), deliver);
  };
  after(100, () => {
    connection.open().acknowledge();
    deliver();
    const { closingAfterMs } = connection.args;
    if (closingAfterMs !== undefined) after(closingAfterMs, () => connection.rotate('lifetime'));
    after(lifetimeMs, () => connection.fail(new Fault('connection_closed', 'closed for its age')));
  });
}
