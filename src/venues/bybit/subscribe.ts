import type { ControlPurpose, ControlRequest } from '../contract.ts';

/** Spot refuses a request with more arguments as a whole. */
const MAX_TOPICS_PER_REQUEST = 10;

export function bybitRequests(
  op: ControlPurpose,
  topics: readonly string[],
  nextId: () => number,
): readonly ControlRequest[] {
  const unique = [...new Set(topics)];
  return Array.from({ length: Math.ceil(unique.length / MAX_TOPICS_PER_REQUEST) }, (_, index) => {
    const args = unique.slice(index * MAX_TOPICS_PER_REQUEST, (index + 1) * MAX_TOPICS_PER_REQUEST);
    const id = String(nextId());
    return { id, frame: JSON.stringify({ req_id: id, op, args }), topics: args };
  });
}
