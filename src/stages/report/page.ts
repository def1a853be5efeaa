import { dataBlock } from '../../html/data-block.ts';
import { htmlDocument } from '../../html/document.ts';
import { compareModels } from './compare-models.ts';
import { itemsSection, pageItem } from './items-section.ts';
import { makingSection } from './making-section.ts';
import type { PageData } from './page-data.ts';
import { pageScript } from './page-script.ts';
import { parametersSection } from './parameters-section.ts';
import type { ReportData } from './report-data.ts';
import { scoresSection } from './scores-section.ts';
import { sweepSection } from './sweep-section.ts';
import { curvesOf, trainingSection } from './training-section.ts';
import { verdictSentences } from './verdict.ts';

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
