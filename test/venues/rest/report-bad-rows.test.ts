import { expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { RestRequest } from '../../../src/venues/contract.ts';
import { reportBadRows } from '../../../src/venues/rest/report-bad-rows.ts';

it('reportBadRows names the path of the request that was sent instead, too', () => {
  const asked = (path: string): RestRequest<string> => ({
    path,
    weight: 1,
    parse(_body, onBadRow) {
      onBadRow?.(new Fault('malformed', '[0].p: is missing'), {});
      return path;
    },
  });
  const reports: string[] = [];
  const request = reportBadRows({ ...asked('/past'), otherwise: asked('/other') }, ({ message }) =>
    reports.push(message),
  );
  expect(request.parse([])).toBe('/past');
  expect(request.otherwise?.parse([])).toBe('/other');
  expect(reports).toEqual(['GET /past: [0].p: is missing', 'GET /other: [0].p: is missing']);
});
