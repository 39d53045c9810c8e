import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

/** Becomes true in the task after the browser has painted the component with `isReady`. */
export function useAfterPaint(isReady: boolean): boolean {
  const isPainted = useSignal(false);
  useLayoutEffect(() => {
    if (!isReady) return;
    requestAnimationFrame(() =>
      setTimeout(() => {
        isPainted.value = true;
      }),
    );
  }, [isReady, isPainted]);
  return isPainted.value;
}
