import type { ControlPurpose, ControlRequest, Decoded, Venue } from '../contract.ts';

/** A request that was sent and not answered. */
interface Pending {
  readonly request: ControlRequest;
  readonly purpose: ControlPurpose;
  readonly attempt: number;
  readonly sentAt: number;
}

/** A request to send. Call `sent` when it is sent, with the scheduler's time in milliseconds. */
export interface Outgoing {
  readonly frame: string;
  sent(now: number): void;
}

export interface RefusalOutcome {
  readonly subscribed: readonly string[];
  /** Topics that were refused alone and are not retried. */
  readonly refused: readonly string[];
  readonly retries: readonly Outgoing[];
  /** False if the answer belongs to no request. */
  readonly known: boolean;
}

type Refusal = Extract<Decoded, { kind: 'refused' }>;

const NOTHING: RefusalOutcome = { subscribed: [], refused: [], retries: [], known: true };

/**
 * An unanswered request to subscribe is sent again after this time, milliseconds. The time doubles with each attempt,
 * up to the maximum.
 */
const ANSWER_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 60_000;
/**
 * A refused request is split into this many parts, unless the refusal names some of its topics. So ten topics are
 * requested one by one, and two hundred take three rounds.
 */
const PARTS = 10;

/**
 * Tracks a connection's requests. An answer belongs to the request with its id. Without an id, it belongs to the oldest
 * request with a topic that it names, or to the oldest request if it names no topic.
 */
export class ControlRequests {
  readonly #venue: Venue;
  readonly #wanted = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  #lastId = 0;
  readonly nextId = (): number => ++this.#lastId;

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  subscribe(topics: readonly string[]): readonly Outgoing[] {
    for (const topic of topics) this.#wanted.add(topic);
    return this.#request('subscribe', topics, 1);
  }

  unsubscribe(topics: readonly string[]): readonly Outgoing[] {
    for (const topic of topics) this.#wanted.delete(topic);
    return this.#request('unsubscribe', topics, 1);
  }

  /** Unsubscribes and subscribes, for a venue that accepted the topics and sends nothing. */
  resubscribe(topics: readonly string[]): readonly Outgoing[] {
    return [...this.#request('unsubscribe', topics, 1), ...this.subscribe(topics)];
  }

  /** Returns the topics that an acknowledgement subscribes. */
  acknowledged(id: string | undefined): readonly string[] {
    const answered = this.#take(id, []);
    return answered?.purpose === 'subscribe' ? answered.request.topics : [];
  }

  refused({ id, topics: named, alreadySubscribed }: Refusal): RefusalOutcome {
    const answered = this.#take(id, named);
    if (answered === undefined) {
      if (alreadySubscribed) return NOTHING;
      // The answer belongs to no request: the venue withdraws accepted topics, or names topics that were not requested.
      const withdrawn = named.filter((topic) => this.#wanted.has(topic));
      return { ...NOTHING, refused: withdrawn, known: withdrawn.length > 0 };
    }
    const { request, purpose } = answered;
    const topics = request.topics.filter((topic) => this.#wanted.has(topic));
    if (purpose === 'unsubscribe' || topics.length === 0) return NOTHING;
    if (alreadySubscribed) {
      const listed = topics.filter((topic) => named.includes(topic));
      const subscribed = listed.length === 0 ? topics : listed;
      return { ...NOTHING, subscribed, retries: this.#request('subscribe', without(topics, subscribed), 1) };
    }
    if (request.topics.length === 1) return { ...NOTHING, refused: topics };
    const retries = partsOf(topics, named).flatMap((part) => this.#request('subscribe', part, 1));
    return { ...NOTHING, retries };
  }

  /**
   * Returns requests to send again, because their answer is overdue. `unanswered`: how many of these had been sent
   * again before.
   */
  overdue(now: number): { readonly again: readonly Outgoing[]; readonly unanswered: number } {
    const again: Outgoing[] = [];
    let unanswered = 0;
    for (const [id, { request, purpose, attempt, sentAt }] of this.#pending) {
      if (now - sentAt < Math.min(ANSWER_TIMEOUT_MS * 2 ** (attempt - 1), MAX_TIMEOUT_MS)) continue;
      this.#pending.delete(id);
      if (purpose === 'unsubscribe') continue;
      if (attempt > 1) unanswered++;
      const wanted = request.topics.filter((topic) => this.#wanted.has(topic));
      again.push(...this.#request('subscribe', wanted, attempt + 1));
    }
    return { again, unanswered };
  }

  #request(purpose: ControlPurpose, topics: readonly string[], attempt: number): readonly Outgoing[] {
    return this.#venue.control(purpose, topics, this.nextId).map((request) => ({
      frame: request.frame,
      sent: (now) => {
        this.#pending.set(request.id, { request, purpose, attempt, sentAt: now });
      },
    }));
  }

  #take(id: string | undefined, named: readonly string[]): Pending | undefined {
    const found = this.#find(id, named);
    if (found !== undefined) this.#pending.delete(found.request.id);
    return found;
  }

  #find(id: string | undefined, named: readonly string[]): Pending | undefined {
    if (id !== undefined) return this.#pending.get(id);
    for (const pending of this.#pending.values()) {
      if (named.length === 0 || pending.request.topics.some((topic) => named.includes(topic))) return pending;
    }
    return undefined;
  }
}

/**
 * Splits topics: each named topic alone and all other topics together. If no topic is named, or every topic, makes
 * equal parts.
 */
function partsOf(topics: readonly string[], named: readonly string[]): readonly (readonly string[])[] {
  const blamed = topics.filter((topic) => named.includes(topic));
  const others = without(topics, named);
  if (blamed.length > 0 && others.length > 0) return [...blamed.map((topic) => [topic]), others];
  const size = Math.ceil(topics.length / PARTS);
  const parts: (readonly string[])[] = [];
  for (let at = 0; at < topics.length; at += size) parts.push(topics.slice(at, at + size));
  return parts;
}

function without(topics: readonly string[], excluded: readonly string[]): readonly string[] {
  return topics.filter((topic) => !excluded.includes(topic));
}
