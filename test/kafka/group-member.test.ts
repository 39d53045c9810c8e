import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { GroupMember, sharesOf } from '../../src/kafka/group-member.ts';
import { AssignerProtocol, type Cluster, type GroupBroker, KafkaConnection } from '../../src/kafka/kafkajs/kafkajs.ts';

it('shares every partition out once, evenly, and the same whoever does it', () => {
  const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(members, fc.integer({ min: 0, max: 30 }), (names, count) => {
      const partitions = Array.from({ length: count }, (_, partition) => partition);
      const shares = sharesOf(names, partitions);
      expect([...shares.values()].flat().toSorted((a, b) => a - b)).toEqual(partitions);
      const sizes = [...shares.values()].map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(sharesOf(names.toReversed(), partitions.toReversed())).toEqual(shares);
    }),
  );
});

describe('a member', () => {
  afterEach(() => void vi.restoreAllMocks());

  const REFUSED = (type: string): Error => Object.assign(new Error(type), { type });

  /** Of a group that has no other member; its generations step with each join. */
  class Coordinator implements GroupBroker {
    generation = 0;
    readonly heard: string[] = [];
    /** A join is answered when this is. */
    joined: Promise<unknown> = Promise.resolve();
    refusal: Error | undefined;

    async joinGroup({ memberId }: { readonly memberId: string }) {
      if (this.refusal !== undefined) throw this.refusal;
      await this.joined;
      const id = memberId === '' ? `member-${this.generation}` : memberId;
      return { generationId: ++this.generation, leaderId: 'another', memberId: id, members: [] };
    }

    async syncGroup() {
      const assignment = { topic: [0] };
      const userData = Buffer.alloc(0);
      return { memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData }) };
    }

    /** Behind a join on the same connection: brokers answer in order. */
    async heartbeat({
      groupGenerationId,
      memberId,
    }: {
      readonly groupGenerationId: number;
      readonly memberId: string;
    }) {
      await this.joined;
      await new Promise(setImmediate);
      this.heard.push(memberId);
      if (groupGenerationId !== this.generation) throw REFUSED('ILLEGAL_GENERATION');
    }

    async offsetFetch() {
      return { responses: [] };
    }
    async leaveGroup() {}
    async offsetCommit() {}
  }

  function memberOf(coordinator: GroupBroker): GroupMember {
    const cluster = {
      connect: async () => {},
      findGroupCoordinator: async () => coordinator,
    } satisfies Partial<Cluster>;
    vi.spyOn(KafkaConnection.prototype, 'cluster').mockReturnValue(cluster as Partial<Cluster> as Cluster);
    const { kafka } = loadConfig({ values: { kafka: { brokers: ['localhost:1'] } } });
    return new GroupMember(kafka, 'topic', { group: 'group', sessionTimeoutMs: 1000 }, () => {});
  }

  it('that beats while it joins stays the one that it is', async () => {
    const coordinator = new Coordinator();
    const member = memberOf(coordinator);
    await member.join();
    const answer = Promise.withResolvers<void>();
    coordinator.joined = answer.promise;
    const joining = member.join();
    const beating = member.beat();
    answer.resolve();
    await joining;
    expect(await beating).toBe(false);
    expect(member.id).toBe('member-0');
    expect(await member.beat()).toBe(true);
    expect(coordinator.heard).toEqual(['member-0', 'member-0']);
  });

  it('whose session timeout the brokers do not allow gives up when it is new, and not later', async () => {
    const coordinator = new Coordinator();
    const member = memberOf(coordinator);
    coordinator.refusal = REFUSED('INVALID_SESSION_TIMEOUT');
    await expect(member.join()).rejects.toMatchObject({
      retry: { kind: 'never' },
      message: expect.stringMatching(/session timeout of 1000 ms.*group\.min\.session\.timeout\.ms/),
    });
    coordinator.refusal = undefined;
    await member.join();
    coordinator.refusal = REFUSED('INVALID_SESSION_TIMEOUT');
    await expect(member.join()).rejects.toMatchObject({ retry: { kind: 'backoff' } });
  });
});
