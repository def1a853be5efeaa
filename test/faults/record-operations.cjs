// Writes down what a process does to its files, in order: a line for each operation that succeeded, as JSON, with the
// bytes that the file had then. What other processes wrote shows when this one syncs, renames or links it.
'use strict';
const { settings, untouched, wrapFileOperations } = require('./file-operations.cjs');

/** What looks at a file opens it, by the same functions. */
let recording = false;

function record({ name, paths }) {
  recording = true;
  const path = paths.at(-1);
  const state = untouched.lstatSync(path, { throwIfNoEntry: false });
  const content = state?.isFile() ? { content: untouched.readFileSync(path).toString('base64') } : {};
  const kind = state === undefined ? 'absent' : state.isDirectory() ? 'directory' : 'file';
  untouched.appendFileSync(settings.log, `${JSON.stringify({ name, paths, kind, ...content })}\n`);
  recording = false;
}

wrapFileOperations((operation, go) => {
  if (recording) return go();
  if (!operation.isAsync) {
    const result = go();
    record(operation);
    return result;
  }
  return go().then((result) => {
    record(operation);
    return result;
  });
});
