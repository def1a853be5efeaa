import { html, type Markup } from '../../../html/html.ts';
import { bookStep, type Evaluation } from '../../../training/state/history.ts';

/** The last losses in a sentence, and every evaluation in a table that opens. */
export function trainingTable(history: readonly Evaluation[]): Markup | undefined {
  const [first, last] = [history.at(0), history.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const kept = history.find((evaluation) => evaluation.kept);
  return html`<p>Training loss ${loss(first.trainLoss)} at first, ${loss(last.trainLoss)} at the end; validation loss
${loss(first.validationLoss)} at first, ${loss(last.validationLoss)} at the end, after
${last.tokensSeen.toLocaleString('en-US')} tokens.${kept && keptSentence(kept)}</p>
<details>
<summary>All ${history.length} evaluations</summary>
<div class="wide"><table>
<thead><tr><th>Step</th><th>Epoch</th><th>Tokens seen</th><th>Training loss</th><th>Validation loss</th><th>Learning rate</th></tr></thead>
<tbody>
${history.map(row)}</tbody>
</table></div>
</details>`;
}

function keptSentence(kept: Evaluation): Markup {
  return html` The model is that of the lowest validation loss, ${loss(kept.validationLoss)}, at step ${bookStep(kept)} (epoch ${kept.epoch.toFixed(2)}).`;
}

function row(evaluation: Evaluation): Markup {
  const { epoch, tokensSeen, trainLoss, validationLoss, learningRate, kept } = evaluation;
  return html`<tr><td>${bookStep(evaluation)}${kept && ' (kept)'}</td><td>${epoch.toFixed(2)}</td><td>${tokensSeen.toLocaleString('en-US')}</td><td>${loss(trainLoss)}</td><td>${loss(validationLoss)}</td><td>${learningRate ?? ''}</td></tr>
`;
}

function loss(value: number): string {
  return value.toFixed(3);
}
