import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** An element's width in CSS pixels, 0 before it is laid out. */
export function useWidth<E extends HTMLElement>(): { readonly ref: RefObject<E | null>; readonly width: number } {
  const ref = useRef<E>(null);
  const width = useSignal(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    width.value = element.clientWidth;
    observer.observe(element);
    return () => observer.disconnect();
  }, [width]);
  return { ref, width: width.value };
}

/** Sets the property `--above` of an element to the height of the page above it. */
export function useHeightAbove<E extends HTMLElement>(): RefObject<E | null> {
  const ref = useRef<E>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    const page = element?.parentElement;
    if (element === null || !page) return;
    const measure = () => element.style.setProperty('--above', `${element.offsetTop}px`);
    const observer = new ResizeObserver(measure);
    // If what is above grows, so does the page.
    observer.observe(page);
    measure();
    return () => observer.disconnect();
  }, []);
  return ref;
}
