import { batch } from '@preact/signals';

/** Milliseconds between two paints: ten a second look continuous. */
const EVERY_MS = 100;
/** Milliseconds between two runs while the page is hidden, so that work does not pile up. */
const HIDDEN_MS = 1000;

const waiting = new Set<() => void>();
let asked = false;
let next = 0;

/** Returns a function that runs `work` once in the page's next frame, however often it is called before. */
export function onFrame(work: () => void): () => void {
  return () => {
    waiting.add(work);
    if (asked) return;
    asked = true;
    if (document.hidden) setTimeout(run, HIDDEN_MS);
    else setTimeout(() => requestAnimationFrame(run), Math.max(0, next - performance.now()));
  };
}

function run(): void {
  asked = false;
  next = performance.now() + EVERY_MS;
  const works = [...waiting];
  waiting.clear();
  batch(() => {
    for (const work of works) work();
  });
}
