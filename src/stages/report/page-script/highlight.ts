/** While the pointer is on a line or a row of a table, all that have the same value of the attribute stand out. */
export function highlightTogether(attribute: 'data-curve' | 'data-line'): void {
  let current: string | undefined;
  document.addEventListener('pointerover', ({ target }) => {
    const under =
      target instanceof Element ? target.closest(`[${attribute}]`)?.getAttribute(attribute) : null;
    const next = under ?? undefined;
    if (next === current) return;
    current = next;
    for (const one of document.querySelectorAll(`[${attribute}]`)) {
      const isOther = current !== undefined && one.getAttribute(attribute) !== current;
      one.classList.toggle('faded', isOther);
    }
  });
}
