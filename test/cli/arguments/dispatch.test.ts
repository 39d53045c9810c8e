import { describe, expect, it } from 'vitest';
import { dispatch } from '../../../src/cli/arguments/dispatch.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { fakeIo } from '../fake-io.ts';

async function call(...argv: string[]) {
  const io = fakeIo();
  const code = await dispatch(argv, io);
  return { code, out: io.out.text(), err: io.err.text() };
}

describe('help and version', () => {
  it.each([['--help'], ['-h'], ['help']])('%s lists every command on stdout', async (word) => {
    const { code, out, err } = await call(word);
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const name of Object.keys(COMMANDS)) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it('--version prints the version', async () => {
    expect(await call('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
  });

  it('exits with 2 and prints the usage on stderr if no command is named', async () => {
    const { code, out, err } = await call();
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('usage: market-feed <command>');
  });

  it.each(Object.keys(COMMANDS))('%s --help shows usage and every option', async (name) => {
    const { code, out, err } = await call(name, '--help');
    const command = (await COMMANDS[name]?.load())?.command;
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toContain(`usage: market-feed ${name}`);
    for (const option of Object.keys(command?.options ?? {})) expect(out).toContain(`--${option}`);
    expect(await call('help', name)).toEqual({ code, out, err });
  });
});

it('run --help says that --batch-size is for Kafka alone', async () =>
  expect((await call('run', '--help')).out).toMatch(
    /--batch-size N +maximum records in a batch to Kafka; .* Files are written as without it/,
  ));

describe('wrong usage of the command line', () => {
  it.each([
    [['rnu'], 'unknown command rnu', 'did you mean run?'],
    [['run', '\u001b[2J\nforged'], String.raw`unexpected "\x1b[2J\x0aforged"`, 'usage: market-feed run'],
    [['toString'], 'unknown command toString', 'allowed: run'],
    [['--verbose'], 'unknown option --verbose', 'allowed: run'],
    [['run', '--confg', 'x'], 'unknown option --confg', 'did you mean --config?'],
    [['run', '-c', 'x'], 'unknown option -c', 'allowed: --config'],
    [['run', '--config'], '--config needs a value', '--config FILE'],
    [['run', '--config', '--symbol', 'BTC'], '--config needs a value', '--config FILE'],
    [['run', '--config='], '--config needs a value', '--config FILE'],
    [['run', 'fast'], 'unexpected "fast"', 'usage: market-feed run'],
    [['run', '--batch-size', 'many'], '--batch-size: found "many"', 'allowed: a whole number from 1 to 100000'],
    [['run', '--batch-size', '0'], '--batch-size: found "0"', 'from 1 to 100000'],
    [['run', '--batch-size', '-5'], '--batch-size: found "-5"', 'from 1 to 100000'],
    [['run', '--channel', 'trades'], '"trades"', 'did you mean trade?'],
    [['run', '--symbol', 'BTCUSD'], '"BTCUSD"', 'the configured quote USDT'],
    [['demo', '--duration', 'x'], '--duration: found "x"', 'a number from'],
    [['demo', '--port', '70000'], '--port: found "70000"', 'from 0 to 65535'],
    [
      ['demo', '--port', '9100', '--simulator-port', '9100'],
      '--simulator-port: found "9100"',
      'another port than --port',
    ],
    [['watch', 'btcusdt', 'trades'], 'channel: found "trades"', 'did you mean trade?'],
    [['watch', 'btcusdt', 'depth50'], 'channel: found "depth50"', 'did you mean depth5?'],
    [['watch', 'btcusdt', 'trade', '0'], 'limit: found "0"', 'from 1'],
    [['watch', 'btcusdt', 'trade', '1', '2'], 'unexpected "2"', 'usage: market-feed watch'],
    [['watch', 'btcusdt', '--venue', 'bybt'], '--venue: found "bybt"', 'did you mean bybit?'],
    [['watch', 'btcusd'], 'symbol: found "btcusd"', 'against USDT'],
    [['tail'], 'name a topic, one of: ', 'trades, agg-trades'],
    [['tail', 'trade'], 'topic: found "trade"', 'did you mean trades?'],
    [['tail', 'trades', '--json=1'], '--json takes no value', '"1"'],
    [['tail', 'trades', '--from', 'yesterday'], '--from: found "yesterday"', 'beginning, end, a time'],
    [['tail', 'trades', '--limit', '1.5'], '--limit: found "1.5"', 'a whole number'],
    [['topics'], 'what is missing', 'create, describe'],
    [['topics', 'creat'], 'found "creat"', 'did you mean create?'],
    [['topics', 'create'], 'kafka.brokers: found []', 'at least one host:port'],
  ])('%j exits with 2 and reports what is allowed in one row of stderr', async (argv, complaint, allowed) => {
    const { code, out, err } = await call(...argv);
    expect(err).toContain(complaint);
    expect(err).toContain(allowed);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(/^market-feed: /);
    expect(out).toBe('');
    expect(code).toBe(2);
  });
});

it.each([
  ['user:hunter2@registry:8081', 'found "[secret]@registry:8081"'],
  ['http://user:hunter2@127.0.0.1:1', 'cannot reach 127.0.0.1:1'],
])('schemas check leaves the credentials of a registry URL out of the output: %s', async (url, complaint) => {
  const { out, err } = await call('schemas', 'check', '--against', url);
  expect(err).toContain(complaint);
  expect(out + err).not.toContain('hunter2');
});

it('check prints coins, channels, subscriptions and a venue that cannot be reached', async () => {
  const io = fakeIo({
    MARKET_FEED__VENUES__BYBIT__REST_URLS: 'http://127.0.0.1:1',
    MARKET_FEED__FEED__VENUES: 'bybit',
    MARKET_FEED__COINS: 'BTC,ETH',
  });
  expect(await dispatch(['check', '--config', 'config/market-feed.yaml'], io)).toBe(0);
  expect(io.out.text()).toMatch(/^coins +2 against USDT: BTC ETH$/m);
  expect(io.out.text()).toMatch(/^channels +trade, .*, depth$/m);
  expect(io.out.text()).toMatch(/^ +subscriptions +10 topics for 2 symbols$/m);
  expect(io.out.text()).toMatch(/^ +clock offset +bybit not reachable \(.*127\.0\.0\.1:1.*\)$/m);
  expect(io.err.text()).toBe('');
});
