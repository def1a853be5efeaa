/** Items that are drawn and removed together. */
const GROUP = 20;

/** Pixels around the window in which items are drawn already. */
const AHEAD = 1500;

/** Height of an item before it was drawn once, in pixels. */
const GUESS = 260;

/**
 * A long list of which only what is near the window is drawn, in groups: a group that is far away is an empty box of its
 * last height. `draw` gives the HTML of the item at a place, from 0.
 */
export class ItemList {
  readonly #root: HTMLElement;
  readonly #observer: IntersectionObserver;
  #length = 0;
  #draw: (place: number) => string = () => '';
  #groups: HTMLElement[] = [];

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#observer = new IntersectionObserver((entries) => this.#react(entries), {
      rootMargin: `${AHEAD}px 0px`,
    });
  }

  get length(): number {
    return this.#length;
  }

  /** Shows another list from its beginning. */
  show(length: number, draw: (place: number) => string): void {
    this.#observer.disconnect();
    this.#length = length;
    this.#draw = draw;
    this.#groups = Array.from({ length: Math.ceil(length / GROUP) }, (_, index) => {
      const group = document.createElement('div');
      group.dataset.group = String(index);
      group.style.minHeight = `${GUESS * Math.min(GROUP, length - index * GROUP)}px`;
      return group;
    });
    this.#root.replaceChildren(...this.#groups);
    // The first group stays: a list of items has some, wherever the reader is.
    if (this.#groups[0]) this.#fill(this.#groups[0]);
    this.#observe();
  }

  /** The element of the item at a place, which is drawn now if it was not; undefined where the list has no such place. */
  at(place: number): HTMLElement | undefined {
    const group = this.#groups[Math.floor(place / GROUP)];
    if (group === undefined) return undefined;
    this.#fill(group);
    return group.children[place % GROUP] as HTMLElement | undefined;
  }

  /** Draws at most that many items, for a printer that sees no window; they stay until `endPrint`. */
  beginPrint(most: number): void {
    this.#observer.disconnect();
    for (const group of this.#groups.slice(0, Math.ceil(most / GROUP))) this.#fill(group);
  }

  endPrint(): void {
    this.#observe();
  }

  #observe(): void {
    for (const group of this.#groups.slice(1)) this.#observer.observe(group);
  }

  #react(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const group = target as HTMLElement;
      if (isIntersecting) this.#fill(group);
      // What the reader is at must not vanish.
      else if (!group.contains(document.activeElement)) empty(group);
    }
  }

  #fill(group: HTMLElement): void {
    if (group.firstChild !== null) return;
    const first = Number(group.dataset.group) * GROUP;
    const places = Array.from({ length: Math.min(GROUP, this.#length - first) }, (_, index) => first + index);
    group.innerHTML = places.map(this.#draw).join('');
    group.style.minHeight = '';
  }
}

function empty(group: HTMLElement): void {
  if (group.firstChild === null) return;
  group.style.minHeight = `${group.offsetHeight}px`;
  group.replaceChildren();
}
