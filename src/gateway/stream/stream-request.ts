import { Value } from 'typebox/value';
import { ApiError, allowedBy } from '../api/api-error.ts';
import { Subscription } from '../api/stream-messages.ts';
import { ALL } from './audience.ts';
import { CHANNEL_KINDS } from './stream-channels.ts';

/** Parses a client's request. @throws ApiError that names what is wrong. */
export function readRequest(text: string): Subscription {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw bad('it is not JSON', {});
  }
  if (Value.Check(Subscription, message)) return checked(message);
  const [problem] = Value.Errors(Subscription, message);
  const [unknown] = problem?.keyword === 'additionalProperties' ? problem.params.additionalProperties : [];
  const [missing] = problem?.keyword === 'required' ? problem.params.requiredProperties : [];
  const field = unknown ?? missing ?? problem?.instancePath.split('/')[1] ?? '';
  const properties: Readonly<Record<string, object>> = Subscription.properties;
  const allowed = field in properties ? allowedBy({ ...properties[field] }) : Object.keys(properties).join(', ');
  const what = `${field === '' ? 'it' : field} ${missing === undefined ? 'is wrong' : 'is missing'}`;
  throw bad(`${what}; allowed: ${allowed}`, field === '' ? { allowed } : { field, allowed });
}

function checked(request: Subscription): Subscription {
  const { channel, symbols, step } = request;
  if (step !== undefined && channel !== 'orderbook')
    throw bad('step is wrong; allowed: only with the channel orderbook', { field: 'step' });
  if (CHANNEL_KINDS[channel].bySymbol && symbols === undefined)
    throw bad(`symbols is missing; allowed: symbols, coins or ${ALL}`, { field: 'symbols' });
  return request;
}

function bad(why: string, details: Readonly<Record<string, unknown>>): ApiError {
  return new ApiError(400, 'bad_message', `this message cannot be used: ${why}`, details);
}
