import { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { RequestsInFlight } from '../../../src/gateway/limits/requests-in-flight.ts';

const response = (): ServerResponse => Object.assign(Object.create(ServerResponse.prototype), new EventEmitter());

it('RequestsInFlight refuses requests of a connection beyond its limit, until its answers are sent', () => {
  const inFlight = new RequestsInFlight({ perConnection: 2, inAll: 100 });
  const [first, second] = [new Socket(), new Socket()];
  const sent = response();
  expect(inFlight.enter(first, sent)).toBeUndefined();
  expect(inFlight.enter(first, response())).toBeUndefined();
  sent.emit('finish');
  expect(inFlight.enter(first, response())).toBeUndefined();
  expect(inFlight.enter(first, response())).toBe('perConnection');
  expect(inFlight.enter(first, response())).toBe('refused before');
  expect(inFlight.enter(second, response())).toBeUndefined();
});

it('RequestsInFlight refuses requests beyond the limit of all connections, until answers are sent or connections close', () => {
  const inFlight = new RequestsInFlight({ perConnection: 2, inAll: 3 });
  const [first, second, third] = [new Socket(), new Socket(), new Socket()];
  const sent = response();
  for (const socket of [first, first, second])
    expect(inFlight.enter(socket, socket === second ? sent : response())).toBeUndefined();
  const refused = response();
  expect(inFlight.enter(third, refused)).toBe('inAll');
  refused.emit('finish');
  expect(inFlight.enter(third, response())).toBe('inAll');
  sent.emit('finish');
  expect(inFlight.enter(second, response())).toBeUndefined();
  expect(inFlight.enter(third, response())).toBe('inAll');
  first.emit('close');
  expect(inFlight.enter(new Socket(), response())).toBeUndefined();
  expect(inFlight.enter(new Socket(), response())).toBeUndefined();
  expect(inFlight.enter(new Socket(), response())).toBe('inAll');
});
