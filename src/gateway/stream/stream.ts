import type { Socket } from 'node:net';
import { interval, type Subscription as RxSubscription, type SchedulerLike } from 'rxjs';
import type { RawData, WebSocket } from 'ws';
import type { Decimal } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { FeedState } from '../../domain/venue-state.ts';
import { ApiError } from '../api/api-error.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import { STREAM_CHANNELS, type StreamChannel, type Subscription } from '../api/stream-messages.ts';
import { statusAnswer } from '../rest/answers.ts';
import { unknownSymbol } from '../rest/endpoint.ts';
import type { GatewayView } from '../view/view.ts';
import { ALL, Audience } from './audience.ts';
import { OverviewItems } from './overview-changes.ts';
import { CHANNEL_KINDS, Item, TICK_MS } from './stream-channels.ts';
import { StreamClient, type StreamCounts } from './stream-client.ts';
import { firstItems, isBookKnown, itemOf, routeOf } from './stream-items.ts';
import { readRequest } from './stream-request.ts';

export interface StreamOptions {
  readonly view: GatewayView;
  readonly scheduler: SchedulerLike;
  readonly maxClients: number;
}

const SECOND_TICKS = 1000 / TICK_MS;
const PING_TICKS = 10 * SECOND_TICKS;
/** At most this many unknown names of a request get an error each. One more error counts the others. */
const MAX_UNKNOWN = 10;
const GOING_AWAY = 1001;
/** After these events of the whole feed, an overview is sent at once. Else it would contradict them for up to a second. */
const URGENT: ReadonlySet<string> = new Set<FeedState>([
  'trading_halted',
  'trading_resumed',
  'failed_over',
  'failed_back',
]);
const newAudience = (channel: StreamChannel): Audience => new Audience(channel);

/**
 * Serves all WebSocket clients. At regular times, a channel's new items become one message, which clients with the same
 * symbols share. A slow client gets the items later from its own bounded backlog, and delays nobody else.
 */
export class StreamHub {
  readonly #options: StreamOptions;
  readonly #clients = new Set<StreamClient>();
  readonly #audiences = new Map<StreamChannel, Audience>();
  readonly #counts: StreamCounts = { messages_sent: 0, bytes_sent: 0, missed_trades: 0, closed_slow: 0 };
  readonly #overview: OverviewItems;
  #isOverviewDue = false;
  #ticking: RxSubscription | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#overview = new OverviewItems(() => statusAnswer(options.view, this.stats));
  }

  get stats(): GatewayStats {
    return { clients: this.#clients.size, max_clients: this.#options.maxClients, ...this.#counts };
  }

  get isFull(): boolean {
    return this.#clients.size >= this.#options.maxClients;
  }

  /** Adds a record that the view has accepted. */
  publish(record: FeedRecord): void {
    const { view } = this.#options;
    if (record.kind === 'status' && record.symbol === null && URGENT.has(record.state)) this.#isOverviewDue = true;
    const channel = routeOf(record);
    if (channel === undefined) return;
    const audience = this.#audience(channel);
    if (audience.isEmpty) return;
    if (record.kind === 'book_delta' && !(audience.follows(record.symbol) && isBookKnown(view, record))) return;
    audience.add(itemOf(view, record));
  }

  /** Adds a client. With `fixed` it gets only that subscription and may send no requests. */
  join(socket: WebSocket, connection: Socket, fixed?: Subscription): void {
    const { scheduler } = this.#options;
    const client = new StreamClient(socket, connection, this.#counts, scheduler.now());
    this.#clients.add(client);
    this.#ticking ??= interval(TICK_MS, scheduler).subscribe((tick) => this.#tick(tick));
    socket.on('pong', () => client.answered(scheduler.now()));
    socket.on('message', (data) => this.#received(client, data, fixed !== undefined));
    socket.on('close', () => this.#remove(client));
    if (fixed !== undefined) this.#apply(client, fixed);
  }

  close(): void {
    for (const client of this.#clients) client.close(GOING_AWAY, 'the gateway stops');
    this.#ticking?.unsubscribe();
    this.#ticking = undefined;
  }

  #remove(client: StreamClient): void {
    this.#clients.delete(client);
    for (const audience of this.#audiences.values()) audience.remove(client);
    if (this.#clients.size > 0) return;
    this.#ticking?.unsubscribe();
    this.#ticking = undefined;
  }

  #received(client: StreamClient, data: RawData, isFixed: boolean): void {
    if (!client.mayAsk(this.#options.scheduler.now())) return;
    try {
      const request = readRequest(data.toString());
      if (isFixed) throw new ApiError(400, 'bad_message', 'this path takes no messages; /ws/ does');
      this.#apply(client, request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      client.error(error.answer);
    }
  }

  #apply(client: StreamClient, { op, channel, symbols: names = [ALL], step }: Subscription): void {
    const symbols = this.#symbolsOf(client, CHANNEL_KINDS[channel].bySymbol ? names : [ALL]);
    const audience = this.#audience(channel);
    const had = audience.symbolsOf(client);
    if (op === 'unsubscribe') {
      if (had.has(ALL) && !symbols.has(ALL)) {
        const message = `all of ${channel} is subscribed: unsubscribe ${ALL}, then subscribe what is wanted`;
        throw new ApiError(400, 'bad_message', message, { field: 'symbols' });
      }
      const left = symbols.has(ALL) ? new Set<string>() : had.difference(symbols);
      this.#subscribe(client, channel, left, audience.stepOf(client));
      return;
    }
    const added = had.has(ALL) ? new Set<string>() : symbols.difference(had);
    const isSameStep = step === audience.stepOf(client);
    if (added.size === 0 && isSameStep) return;
    const isOnly = audience.isEmpty;
    const wanted = added.has(ALL) ? added : had.union(added);
    this.#subscribe(client, channel, wanted, step);
    const { view } = this.#options;
    // The first items are not sent again for symbols that the client already had in the same step.
    const fresh = (wanted.has(ALL) ? view.symbols : [...wanted]).filter((symbol) => !isSameStep || !had.has(symbol));
    const first =
      channel === 'overview_changes'
        ? [[this.#overview.first(isOnly)]]
        : firstItems(view, channel, fresh, () => this.stats);
    for (const items of first)
      client.answer(
        channel,
        items.map((item) => item.inSteps(step)),
      );
  }

  #audience(channel: StreamChannel): Audience {
    return getOrCreate(this.#audiences, channel, newAudience);
  }

  #subscribe(client: StreamClient, channel: StreamChannel, symbols: ReadonlySet<string>, step?: Decimal): void {
    const audience = this.#audience(channel);
    const isSameStep = step === audience.stepOf(client);
    audience.setSymbols(client, symbols, step);
    client.forgetAllBut(channel, ({ symbol }) => isSameStep && (symbols.has(symbol ?? ALL) || symbols.has(ALL)));
  }

  /** The known symbols; the client gets errors for the others. */
  #symbolsOf(client: StreamClient, names: readonly string[]): Set<string> {
    if (names.includes(ALL)) return new Set([ALL]);
    const { view } = this.#options;
    const symbols = new Set<string>();
    const unknown: string[] = [];
    for (const name of names) {
      const symbol = view.symbolOf(name);
      if (symbol === undefined) unknown.push(name);
      else symbols.add(symbol);
    }
    for (const name of unknown.slice(0, MAX_UNKNOWN)) client.error(unknownSymbol(view, name).answer);
    const more = unknown.length - MAX_UNKNOWN;
    const message = `${more} more names are not among the symbols`;
    if (more > 0) client.error(new ApiError(404, 'unknown_symbol', message, { more }).answer);
    return symbols;
  }

  #tick(tick: number): void {
    const { view, scheduler } = this.#options;
    for (const channel of STREAM_CHANNELS) {
      const isUrgent = this.#isOverviewDue && channel.startsWith('overview');
      if (tick % CHANNEL_KINDS[channel].everyTicks !== 0 && !isUrgent) continue;
      const audience = this.#audience(channel);
      if (audience.isEmpty) continue;
      if (channel === 'overview') audience.add(new Item('', null, () => statusAnswer(view, this.stats)));
      if (channel === 'overview_changes') audience.add(this.#overview.next());
      audience.flush();
      for (const client of this.#clients) client.drain(channel);
    }
    this.#isOverviewDue = false;
    if (tick % SECOND_TICKS === 0) for (const client of this.#clients) client.check(scheduler.now());
    if (tick % PING_TICKS === 0) for (const client of this.#clients) client.ping();
  }
}
