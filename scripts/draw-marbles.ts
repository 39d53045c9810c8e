/**
 * Draws docs/operators/NAME.svg from test/operators/pictures/NAME.ts. With `--check`, only checks that the files are up
 * to date.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { MarblePicture } from './marble-picture.ts';
import { marbleSvg } from './marble-svg.ts';

const pictures = new URL('../test/operators/pictures/', import.meta.url);
for (const file of readdirSync(pictures)) {
  const { picture } = (await import(new URL(file, pictures).href)) as { readonly picture: MarblePicture };
  const svg = marbleSvg(picture);
  const name = `docs/operators/${file.replace(/\.ts$/, '.svg')}`;
  const target = new URL(`../${name}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(target, svg);
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== svg) {
    process.stderr.write(`${name} is not what ${file} says: run node scripts/draw-marbles.ts\n`);
    process.exitCode = 1;
  }
}
