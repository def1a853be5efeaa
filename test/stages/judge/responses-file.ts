import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDirectory } from '../run-stage.ts';

/** A file of responses to one question, whose expected answer is `output`. */
export function responsesFile(replies: readonly string[], output = ''): string {
  const path = join(freshDirectory(), 'responses.json');
  const items = replies.map((model_response) => ({ instruction: '?', output, model_response }));
  writeFileSync(path, JSON.stringify(items));
  return path;
}
