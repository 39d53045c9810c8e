import fc from 'fast-check';
import { AssignerProtocol } from 'kafkajs';
import { expect, it } from 'vitest';
import {
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
  subscribedUserData,
} from '../../../src/kafka/groups/consumer-protocol.ts';

const topic = fc.string({ minLength: 1, unit: 'grapheme' });
const userData = fc.uint8Array({ maxLength: 50 }).map(Buffer.from);

it('the consumer protocol encodes subscriptions and assignments as kafkajs does, and decodes them', () => {
  const partitions = fc.array(fc.nat(1000));
  fc.assert(
    fc.property(topic, partitions, userData, (name, list, bytes) => {
      const subscription = encodeSubscription(name, bytes);
      const theirs = AssignerProtocol.MemberMetadata.encode({ version: 0, topics: [name], userData: bytes });
      expect(subscription).toEqual(theirs);
      expect(subscribedUserData(subscription)).toEqual(bytes);
      const assignment = encodeAssignment(name, { partitions: list, userData: bytes });
      const assigned = { version: 0, assignment: { [name]: list }, userData: bytes };
      expect(assignment).toEqual(AssignerProtocol.MemberAssignment.encode(assigned));
      expect(decodeAssignment(name, assignment)).toEqual({ partitions: list, userData: bytes });
    }),
  );
});

it('decodeAssignment returns the partitions of one topic among others, and none from an empty assignment', () => {
  const assignment = { other: [7], mine: [1, 2] };
  const bytes = AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.from('x') });
  expect(decodeAssignment('mine', bytes)).toEqual({ partitions: [1, 2], userData: Buffer.from('x') });
  expect(decodeAssignment('missing', bytes).partitions).toEqual([]);
  expect(decodeAssignment('mine', Buffer.alloc(0))).toEqual({ partitions: [], userData: Buffer.alloc(0) });
});
