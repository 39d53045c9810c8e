import type { ControlPurpose, ControlRequest, Venue } from '../contract.ts';
import { bybitDecoder } from './decode/decode.ts';
import { bybitTopics } from './decode/topic.ts';
import { notices } from './notices.ts';
import { bybitHistory } from './rest/history.ts';
import { refusal } from './rest/refusal.ts';
import { dayVolumes, instruments, recentTrades, time } from './rest/rest.ts';

/** If a request has more topics than this, Bybit refuses the whole request. */
const MAX_TOPICS_PER_REQUEST = 10;

export const bybitSpot: Venue = {
  id: 'bybit',
  limits: {
    // The topics of a connection may have 21,000 characters as a JSON array; 42 characters are enough for a topic.
    topicsPerConnection: 500,
    // Bybit documents no limit. Ten requests a second subscribe 100 topics.
    messagesPerSecond: 10,
    connectionsPerFiveMinutes: 500,
  },
  contiguousTradeIds: false,
  topics: bybitTopics,
  control: bybitRequests,
  heartbeat: { everyMs: 20_000, frame: (id) => JSON.stringify({ req_id: String(id), op: 'ping' }) },
  newDecoder: bybitDecoder,
  notices,
  instruments,
  dayVolumes,
  // 600 requests in 5 s, each of weight 1.
  restWeightPerMinute: 7200,
  restBurst: 300,
  // Bybit's trade ids jump, so trades cannot be requested by id: the last trades are requested instead.
  recent: recentTrades,
  history: bybitHistory,
  time,
  refusal,
};

function bybitRequests(op: ControlPurpose, topics: readonly string[], nextId: () => number): readonly ControlRequest[] {
  const unique = [...new Set(topics)];
  return Array.from({ length: Math.ceil(unique.length / MAX_TOPICS_PER_REQUEST) }, (_, index) => {
    const args = unique.slice(index * MAX_TOPICS_PER_REQUEST, (index + 1) * MAX_TOPICS_PER_REQUEST);
    const id = String(nextId());
    return { id, frame: JSON.stringify({ req_id: id, op, args }), topics: args };
  });
}
