import { batch } from '@preact/signals';

/** What changes ten times a second is as quick as an eye; all of it is painted in the same frames. */
const EVERY_MS = 100;
/** While nobody looks, for what must not pile up. */
const HIDDEN_MS = 1000;

const waiting = new Set<() => void>();
let asked = false;
let next = 0;

/** A call that has `work` done once with the next of the page's frames, however often it is called before. */
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
