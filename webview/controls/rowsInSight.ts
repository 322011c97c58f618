/**
 * A table of which only the rows in sight are in the page: keeps where it is scrolled to, what its
 * app knows of that, and its height together.
 */

export interface ScrolledRows {
  readonly state: { readonly scrollTop: number };
  scrollTo(top: number): void;
  /** Height of the rows in sight, in pixels; at least one. */
  setTableHeight(height: number): void;
}

/**
 * What to call after each drawing. The table, `.table`, may come and go.
 *
 * A place that was asked for and is not drawn yet wins over an event of scrolling, which tells of a
 * place before it: keys that follow each other quickly would otherwise end where the first led.
 */
export function followRows(page: HTMLElement, app: ScrolledRows, headHeight: number): () => void {
  let table: HTMLElement | null = null;
  let drawnTop = 0;
  const size = new ResizeObserver(([entry]) => {
    if (entry) app.setTableHeight(Math.max(1, entry.contentRect.height - headHeight));
  });
  const onScroll = () => {
    if (table && app.state.scrollTop === drawnTop) app.scrollTo(table.scrollTop);
  };
  return () => {
    const found = page.querySelector<HTMLElement>('.table');
    if (found !== table) {
      size.disconnect();
      table?.removeEventListener('scroll', onScroll);
      table = found;
      table?.addEventListener('scroll', onScroll, { passive: true });
      if (table) size.observe(table);
    }
    drawnTop = app.state.scrollTop;
    if (table && Math.abs(table.scrollTop - drawnTop) > 1) table.scrollTop = drawnTop;
  };
}
