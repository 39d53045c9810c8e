/**
 * Runs in the page: names each text that is cut by its own box or shortened in the list of coins, and each pair of
 * texts that lie over each other. It judges what can be seen; a list that scrolls cuts nothing.
 */
export function brokenBoxes(): string[] {
  const MOST = 12;
  const IGNORED = '.unseen, svg, canvas, .skip, .venue-more, .depth-most, .empty.over, .candle-chart';
  interface Box {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  }
  const nameOf = (element: Element | null): string => {
    const own = element === null ? '' : `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`;
    const parent = element?.parentElement;
    return `${parent ? `${parent.tagName.toLowerCase()}.${parent.getAttribute('class') ?? ''} > ` : ''}${own}`;
  };
  const clipped = (box: Box, from: Element | null): Box => {
    let { left, right, top, bottom } = box;
    for (let at = from; at !== null && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX === 'visible') continue;
      const frame = at.getBoundingClientRect();
      left = Math.max(left, frame.left);
      right = Math.min(right, frame.right);
      top = Math.max(top, frame.top);
      bottom = Math.min(bottom, frame.bottom);
    }
    return { left, right, top, bottom };
  };
  const found: string[] = [];
  const seen: { readonly box: Box; readonly text: string; readonly element: Element; readonly stuck: boolean }[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || element.closest(IGNORED) !== null || !element.checkVisibility()) continue;
    range.selectNodeContents(node);
    const rect = range.getBoundingClientRect();
    const box = clipped(rect, element);
    if (box.right - box.left < 1 || box.bottom - box.top < 1) continue;
    // A row that scrolls is cut above and below, but never at its sides.
    const cut = Math.max(box.left - rect.left, rect.right - box.right);
    if (cut > 1) found.push(`cut by ${cut.toFixed(0)} px: ${text} in ${nameOf(element)}`);
    const shortened = element.closest('.coins th, .coins td');
    if (shortened !== null && shortened.scrollWidth > shortened.clientWidth)
      found.push(`shortened with an ellipsis: ${text} in ${nameOf(element)}`);
    const stuck = element.closest('thead, .top') !== null;
    for (const rectOfLine of range.getClientRects())
      seen.push({ box: clipped(rectOfLine, element), text, element, stuck });
  }
  for (const [at, a] of seen.entries())
    for (const b of seen.slice(at + 1)) {
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      // Lines of a text stand closer than their boxes, and a head that stays lies over the rows below it.
      if (across <= 1 || down <= 4 || a.stuck !== b.stuck) continue;
      found.push(`"${a.text}" over "${b.text}" by ${across.toFixed(0)}×${down.toFixed(0)} px: ${nameOf(a.element)}`);
    }
  return found.slice(0, MOST);
}
