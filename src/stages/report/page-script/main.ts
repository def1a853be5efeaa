import type { PageData } from '../data/page-data.ts';
import { drawCurves } from './curves.ts';
import { element } from './element.ts';
import { highlightTogether } from './highlight.ts';
import { showItems } from './items.ts';

const data = JSON.parse(element('data', HTMLScriptElement).textContent ?? '') as PageData;
showItems(data);
if (data.curves.length > 0) drawCurves(data.curves);
highlightTogether('data-curve');
highlightTogether('data-line');
