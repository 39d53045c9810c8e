import { type ReadonlySignal, useComputed } from '@preact/signals';

interface FlowBarProps {
  readonly ratio: ReadonlySignal<number | null>;
  readonly flow: ReadonlySignal<string | null>;
}

const WIDTH = 34;

/** Shows the bought share of the volume as a bar and as a word. */
export function FlowBar({ ratio, flow }: FlowBarProps) {
  const bought = useComputed(() => (ratio.value === null ? 0 : ratio.value * WIDTH));
  const bar = useComputed(() => (ratio.value === null ? 'flow-bar is-empty' : 'flow-bar'));
  const word = useComputed(() => flow.value?.replaceAll('_', ' ') ?? '–');
  const tone = useComputed(() => `flow-word ${toneOf(flow.value)}`);
  return (
    <span class="flow">
      <svg class={bar} width={WIDTH} height="6" aria-hidden="true">
        <rect class="sold" width={WIDTH} height="6" />
        <rect class="bought" width={bought} height="6" />
        <rect class="half" x={WIDTH / 2 - 0.5} width="1" height="6" />
      </svg>
      <span class={tone}>{word}</span>
    </span>
  );
}

export function toneOf(flow: string | null): string {
  return flow?.endsWith('buy') ? 'is-up' : flow?.endsWith('sell') ? 'is-down' : '';
}
