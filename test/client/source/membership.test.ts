import { getEventListeners } from 'node:events';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Membership } from '../../../src/client/source/membership.ts';
import type { TopicHandler } from '../../../src/client/source/source.ts';
import type { Share } from '../../../src/kafka/groups/group-member.ts';
import type { StartOffsets } from '../../../src/kafka/reading/fetch-topic.ts';
import { until } from '../../../testing/tools/until.ts';

/** A handler that only stores the read position of each partition. Every record before it counts as done. */
function positionsOnly() {
  const positions = new Map<number, number>();
  const handler: TopicHandler = {
    started: (offsets) => {
      for (const [partition, offset] of offsets) positions.set(partition, offset);
    },
    take: async () => {},
    settled: async () => {},
    updateLag: () => {},
    lost: () => {},
    readFailed: (fault) => {
      throw fault;
    },
    positions: () => positions,
    committable: () => positions,
    keepOnly: (kept) => {
      for (const partition of [...positions.keys()]) if (!kept.has(partition)) positions.delete(partition);
    },
  };
  return { positions, handler };
}

/**
 * A membership whose member ids, assigned partitions and answers the test sets. The test decides when a rebalance is
 * due.
 */
function membership({ start = 'end' as const } = {}) {
  const scheduler = new VirtualTimeScheduler();
  const { positions, handler } = positionsOnly();
  const member = {
    id: '',
    next: { id: 'a', share: new Map() as Share },
    join: async (): Promise<Share> => {
      member.id = member.next.id;
      return member.next.share;
    },
    heartbeat: async () => true,
    commit: async () => true,
    sharesAll: async () => true,
    leave: async () => {},
  };
  const begun: StartOffsets[] = [];
  const read = async (from: StartOffsets, signal: AbortSignal): Promise<void> => {
    begun.push(from);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const settings = { start, commitEveryMs: 1000, sessionTimeoutMs: 9000 };
  const made = new Membership({ member, handler, read, settings, scheduler });
  const stop = new AbortController();
  /** Runs the membership with this member id and these assigned partitions until the rebalance. */
  const runToEnd = async (id: string, share: Share): Promise<StartOffsets | undefined> => {
    member.next = { id, share };
    const before = begun.length;
    let isOver = false;
    const over = made.runUntilRebalance(stop.signal).finally(() => {
      isOver = true;
    });
    await until(
      () => {
        scheduler.flush();
        return isOver;
      },
      { everyMs: 1 },
    );
    await over;
    return begun[before];
  };
  /** Runs until the first heartbeat, which is refused. */
  const run = (id: string, share: Share): Promise<StartOffsets | undefined> => {
    member.heartbeat = async () => false;
    return runToEnd(id, share);
  };
  return { scheduler, positions, member, stop, run, runToEnd };
}

const share = (...committed: readonly [number, bigint | undefined][]): Share => new Map(committed);

describe('Membership of a consumer group', () => {
  it('resumes at its own position in partitions that no other member has read further', async () => {
    const { positions, run } = membership();
    await run('a', share([0, 10n], [1, 10n], [2, undefined]));
    for (const partition of [0, 1, 2]) positions.set(partition, 20);
    const from = await run('a', share([0, 15n], [1, 30n], [2, undefined], [3, 5n]));
    expect(from).toEqual({
      offsets: share([0, 20n], [1, 30n], [2, 20n], [3, 5n]),
      otherwise: 'end',
      onlyThese: true,
    });
  });

  it("resumes at the group's position after its session expired", async () => {
    const { positions, run } = membership();
    await run('a', share([0, 10n]));
    positions.set(0, 20);
    expect((await run('b', share([0, 15n])))?.offsets).toEqual(share([0, 15n]));
  });

  it('removes its listeners from the abort signal after each membership', async () => {
    const { stop, run } = membership();
    for (let times = 1; times <= 3; times++) await run('a', share([0, 10n]));
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('checks for added partitions every 30 s, and rebalances if there are any', async () => {
    const { scheduler, member, runToEnd } = membership();
    const looks: number[] = [];
    member.sharesAll = async () => looks.push(scheduler.now()) < 2;
    await runToEnd('a', share([0, 10n]));
    expect(looks[0]).toBeGreaterThanOrEqual(30_000);
    expect(looks[0]).toBeLessThan(31_100);
    expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeLessThan(31_100);
  });

  it('sends heartbeats while its check for added partitions gets no answer', async () => {
    const { scheduler, member, runToEnd } = membership();
    member.sharesAll = () => new Promise(() => {});
    let beats = 0;
    member.heartbeat = async () => {
      beats++;
      return scheduler.now() < 100_000;
    };
    await runToEnd('a', share([0, 10n]));
    expect(beats).toBeGreaterThan(80);
  });
});
