import { expect, it } from 'vitest';
import { brokerSettings } from '../../../testing/kafka/broker-settings.ts';

/** The addresses in a list of listeners, by the listener's name. */
const byName = (listeners = ''): Map<string, string> =>
  new Map(listeners.split(',').map((listener) => listener.split('://') as [string, string]));

it('a broker advertises its bound address to itself, and another address to its clients', () => {
  const settings = brokerSettings({
    listeners: [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', bound: '0.0.0.0:9092', advertised: '127.0.0.1:50000' }],
    inside: '127.0.0.1:9191',
    controller: '127.0.0.1:9093',
    node: 1,
    data: '/data',
    config: {},
  });
  const itself = settings['inter.broker.listener.name'] ?? '';
  const [bound, advertised] = [byName(settings.listeners), byName(settings['advertised.listeners'])];
  expect(bound.get(itself)).toBeDefined();
  expect(advertised.get(itself)).toBe(bound.get(itself));
  expect(advertised.get('PLAINTEXT')).toBe('127.0.0.1:50000');
});
