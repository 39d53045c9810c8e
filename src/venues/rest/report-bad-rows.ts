import { Fault } from '../../domain/fault.ts';
import type { OnBadRow, RestRequest } from '../contract.ts';

/**
 * Returns the request, which now reports each unreadable row with the request's path and the row's place in the answer.
 */
export function reportBadRows<T>(request: RestRequest<T>, onBadRow: OnBadRow): RestRequest<T> {
  const report: OnBadRow = ({ kind, message, retry }, row) =>
    onBadRow(new Fault(kind, `GET ${request.path}: ${message}`, { retry }), row);
  const { otherwise } = request;
  return {
    ...request,
    ...(otherwise === undefined ? {} : { otherwise: reportBadRows(otherwise, onBadRow) }),
    parse: (body) => request.parse(body, report),
  };
}
