import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CAPTURE_FORMATS, PARSERS, venueTime } from '../../src/capture/capture-row.ts';
import { readCaptureHeader } from '../../src/capture/read-capture.ts';
import { expectHarmless, hostileText } from '../../testing/feeds/hostile-json.ts';
import { runs } from '../../testing/properties/seeds.ts';

const NS = '1700000000000000000';
const starts = ['', `${NS} `, `${NS} c1 `, `${NS} c1 ! `, '1700000000.5: ', 'https://x/?symbol=A -> 1700000000.5: '];
const verbs = ['text ', 'binary ', 'connecting ', 'ended ', 'answer ', 'clock ', 'closed', '{', '[', ''];
const names = ['kind', 'path', 'status', 'headers', 'body', 'fault', 'E', 'ts', 'lastUpdateId'];
const rests = fc.oneof(fc.string({ unit: 'binary' }), hostileText(names));

const bytes = (row: string) => Buffer.from(row, 'latin1');

it.each(CAPTURE_FORMATS)('the %s parser returns a known kind for any text', (format) => {
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.constantFrom(...verbs), rests, (start, verb, rest) => {
      const row = start + verb + rest;
      const { kind } = expectHarmless(() => PARSERS[format](bytes(row)));
      expect(['frame', 'mark', 'body', 'nothing', 'odd']).toContain(kind);
      expectHarmless(() => venueTime(row));
    }),
    { numRuns: runs(2000) },
  );
});

it.each(CAPTURE_FORMATS)('the %s parser reads a megabyte of repeated text within 500 ms', (format) => {
  for (const piece of ['0', ' ', '0.', '0 ', ' -> ', 'https://', '{"', '"E":', `${NS} `]) {
    const row = piece.repeat(2 ** 20 / piece.length);
    expectHarmless(() => PARSERS[format](bytes(row)), 500);
    expectHarmless(() => PARSERS[format](bytes(`https:${row}`)), 500);
    expectHarmless(() => venueTime(row), 500);
  }
});

it('readCaptureHeader refuses any invalid header with the reason', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), hostileText(['format', 'version', 'config'])), (row) => {
      expect(() => expectHarmless(() => readCaptureHeader(row))).toThrow(
        /^(not a )?capture of market-feed|^a capture of version/,
      );
    }),
  );
});
