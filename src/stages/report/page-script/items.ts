import type { PageData } from '../data/page-data.ts';
import { itemCard } from '../items/item-card.ts';
import { type Choice, chooseItems, searchText } from './choose-items.ts';
import { element } from './element.ts';
import { ItemList } from './item-list.ts';

/** A printer gets no more: 10,000 items are thousands of pages. */
const PRINTED = 500;

/** Makes the items a list that can be searched, ordered, filtered, and walked through with keys. */
export function showItems({ models, items }: PageData): void {
  const texts = items.map(searchText);
  const root = element('items', HTMLElement);
  const controls = element('controls', HTMLFormElement);
  const list = new ItemList(root);
  let chosen: readonly number[] = [];

  const update = (): void => {
    const choice = choiceOf();
    chosen = chooseItems(items, texts, choice);
    element('count', HTMLElement).textContent =
      chosen.length === items.length ? `${items.length} items` : `${chosen.length} of ${items.length} items`;
    list.show(chosen.length, (place) => {
      const index = chosen[place]!;
      const position = { place: place + 1, of: chosen.length };
      return itemCard(items[index]!, index, { models, shown: choice.shown, position }).html;
    });
  };

  const goTo = (place: number): void => {
    const card = list.at(place);
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: 'start' });
    // Items above it that were drawn meanwhile have other heights than was guessed.
    requestAnimationFrame(() => card?.scrollIntoView({ block: 'start' }));
  };

  /** Shows the item that the address names, whatever is chosen. */
  const followAddress = (): void => {
    const index = Number(/^#item-(\d+)$/.exec(location.hash)?.[1]) - 1;
    if (!(index >= 0 && index < items.length)) return;
    if (!chosen.includes(index)) {
      controls.reset();
      update();
    }
    goTo(chosen.indexOf(index));
  };

  root.setAttribute('role', 'feed');
  root.setAttribute('aria-label', 'Items');
  controls.hidden = false;
  controls.addEventListener('input', update);
  controls.addEventListener('submit', (event) => event.preventDefault());
  addEventListener('hashchange', followAddress);
  addEventListener('beforeprint', () => list.beginPrint(PRINTED));
  addEventListener('afterprint', () => list.endPrint());
  document.addEventListener('keydown', (event) => {
    const step = keyStep(event);
    if (step === undefined) return;
    event.preventDefault();
    const search = element('search', HTMLInputElement);
    if (step === 'search') search.select();
    else goTo(Math.min(list.length - 1, Math.max(0, placeOfReader(root, chosen) + step)));
  });
  update();
  followAddress();
}

/** What the controls say. A reader who chooses no model sees the first. */
function choiceOf(): Choice {
  const checked = [...document.querySelectorAll<HTMLInputElement>('#models input:checked')];
  const hasModels = document.getElementById('models') !== null;
  const order = element('items', HTMLElement).dataset.order!.split(',').map(Number);
  const wanted = checked.map(({ value }) => Number(value));
  const shown = hasModels ? order.filter((place) => wanted.includes(place)) : order;
  const numberIn = (id: string, otherwise: number) => {
    const { valueAsNumber } = element(id, HTMLInputElement);
    return Number.isNaN(valueAsNumber) ? otherwise : valueAsNumber;
  };
  return {
    search: element('search', HTMLInputElement).value.trim(),
    order: element('order', HTMLSelectElement).value,
    from: numberIn('from', 0),
    to: numberIn('to', 100),
    which: element('which', HTMLSelectElement).value,
    shown: shown.length > 0 ? shown : order.slice(0, 1),
  };
}

/** What a key asks for, unless it is typed into a field or belongs to the browser. */
function keyStep({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent): 1 | -1 | 'search' | undefined {
  if (ctrlKey || metaKey || altKey || !element('keys', HTMLInputElement).checked) return undefined;
  if (target instanceof Element && target.matches('input:not([type=checkbox]), select, textarea'))
    return undefined;
  return key === 'j' ? 1 : key === 'k' ? -1 : key === '/' ? 'search' : undefined;
}

/** Place of the item that has the focus, else of the one before the first that is in the window. */
function placeOfReader(root: HTMLElement, chosen: readonly number[]): number {
  const focused = document.activeElement?.closest('article');
  const cards = [...root.querySelectorAll('article')];
  const seen = focused ?? cards.find((card) => card.getBoundingClientRect().bottom > 0);
  if (seen === undefined) return -1;
  const place = chosen.indexOf(Number(seen.id.replace('item-', '')) - 1);
  return focused === null || focused === undefined ? place - 1 : place;
}
