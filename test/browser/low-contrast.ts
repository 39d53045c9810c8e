/**
 * Runs in the page: names each visible text, each bar of a minute and each border of a field with too little contrast to
 * its ground. WCAG 2 asks for 4.5, and for 3 for large texts, bars and borders.
 */
export function lowContrast(): string[] {
  type Color = readonly [red: number, green: number, blue: number, alpha: number];
  const TEXT = 4.5;
  const LARGE_TEXT = 3;
  const BORDER = 3;
  const IGNORED = '.unseen, .skip, [aria-disabled="true"], noscript, title';
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (probe === null) throw new Error('no canvas');
  const read = new Map<string, Color>();
  const colorOf = (text: string): Color => {
    const known = read.get(text);
    if (known !== undefined) return known;
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = text;
    probe.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = probe.getImageData(0, 0, 1, 1).data;
    const color: Color = [red, green, blue, alpha / 255];
    read.set(text, color);
    return color;
  };
  const over = ([red, green, blue, alpha]: Color, below: Color): Color => {
    const mix = (one: number, other: number) => one * alpha + other * (1 - alpha);
    return [mix(red, below[0]), mix(green, below[1]), mix(blue, below[2]), 1];
  };
  const greyOf = ([red, green, blue, alpha]: Color): Color => {
    const value = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return [value, value, value, alpha];
  };
  const luminance = (color: Color): number => {
    const [red = 0, green = 0, blue = 0] = color.slice(0, 3).map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one: Color, other: Color): number => {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  /** The grounds that an element's content can have: several if a gradient is part of the ground. */
  const groundsOf = (element: Element | null): { grounds: readonly Color[]; isGrey: boolean; opacity: number } => {
    if (element === null) return { grounds: [[255, 255, 255, 1]], isGrey: false, opacity: 1 };
    const around = groundsOf(element.parentElement);
    const { backgroundColor, backgroundImage, filter, opacity } = getComputedStyle(element);
    const isGrey = around.isGrey || filter.includes('grayscale(1)');
    const own = [backgroundColor, ...(backgroundImage.match(/(?:rgba?|color)\([^)]*\)/g) ?? [])].map(colorOf);
    const painted = own.map((color) => (isGrey ? greyOf(color) : color));
    const [flat = [0, 0, 0, 0], ...gradient] = painted as [Color, ...Color[]];
    const grounds = around.grounds.map((ground) => over(flat, ground));
    const all = [...grounds, ...gradient.flatMap((color) => grounds.map((ground) => over(color, ground)))];
    return { grounds: all, isGrey, opacity: around.opacity * Number(opacity) };
  };
  /** The lowest contrast of a colour in front of an element. */
  const contrastIn = (element: Element | null, text: string): number => {
    const { grounds, isGrey, opacity } = groundsOf(element);
    const [red, green, blue, alpha] = colorOf(text);
    const color: Color = [red, green, blue, alpha * opacity];
    return Math.min(...grounds.map((ground) => contrast(over(isGrey ? greyOf(color) : color, ground), ground)));
  };
  const found = new Set<string>();
  const check = (what: string, element: Element, ratio: number, least: number) => {
    if (ratio < least) found.add(`${ratio.toFixed(2)}: ${what} in ${element.tagName} ${element.getAttribute('class')}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || element.closest(IGNORED) !== null || !element.checkVisibility()) continue;
    const { color, fill, fontSize, fontWeight } = getComputedStyle(element);
    const size = Number.parseFloat(fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
    const ratio = contrastIn(element, element instanceof SVGElement ? fill : color);
    check(text, element, ratio, isLarge ? LARGE_TEXT : TEXT);
  }
  for (const bar of document.querySelectorAll('path[class^="minute-"]'))
    check('a bar', bar, contrastIn(bar.parentElement, getComputedStyle(bar).fill), BORDER);
  for (const field of document.querySelectorAll('input, select'))
    if (field.checkVisibility())
      check('the border', field, contrastIn(field.parentElement, getComputedStyle(field).borderBottomColor), BORDER);
  return [...found];
}
