import { counted } from '../terminal/units.ts';
import { howFar, progressText } from './progress-text.ts';
import type { Uploading } from './run-state.ts';

/** How far the uploads are that a run waits for at its end: `uploading 2 results: 50 %, 40 s left, 800 MB of 1.6 GB, 20 MB/s`. */
export function uploadText({ results, progress }: Uploading): string {
  const position = progress.latest.total ? `: ${progressText(howFar(progress))}` : '';
  return `uploading ${counted(results, 'result')}${position}`;
}
