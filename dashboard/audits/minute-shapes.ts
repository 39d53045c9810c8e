import type { AuditVerdict } from './minute-cells.ts';

/**
 * The parts of each verdict's bar, as shares of the height, from the top. The shapes differ, so that a minute can be read
 * without its colour.
 */
const PARTS: Readonly<Record<AuditVerdict, readonly (readonly [from: number, to: number])[]>> = {
  proven: [[0, 1]],
  agrees: [[0.3, 1]],
  healed: [
    [0, 0.4],
    [0.6, 1],
  ],
  unchecked: [[0.8, 1]],
  gap: [
    [0, 0.2],
    [0.8, 1],
  ],
  unexplained: [
    [0, 0.2],
    [0.4, 0.6],
    [0.8, 1],
  ],
};

/** The place of a bar, CSS pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The SVG path of a minute's bar. */
export function barPath(verdict: AuditVerdict, { x, y, width, height }: Place): string {
  return PARTS[verdict]
    .map(([from, to]) => `M${x} ${y + from * height}h${width}v${(to - from) * height}h${-width}z`)
    .join('');
}
