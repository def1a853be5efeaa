import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StageEvent } from '../../src/contract/attempt/stage-event.ts';
import { EventWriter } from '../../src/stage-process/event-writer.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-events-'));
  file = join(directory, 'events.ndjson');
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

const progress = (done: number) => ({ type: 'progress', done, total: 9, unit: 'items' }) as const;

/** `progress 3`, `log` for each line. */
function written(): string[] {
  const events = readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as StageEvent);
  return events.map((event) => (event.type === 'progress' ? `progress ${event.done}` : event.type));
}

describe('the event writer', () => {
  it('writes progress at most ten times a second, the newest each time', () => {
    const writer = new EventWriter(file);
    for (const done of [1, 2, 3]) writer.write(progress(done));
    expect(written()).toEqual(['progress 1']);
    vi.advanceTimersByTime(100);
    expect(written()).toEqual(['progress 1', 'progress 3']);
    vi.advanceTimersByTime(1000);
    writer.write(progress(4));
    expect(written()).toEqual(['progress 1', 'progress 3', 'progress 4']);
    writer.close();
  });

  it('never loses the last progress, and never changes the order', () => {
    const writer = new EventWriter(file);
    for (const done of [1, 2]) writer.write(progress(done));
    writer.write({ type: 'log', message: 'x' });
    for (const done of [3, 4]) writer.write(progress(done));
    writer.close();
    expect(written()).toEqual(['progress 1', 'progress 2', 'log', 'progress 4']);
  });
});
