import { dataBlock } from '../../html/data-block.ts';
import { htmlDocument } from '../../html/document.ts';
import { curvesOf, trainingSection } from './curves/training-section.ts';
import type { PageData } from './data/page-data.ts';
import type { ReportData } from './data/report-data.ts';
import { itemsSection, pageItem } from './items/items-section.ts';
import { makingSection } from './making-section.ts';
import { pageScript } from './page-script.ts';
import { parametersSection } from './parameters-section.ts';
import { compareModels } from './scores/compare-models.ts';
import { scoresSection } from './scores/scores-section.ts';
import { sweepSection } from './scores/sweep-section.ts';
import { verdictSentences } from './scores/verdict.ts';

/** The whole report as one HTML document. It needs no network, and without its script it lacks nothing but ease. */
export function reportPage(data: ReportData): string {
  const comparison = compareModels(data);
  const forScript: PageData = {
    models: data.models.map(({ name }) => name),
    items: data.items.map(pageItem),
    curves: curvesOf(data.histories),
  };
  return htmlDocument(
    data.title,
    [
      scoresSection(data, comparison),
      sweepSection(comparison),
      trainingSection(data),
      parametersSection(data.parameters),
      itemsSection(data, comparison),
      makingSection(data),
      dataBlock('data', forScript),
    ],
    { lead: verdictSentences(data, comparison), script: pageScript },
  );
}
