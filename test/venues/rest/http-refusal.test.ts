import { expect, it } from 'vitest';
import { refusalReason } from '../../../src/venues/rest/http-refusal.ts';
import { cpuMs } from '../../../testing/processes/cpu-ms.ts';

it.each([
  ['', 'HTTP 451'],
  ['<html><body>Service unavailable</body></html>', 'HTTP 451: Service unavailable'],
  [
    '<!DOCTYPE html>\n<HTML><HEAD><TITLE>ERROR</TITLE>\n<style>a > b {}</style></HEAD><BODY>\n<H1>Request   blocked.</H1><!-- id > 7 -->\n<p>Too&nbsp;much traffic.</p></BODY></HTML>',
    'HTTP 451: Request blocked. Too much traffic.',
  ],
  ['<html><body>cut in the middle <a href="http', 'HTTP 451: cut in the middle'],
  ['<script>x</script>', 'HTTP 451'],
  ['1 < 2 and 3 > 2', 'HTTP 451: 1 < 2 and 3 > 2'],
  ['{"code":0,\n "msg":"no"}', 'HTTP 451: {"code":0, "msg":"no"}'],
])('refusalReason(451, %j) returns %s', (body, reason) => expect(refusalReason(451, body)).toBe(reason));

it('refusalReason returns a short text in bounded time for huge bodies and unclosed tags', () => {
  for (const body of [
    'x'.repeat(1e6),
    '<'.repeat(1e6),
    '<a '.repeat(3e5),
    '<script>'.repeat(1e5),
    '<!--'.repeat(2e5),
  ]) {
    const took = cpuMs(() => expect(refusalReason(403, body).length).toBeLessThan(180));
    expect(took).toBeLessThan(500);
  }
});
