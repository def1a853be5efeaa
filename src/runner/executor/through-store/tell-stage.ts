import { writeFileSync } from 'node:fs';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import { followLines } from '../../../files/follow-lines.ts';
import type { AttemptHandle } from '../executor.ts';
import { eventLine, printedLine } from './told-lines.ts';

/**
 * Prints what a stage prints and tells, while it runs, for whoever reads the output of this process. Gives its events, without its
 * progress, when it has ended.
 */
export async function tellStage({ events, done }: AttemptHandle, log: string): Promise<StageEvent[]> {
  writeFileSync(log, '', { flag: 'a' });
  const ended = done.catch(() => {}); // why is the business of whoever waits for it
  const printing = printLog(log, ended);
  const told: StageEvent[] = [];
  for await (const event of events) {
    const isProgress = event.type === 'progress';
    print(eventLine(isProgress ? undefined : told.length, event));
    if (!isProgress) told.push(event);
  }
  await printing;
  return told;
}

async function printLog(log: string, ended: Promise<unknown>): Promise<void> {
  for await (const { text } of followLines(log, ended)) if (text !== undefined) print(printedLine(text));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
