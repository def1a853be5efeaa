import { describe, expect, it } from 'vitest';
import { chooseReporter } from '../../src/reporters/choose-reporter.ts';
import { GithubReporter } from '../../src/reporters/github.ts';
import { JsonReporter } from '../../src/reporters/json.ts';
import { PlainReporter } from '../../src/reporters/plain.ts';
import { TreeReporter } from '../../src/reporters/tree.ts';
import { failedRun, ReadableOutput } from './recorded-run.ts';

const terminal = new ReadableOutput({ isTTY: true });
const file = new ReadableOutput();

describe('choice of the reporter', () => {
  it.each([
    ['a terminal', terminal, {}, TreeReporter],
    ['a file or pipe', file, {}, PlainReporter],
    ['a terminal that cannot move its cursor', terminal, { TERM: 'dumb' }, PlainReporter],
    ['GitHub Actions', file, { GITHUB_ACTIONS: 'true' }, GithubReporter],
  ])('auto on %s', (_where, output, environment, expected) => {
    expect(chooseReporter('auto', output, environment)).toBeInstanceOf(expected);
  });

  it('by name whatever the output is', () => {
    expect(chooseReporter('tree', file, { GITHUB_ACTIONS: 'true' })).toBeInstanceOf(TreeReporter);
    expect(chooseReporter('json', terminal, {})).toBeInstanceOf(JsonReporter);
  });
});

describe('JSON reporter', () => {
  it('writes every event, one a line', () => {
    const output = new ReadableOutput();
    const reporter = chooseReporter('json', output, {});
    for (const event of failedRun) reporter.report(event);
    const lines = output.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(failedRun);
  });
});
