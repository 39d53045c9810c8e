import type { Channel } from '../../domain/instrument.ts';
import { count } from '../terminal/number-text.ts';
import { type CheckItem, checkedItem, failed, noted, passed } from './check-item.ts';
import { type CheckedConnection, dataOfChannel, type Finding } from './checked-connection.ts';

/** Returns the check items about a venue's connections. `channels`: the subscribed channels that the venue has. */
export function connectionItems(
  connections: readonly CheckedConnection[],
  channels: readonly Channel[],
  endAt: number,
): readonly CheckItem[] {
  const opened = connections.filter(({ wasOpen }) => wasOpen);
  const handshake = item('handshake', connections, (one) => one.handshake());
  if (opened.length === 0) return [handshake];
  const notes = opened.flatMap((one) => one.notes());
  return [
    handshake,
    item('connection held', opened, (one) => one.held(endAt)),
    item('acknowledgement', opened, (one) => one.acknowledgement()),
    item('heartbeats', opened, (one) => one.heartbeats(endAt)),
    ...[...Map.groupBy(channels, dataOfChannel)].map(([of, same]) =>
      item(`data: ${same.join(', ')}`, opened, (one) => one.data(of)),
    ),
    framesItem(opened),
    ...(notes.length === 0 ? [] : [noted('unknown or odd', notes.join('; '))]),
  ];
}

function framesItem(opened: readonly CheckedConnection[]): CheckItem {
  const malformed = opened.flatMap((one) => one.malformed);
  const frames = opened.reduce((sum, one) => sum + one.frames, 0);
  const summary = malformed.length === 0 ? [] : [`${count(malformed.length)} of ${count(frames)} not`];
  const problems = frames === 0 ? ['no frame came'] : [...summary, ...malformed];
  return checkedItem('frames decoded', problems, `all ${count(frames)}`);
}

function item(
  name: string,
  connections: readonly CheckedConnection[],
  find: (connection: CheckedConnection) => Finding,
): CheckItem {
  const findings = connections.map((one) => ({ ...find(one), where: one.name }));
  const problems = Map.groupBy(
    findings.filter(({ isGood }) => !isGood),
    ({ text }) => text,
  );
  if (problems.size === 0) return passed(name, [...new Set(findings.map(({ text }) => text))].join(' / '));
  const texts = [...problems].map(([text, same]) => `${same.map(({ where }) => where).join(', ')}: ${text}`);
  return failed(name, texts.join('; '));
}
