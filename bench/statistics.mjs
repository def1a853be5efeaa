#!/usr/bin/env node
// How often what the statistics say is true: over simulated experiments whose truth is known, the share of 95 % intervals that
// have it in them, and how often "better" or "worse" is said although nothing differs. docs/statistics.md has the table.
//
//   npm run check:statistics             10,000 experiments of each shape: ten minutes
//   npm run check:statistics -- 500      fewer
import { importSource } from '../scripts/import-source.mjs';

const effort = { experiments: Number(process.argv[2] ?? 10_000), resamples: 1000 };

const { SHAPES, claimsOf, powerOf, coverageOfPredictionPowered } = await importSource(`
  export { SHAPES } from './test/statistics/shapes.ts';
  export * from './test/statistics/simulation.ts';`);

const percent = (share) => `${(100 * share).toFixed(1)} %`;

console.log(`${effort.experiments} experiments of each shape, ${effort.resamples} resamples\n`);
console.log('| experiments | mean is covered | difference is covered | said wrongly | why more than 96 % |');
console.log('|---|---|---|---|---|');
for (const shape of SHAPES) {
  const { coversMean, coversDifference, saidWrongly } = claimsOf(shape, effort);
  const figures = [coversMean, coversDifference, saidWrongly].map(percent).join(' | ');
  console.log(`| ${shape.name} | ${figures} | ${shape.conservative ?? ''} |`);
}
console.log(`\nA difference as large as 110 items can show is shown in ${percent(powerOf(effort))}.`);
console.log('\n| PPI++ from 25 labels of 110 items | mean is covered |\n|---|---|');
for (const noise of [0, 5, 20, 200]) {
  console.log(
    `| the judge errs by up to ${noise} points | ${percent(coverageOfPredictionPowered(noise, effort))} |`,
  );
}
