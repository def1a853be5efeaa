import { describe, expect, it, onTestFinished } from 'vitest';
import { RunControl } from '../../../src/runner/schedule/run-control.ts';

describe('the control of a run', () => {
  it('is listened to by a thousand stages, and Node warns of no leak', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const control = new RunControl();
    let heard = 0;
    for (let stage = 0; stage < 1000; stage++) {
      control.cancelled.addEventListener('abort', () => heard++);
      control.killed.addEventListener('abort', () => heard++);
    }
    control.interrupt();
    control.interrupt();
    await new Promise(setImmediate); // warnings come in a turn of their own
    expect(heard).toBe(2000);
    expect(warnings).toEqual([]);
  });
});
