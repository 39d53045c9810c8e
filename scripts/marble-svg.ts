/** The pictures of docs/operators as SVG. */
import { type Course, courseOf, endOf, type MarblePicture, type Mark, markOf, type Row } from './marble-picture.ts';
import { element, escaped, line, round, STYLE, words } from './svg-parts.ts';

const WIDTH = 720;
const MARGIN = 24;
const RIGHT = WIDTH - MARGIN;
/** Approximate width of a letter in a mark. */
const LETTER = 7.1;

/** Layout that all rows of a picture share. */
interface Layout {
  /** Where the lines start. */
  readonly left: number;
  readonly radius: number;
  xOf(time: number): number;
}

interface Drawn {
  readonly elements: readonly string[];
  /** Position of the line. */
  readonly y: number;
  /** Lower end of the row. */
  readonly bottom: number;
}

const SIGNS = {
  leftOut: 'does not pass',
  complete: 'completes',
  error: 'error: this subscription is over',
} as const;

function labelsAt(row: Row<unknown>, { at }: Course, time: number): string[] {
  const happenings = at.get(time) ?? [];
  return happenings.flatMap((each) => (each.kind === 'value' ? (markOf(row, each.marble).label ?? each.marble) : []));
}

/** Width of a mark: a circle, or longer for a long label. */
const markWidth = (label: string, radius: number): number =>
  label.length <= 2 ? 2 * radius : Math.max(2 * radius, label.length * LETTER + 16);

function drawMark(mark: Mark, marble: string, x: number, y: number, radius: number, hollow = false): string {
  const label = mark.label ?? marble;
  const width = markWidth(label, radius);
  const dash = hollow ? { style: 'fill-opacity:0', 'stroke-dasharray': '3 2.5' } : {};
  const back = { class: 'paper', x: x - width / 2, y: y - radius, width, height: 2 * radius, rx: radius };
  const shape = { ...back, class: mark.tone, 'stroke-width': 1.5, ...dash };
  const under = hollow ? element('rect', back) : '';
  return under + element('rect', shape) + words(`label on-${mark.tone}`, x, y + 4.2, label);
}

const drawCross = (x: number, y: number, arm: number): string =>
  line('line-bad', x - arm, y - arm, x + arm, y + arm, 3) + line('line-bad', x - arm, y + arm, x + arm, y - arm, 3);

function drawSpan(x1: number, x2: number, y: number, says: string): string {
  const ends = line('faint', x1, y - 4, x1, y + 4) + line('faint', x2, y - 4, x2, y + 4);
  return ends + line('faint', x1, y, x2, y, 1.2) + words('note text', (x1 + x2) / 2, y - 7, says);
}

function layoutOf(rows: readonly Row<unknown>[], courses: readonly Course[]): Layout {
  const left = MARGIN + Math.max(48, ...rows.map(({ name }) => name.length * 7.6)) + 14;
  const initial = rows.flatMap((row, index) => labelsAt(row, courses[index] as Course, 0));
  const begin = left + Math.max(14, ...initial.map((label) => markWidth(label, 13) / 2 + 4));
  const step = (RIGHT - begin - 16) / Math.max(...rows.map(endOf));
  return { left, radius: Math.min(13, Math.max(10.5, step * 0.6)), xOf: (time) => begin + time * step };
}

function drawRow(row: Row<unknown>, { at, terminatedAt }: Course, { left, radius, xOf }: Layout, top: number): Drawn {
  const elements: string[] = [];
  const goesOn = (time: number): boolean => terminatedAt === undefined || time < terminatedAt;
  const y = top + radius + (row.spans?.some(([since]) => goesOn(since)) === true ? 28 : 8);
  const start = row.from === undefined ? left : xOf(row.from);
  const stop = terminatedAt === undefined ? RIGHT - 8 : xOf(terminatedAt);
  elements.push(words('name text', MARGIN, y + 4.5, row.name));
  if (row.from !== undefined) elements.push(line('ink', start, y - 7, start, y + 7));
  elements.push(line('ink', start, y, stop, y));
  if (terminatedAt === undefined)
    elements.push(element('path', { class: 'arrow', d: `M${RIGHT} ${round(y)}l-10 -5v10z` }));
  if (row.holds === true) elements.push(...drawStates(row, at, xOf, y, stop));

  let bottom = y + radius;
  for (const [time, happenings] of at) {
    const x = xOf(time);
    const values = happenings.filter((happening) => happening.kind === 'value');
    const ends = happenings.length > values.length;
    if (happenings.some(({ kind }) => kind === 'complete'))
      elements.push(line('ink', x, y - radius - 5, x, y + radius + 5, 3));
    if (happenings.some(({ kind }) => kind === 'error')) elements.push(drawCross(x, y, 8));
    // Simultaneous marks are drawn below each other.
    const pitch = 2 * radius + 3;
    const hollow = row.leftOut?.includes(time);
    for (const [index, { marble }] of values.entries())
      elements.push(drawMark(markOf(row, marble), marble, x, y + index * pitch, radius, hollow));
    const below = y + Math.max(0, values.length - 1) * pitch + radius + (ends ? 5 : 0);
    const note = row.notes?.[time];
    if (note !== undefined) elements.push(words('note text', x, below + 14, note));
    bottom = Math.max(bottom, below + (note === undefined ? 0 : 18));
  }
  for (const [since, until, says] of row.spans ?? []) {
    const raised = goesOn(since) ? radius + 11 : 0;
    const clear = terminatedAt === since ? 13 : 0;
    const measured = `${until - since} ms${says && ` ${says}`}`;
    elements.push(drawSpan(xOf(since) + clear, xOf(until), y - raised, measured));
  }
  return { elements, y, bottom };
}

/** Draws the line in the colour of each value until the next. */
function drawStates(row: Row<unknown>, at: Course['at'], xOf: Layout['xOf'], y: number, stop: number): string[] {
  const times = [...at.keys()];
  return times.flatMap((time, index) => {
    const first = at.get(time)?.[0];
    if (first?.kind !== 'value') return [];
    const until = times[index + 1];
    return line(`line-${markOf(row, first.marble).tone}`, xOf(time), y, until === undefined ? stop : xOf(until), y, 5);
  });
}

function drawLegend(rows: readonly Row<unknown>[], courses: readonly Course[], top: number): Drawn {
  const marks = rows
    .flatMap((row) => Object.entries(row.marks))
    .flatMap(([marble, mark]) => (mark.means === undefined ? [] : [{ marble, mark, text: mark.means }]))
    .filter(({ text }, index, all) => all.findIndex((each) => each.text === text) === index);
  const happenings = courses.flatMap(({ at }) => [...at.values()].flat());
  const signs = (['leftOut', 'complete', 'error'] as const).filter((sign) =>
    sign === 'leftOut' ? rows.some((row) => row.leftOut !== undefined) : happenings.some(({ kind }) => kind === sign),
  );
  const texts = [...marks.map(({ text }) => text), ...signs.map((sign) => SIGNS[sign])];

  const y = top + 46;
  const swatch = Math.max(26, ...marks.map(({ marble, mark }) => markWidth(mark.label ?? marble, 11)));
  const half = (RIGHT - MARGIN) / 2;
  const inTwo = texts.every((text) => swatch + 12 + text.length * 6.6 < half);
  const lines = Math.ceil(texts.length / (inTwo ? 2 : 1));
  const elements = texts.flatMap((text, index) => {
    const x = MARGIN + Math.floor(index / lines) * half;
    const centre = x + swatch / 2;
    const middle = y + (index % lines) * 28;
    const entry = marks[index];
    const sign = signs[index - marks.length];
    return [
      entry === undefined ? '' : drawMark(entry.mark, entry.marble, centre, middle, 11),
      sign === 'leftOut' ? drawMark({ label: '', tone: 'quiet' }, '', centre, middle, 11, true) : '',
      sign === 'complete' ? line('ink', centre, middle - 10, centre, middle + 10, 3) : '',
      sign === 'error' ? drawCross(centre, middle, 7) : '',
      words('text', x + swatch + 10, middle + 4.5, text),
    ];
  });
  return {
    elements: [line('faint', MARGIN, top + 22, RIGHT, top + 22, 0.7), ...elements],
    y,
    bottom: y + lines * 28 - 2,
  };
}

/** The picture as the text of an SVG file. */
export function marbleSvg(picture: MarblePicture): string {
  const rows = [...picture.inputs, picture.result];
  const courses = rows.map(courseOf);
  const layout = layoutOf(rows, courses);
  const elements: string[] = [];

  const end = Math.max(...rows.map(endOf));
  for (let time = 0; time <= end; time += 5)
    elements.push(words('tick soft', layout.xOf(time), 20, time === 0 ? '0 ms' : String(time)));

  let y = 26;
  const inputs = picture.inputs.map((row, index) => {
    const drawn = drawRow(row, courses[index] as Course, layout, y);
    y = drawn.bottom + 6;
    return drawn;
  });
  const boxTop = y + 8;
  const boxHeight = 17 + picture.operator.length * 18;
  const box = { class: 'box', x: MARGIN, y: boxTop, width: RIGHT - MARGIN, height: boxHeight, rx: 7 };
  const code = picture.operator.map((text, index) => words('code text', WIDTH / 2, boxTop + 22 + index * 18, text));
  const resultCourse = courses.at(-1) as Course;
  const result = drawRow(picture.result, resultCourse, layout, boxTop + boxHeight + 8);
  const legend = drawLegend(rows, courses, result.bottom);

  // Each guide goes from an input to the output that it caused, or from the box if only time caused the output.
  const guides = [...resultCourse.at.keys()].map((time) => {
    const cause = picture.inputs.findIndex((_, index) => courses[index]?.at.has(time));
    return line(
      'faint',
      layout.xOf(time),
      inputs[cause]?.y ?? boxTop + boxHeight,
      layout.xOf(time),
      result.y,
      1,
      '2 3',
    );
  });

  const height = Math.round(legend.bottom);
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title description">`,
    element('title', { id: 'title' }, escaped(picture.name)),
    element('desc', { id: 'description' }, escaped(picture.description)),
    `<style>\n${STYLE}\n</style>`,
    element('rect', { class: 'paper', width: WIDTH, height, rx: 8 }),
    ...guides,
    ...elements,
    ...inputs.flatMap((drawn) => drawn.elements),
    element('rect', box),
    ...code,
    ...result.elements,
    ...legend.elements.filter((text) => text !== ''),
    '</svg>\n',
  ].join('\n');
}
