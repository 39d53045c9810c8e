import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import avro from 'avsc';
import { expect, it, onTestFinished } from 'vitest';
import { decimalToBytes } from '../../src/codec/decimal-bytes.ts';
import { currentSchema } from '../../src/codec/schema-files.ts';
import { newMessageDecoder } from '../../src/kafka/reading/read-topic.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';

const SCHEMA_ID = 7;

/** A registry that knows one schema. */
async function registryOf(schema: unknown): Promise<string> {
  const server = createServer((request, response) => {
    const isKnown = request.url?.startsWith(`/schemas/ids/${SCHEMA_ID}`) === true;
    response.writeHead(isKnown ? 200 : 404).end(isKnown ? JSON.stringify({ schema: JSON.stringify(schema) }) : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('newMessageDecoder reads records of a newer schema without unknown fields, and takes the fallback for values that it does not know', async () => {
  const { fields, ...current } = currentSchema('trade-event');
  const newer = {
    ...current,
    fields: [
      { name: 'liquidation', type: 'boolean', default: false },
      ...fields.map((field) => (field.name === 'environment' ? { ...field, allowed: ENVIRONMENTS } : field)),
    ],
  };
  const { kind: _, ...trade } = tradeEvent(1);
  const decimal = (text: string) => decimalToBytes(text);
  const written = {
    liquidation: true,
    venue: trade.venue,
    symbol: trade.symbol,
    venue_symbol: trade.venueSymbol,
    coin: trade.coin,
    environment: 'paper',
    epoch: trade.epoch,
    received_at: trade.receivedAt,
    price: decimal(trade.price),
    quantity: decimal(trade.quantity),
    is_buyer_maker: trade.isBuyerMaker,
    timestamp: trade.timestamp,
    event_time: null,
    trade_id: trade.tradeId,
    last_trade_id: null,
    conditions: [],
    source: 'live',
  };
  const body = avro.Type.forSchema(newer as Parameters<typeof avro.Type.forSchema>[0]).toBuffer(written);
  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, SCHEMA_ID]), body]);
  const schemaRegistry = { url: await registryOf(newer), register: false, user: null, password: null, caFile: null };
  const decode = newMessageDecoder(kafkaConfig([], { schemaRegistry }));
  expect(await decode(message)).toEqual({ ...tradeEvent(1), environment: 'simulated' });
  // The schema is known now, so this decodes without waiting.
  expect(decode(message)).toEqual({ ...tradeEvent(1), environment: 'simulated' });
});

const ENVIRONMENTS = ['production', 'testnet', 'simulated', 'replay', 'paper'];
