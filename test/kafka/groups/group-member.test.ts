import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { BrokerError } from '../../../src/kafka/broker-error.ts';
import { Brokers } from '../../../src/kafka/brokers.ts';
import type { BrokerConnection, JoinRequest, Member } from '../../../src/kafka/contract.ts';
import { encodeAssignment } from '../../../src/kafka/groups/consumer-protocol.ts';
import { GroupMember, sharesOf } from '../../../src/kafka/groups/group-member.ts';

it('sharesOf assigns each partition once and evenly, independent of the order of its arguments', () => {
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

describe('GroupMember', () => {
  const REFUSED = (type: string): Error => new BrokerError(type, { broker: 'b:1', type });

  /** The coordinator of a group with one member. Each join starts a new generation. */
  class Coordinator implements Partial<BrokerConnection> {
    generation = 0;
    readonly received: string[] = [];
    /** A join is answered when this promise settles. */
    joined: Promise<unknown> = Promise.resolve();
    refusal: Error | undefined;

    async findCoordinator() {
      return { nodeId: 1, host: 'localhost', port: 1 };
    }

    async joinGroup({ memberId }: JoinRequest) {
      if (this.refusal !== undefined) throw this.refusal;
      await this.joined;
      const id = memberId === '' ? `member-${this.generation}` : memberId;
      return { generation: ++this.generation, leaderId: 'another', memberId: id, members: [] };
    }

    async syncGroup() {
      return encodeAssignment('topic', { partitions: [0], userData: Buffer.alloc(0) });
    }

    /** Answers after a pending join, because a broker answers the requests of a connection in order. */
    async heartbeat({ generation, memberId }: Member) {
      await this.joined;
      await new Promise(setImmediate);
      this.received.push(memberId);
      if (generation !== this.generation) throw REFUSED('ILLEGAL_GENERATION');
    }

    async committedOffsets() {
      return new Map<number, bigint>();
    }
    async leaveGroup() {}
    async commitOffsets() {}
    close() {}
  }

  function memberOf(coordinator: Coordinator): GroupMember {
    const { kafka } = loadConfig({ values: { kafka: { brokers: ['localhost:1'] } } });
    const log = () => {};
    const connection: Partial<BrokerConnection> = coordinator;
    const open = async () => connection as BrokerConnection; // no other method is called
    const options = { group: 'group', sessionTimeoutMs: 1000 };
    return new GroupMember(kafka, 'topic', options, log, new Brokers(kafka, log, { open }));
  }

  it('keeps its member id if it sends a heartbeat while it joins', async () => {
    const coordinator = new Coordinator();
    const member = memberOf(coordinator);
    await member.join();
    const answer = Promise.withResolvers<void>();
    coordinator.joined = answer.promise;
    const joining = member.join();
    const beating = member.heartbeat();
    answer.resolve();
    await joining;
    expect(await beating).toBe(false);
    expect(member.id).toBe('member-0');
    expect(await member.heartbeat()).toBe(true);
    expect(coordinator.received).toEqual(['member-0', 'member-0']);
  });

  it('gives up if the brokers refuse its session timeout at its first join, and retries later', async () => {
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
