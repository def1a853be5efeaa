import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FOLLOWING } from '../../../src/runner/schedule/schedule.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/architecture.md'), 'utf8');

it('docs/architecture.md shows the states of a stage with exactly the transitions that the schedule allows', () => {
  const picture = /```mermaid\nstateDiagram-v2\n([^`]+)```/.exec(PAGE)![1]!;
  const arrows = [...picture.matchAll(/^ +(\S+) --> ([^\s:]+)/gm)].map(([, from, to]) => `${from} --> ${to}`);
  const allowed = Object.entries(FOLLOWING).flatMap(([from, states]) => {
    const next: readonly string[] = states.length === 0 ? ['[*]'] : states;
    return next.map((to) => `${from} --> ${to}`);
  });
  expect(arrows.sort()).toEqual(['[*] --> waiting', ...allowed].sort());
});
