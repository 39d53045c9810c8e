import type { ComponentChildren } from 'preact';

interface PanelProps {
  readonly id: string;
  readonly title: string;
  /** Beside the title. */
  readonly tools?: ComponentChildren;
  /** Why what it shows is not the present; it goes grey. */
  readonly stale?: string | undefined;
  readonly children: ComponentChildren;
}

export function Panel({ id, title, tools, stale, children }: PanelProps) {
  return (
    <section class={`panel panel-${id}${stale === undefined ? '' : ' is-stale'}`} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {stale !== undefined && <span class="stale-note">{stale}</span>}
        {tools}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}
