import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PARSERS } from '../../src/capture/capture-line.ts';
import { FrameLineScanner } from '../../src/capture/scan-frame.ts';

const FRAME = '{"stream":"btcusdt@trade","data":{"e":"trade"}}';

it('reads a frame without a look at the text, the same connection again and another', () => {
  const scanner = new FrameLineScanner();
  const scan = (line: string) => scanner.scan(Buffer.from(`before${line}behind`), 6, 6 + line.length);
  const frame = { kind: 'frame', at: 1_723_161_253_937_085, binary: false, frame: Buffer.from(FRAME) };
  for (const connection of ['binance:1', 'binance:1', 'binance:1.2', 'binance:1', 'bybit:2'])
    expect(scan(`1723161253937085768 ${connection} ${FRAME}`)).toEqual({ ...frame, connection });
});

const digits = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
  fc.constantFrom(
    '1723161253937085768',
    '0000',
    '123',
    '',
    '9007199254740991999',
    '9007199254740992000',
    '9'.repeat(400),
  ),
  fc.stringMatching(/^\d{0,24}$/),
);
const names = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'binance:1',
      'binance:1.2',
      'binance:',
      'binance:11',
      '',
      'a\u00a0b',
      'a\tb',
      '\u00ffx',
      'b{',
      '{',
    ),
  },
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const rests = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(FRAME, '[1]', '{', '[', '', '! ping', '! text e30=', 'x', ' {', '{\u00e9') },
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const spaces = fc.oneof({ weight: 8, arbitrary: fc.constant(' ') }, fc.constantFrom('', '  ', '\t'));

it('says of no line anything else than the parser of texts', () => {
  const scanner = new FrameLineScanner();
  let scanned = 0;
  fc.assert(
    fc.property(digits, spaces, names, spaces, rests, fc.string({ maxLength: 3 }), (time, a, name, b, rest, behind) => {
      const line = Buffer.from(time + a + name + b + rest, 'latin1');
      const found = scanner.scan(Buffer.concat([line, Buffer.from(behind)]), 0, line.length);
      if (found === undefined) return;
      scanned++;
      expect(found).toEqual(PARSERS['market-feed'](line.toString('latin1')));
    }),
    { numRuns: 20_000 },
  );
  expect(scanned).toBeGreaterThan(500);
});
