// Makes the `at`-th file operation of a process fail with `code`; with `lasts` all later ones fail too, as a disk stays
// full. Writes which one it was to the file `hits`.
'use strict';
const { settings, untouched, wrapFileOperations } = require('./file-operations.cjs');

const { at, code, lasts, hits } = settings;
/** What a full disk does not refuse. */
const FREES = ['unlink', 'rmdir', 'rm', 'chmod', 'utimes', 'truncate'];
const NUMBERS = { EIO: 5, EACCES: 13, EMFILE: 24, ENOSPC: 28 };
const CAUSES = {
  EIO: 'i/o error',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
  ENOSPC: 'no space left on device',
};

let operations = 0;

/** Whether the operation needs what is lacking. */
function needs({ name, args }) {
  if (code === 'ENOSPC')
    return !FREES.includes(name) && !(name === 'open' && (args[1] === undefined || args[1] === 'r'));
  if (code === 'EMFILE') return ['open', 'writeFile', 'appendFile', 'copyFile'].includes(name);
  if (code === 'EACCES') return !['write', 'fsync'].includes(name);
  return true;
}

function failure({ name, paths: [path, dest] }) {
  const shown = dest === undefined ? `'${path}'` : `'${path}' -> '${dest}'`;
  const error = new Error(`${code}: ${CAUSES[code]}, ${name} ${shown}`);
  return Object.assign(error, {
    code,
    errno: -NUMBERS[code],
    syscall: name,
    path,
    ...(dest !== undefined && { dest }),
  });
}

wrapFileOperations((operation, go) => {
  if (!needs(operation)) return go();
  operations++;
  if (operations !== at && !(lasts && operations > at)) return go();
  if (operations === at)
    untouched.appendFileSync(hits, `${operation.name} ${operation.paths.join(' -> ')}\n`);
  if (operation.isAsync) return Promise.reject(failure(operation));
  throw failure(operation);
});
