import { expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/arguments/command.ts';
import { exitCodeOf } from '../../../src/cli/arguments/exit-code.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { BrokerError } from '../../../src/kafka/broker-error.ts';

const sinkFault = (name: string): Fault => {
  return new Fault('sink', 'stopped', {
    retry: { kind: 'never' },
    cause: new BrokerError('refused', { broker: 'b:1', type: name }),
  });
};

it.each([
  ['another writer with a newer epoch', sinkFault('INVALID_PRODUCER_EPOCH'), 3],
  ['a coordinator that has forgotten the id', sinkFault('INVALID_PRODUCER_ID_MAPPING'), 1],
  ['any other fault', new Fault('sink', 'not allowed'), 1],
  ['wrong usage', new UsageError('no such option'), 2],
  ['an unknown error', 'odd', 1],
])('the exit code for %s', (_, error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
