/** Elements of an SVG as text, and the colours of our pictures, light and dark. */
import type { Tone } from './marble-picture.ts';

const COLOURS: Readonly<
  Record<Tone, { readonly light: readonly [string, string]; readonly dark: readonly [string, string] }>
> = {
  first: { light: ['#d6e6fb', '#1c5fb8'], dark: ['#17375e', '#8bbcff'] },
  second: { light: ['#e9defa', '#6d3fc0'], dark: ['#3a2a5e', '#c4a7fb'] },
  third: { light: ['#fbe7c6', '#925a06'], dark: ['#4d3510', '#f3c069'] },
  quiet: { light: ['#eceff2', '#5d6773'], dark: ['#2b3138', '#aab4be'] },
  good: { light: ['#d3f0dc', '#15713a'], dark: ['#14402a', '#74d79b'] },
  bad: { light: ['#fbdcd9', '#b3261e'], dark: ['#58201d', '#ff9d94'] },
};

const theme = (index: 'light' | 'dark', [paper, ink, faint, box]: readonly [string, string, string, string]): string =>
  [
    `.paper{fill:${paper}}.note{stroke:${paper}}.ink{stroke:${ink}}.arrow,.text{fill:${ink}}.faint{stroke:${faint}}.soft{fill:${faint}}`,
    `.box{fill:${box};stroke:${faint}}`,
    ...Object.entries(COLOURS).map(([tone, colours]) => {
      const [fill, stroke] = colours[index];
      return `.${tone}{fill:${fill};stroke:${stroke}}.on-${tone}{fill:${stroke}}.line-${tone}{stroke:${stroke}}`;
    }),
  ].join('');

/** The styles of every picture: a mark has the class of its tone. */
export const STYLE = [
  "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif;font-size:13px}",
  ".code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}",
  '.name{font-weight:600}.label{font-weight:600;font-size:12px;text-anchor:middle}.note{font-size:11px;text-anchor:middle;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}',
  '.code{text-anchor:middle}.tick{font-size:10px;text-anchor:middle}line,path{fill:none}',
  '.arrow{stroke:none}',
  theme('light', ['#ffffff', '#24292f', '#8c96a0', '#f6f8fa']),
  `@media(prefers-color-scheme:dark){${theme('dark', ['#0d1117', '#e6edf3', '#7d8790', '#161b22'])}}`,
].join('\n');

export const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
export const round = (value: number): number => Math.round(value * 10) / 10;

export function element(name: string, attributes: Readonly<Record<string, string | number>>, content?: string): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(value).replace(/"/g, '&quot;')}"`,
  );
  return content === undefined ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${content}</${name}>`;
}

export const line = (style: string, x1: number, y1: number, x2: number, y2: number, width = 1.5, dash = ''): string =>
  element('line', { class: style, x1, y1, x2, y2, 'stroke-width': width, ...(dash && { 'stroke-dasharray': dash }) });

export const words = (style: string, x: number, y: number, content: string): string =>
  element('text', { class: style, x, y }, escaped(content));
