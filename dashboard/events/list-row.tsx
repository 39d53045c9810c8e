import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface ListRowProps {
  readonly tone: string;
  readonly glyph: string;
  readonly time: string;
  /** An object if this row was chosen elsewhere: each new one moves the focus here. */
  readonly chosen?: object | undefined;
  readonly children: ComponentChildren;
  /** Facts that the open row shows, by name. */
  readonly facts: () => readonly (readonly [string, string])[];
}

/** A row of the events or the gaps, which opens to show its facts. */
export function ListRow({ tone, glyph, time, chosen, children, facts }: ListRowProps) {
  const summary = useRef<HTMLElement>(null);
  const isOpen = useSignal(false);
  useEffect(() => {
    if (chosen === undefined) return;
    summary.current?.focus({ preventScroll: true });
    summary.current?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <li class={`event ${tone}${chosen === undefined ? '' : ' is-chosen'}`}>
      <details
        onToggle={(event) => {
          isOpen.value = event.currentTarget.open;
        }}
      >
        <summary ref={summary} tabIndex={-1}>
          <time>{time}</time>
          <span class="glyph" aria-hidden="true">
            {glyph}
          </span>
          <p>{children}</p>
        </summary>
        {isOpen.value && (
          <dl>
            {facts().map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </li>
  );
}

interface RowsProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** The list around the rows: Tab leads to it, arrows go from row to row, Enter opens a row. */
export function ListRows({ label, children }: RowsProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol class="events" tabIndex={0} aria-label={label} onKeyDown={move}>
      {children}
    </ol>
  );
}

function move(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const rows = [...event.currentTarget.querySelectorAll('summary')];
  const here = rows.findIndex((row) => row.matches(':focus'));
  const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
