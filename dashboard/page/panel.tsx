import type { ComponentChildren } from 'preact';

interface PanelProps {
  readonly id: string;
  readonly title: string;
  /** Content beside the title. */
  readonly tools?: ComponentChildren;
  /** Why the content is out of date; if set, the panel is grey. */
  readonly staleReason?: string | undefined;
  readonly children: ComponentChildren;
}

export function Panel({ id, title, tools, staleReason, children }: PanelProps) {
  return (
    <section class={`panel panel-${id}${staleReason === undefined ? '' : ' is-stale'}`} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {staleReason !== undefined && <span class="stale-note">{staleReason}</span>}
        {tools}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}
