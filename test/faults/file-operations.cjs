// Used by what NODE_OPTIONS=--require loads into a process of pipe: wraps every call of node:fs that changes the disk, under
// the folder, and in the program (`pipe.cjs`, `stage-host.cjs`), that the JSON in FAULT_HOOK names.
'use strict';
const fs = require('node:fs');
const { resolve, sep } = require('node:path');
const { syncBuiltinESMExports } = require('node:module');

/** What is installed is a link to the program. */
const isProgram = (path) => path !== undefined && fs.realpathSync(path).endsWith(program);

const settings = JSON.parse(process.env.FAULT_HOOK || '{}');
const { folder, process: program } = settings;

/** Names of functions of node:fs; each has a synchronous form `…Sync`, one in `promises`, and one with a callback. */
const ON_PATHS = [
  'open',
  'mkdir',
  'rename',
  'link',
  'unlink',
  'rmdir',
  'rm',
  'writeFile',
  'appendFile',
  'copyFile',
  'chmod',
  'utimes',
  'truncate',
];
const ON_DESCRIPTORS = ['write', 'fsync', 'fdatasync'];
const ON_HANDLES = {
  writeFile: 'write',
  appendFile: 'write',
  write: 'write',
  writev: 'write',
  sync: 'fsync',
  datasync: 'fsync',
  truncate: 'truncate',
};

/** Descriptor -> path, of what was opened under the folder. */
const paths = new Map();

/**
 * Calls `around` for each operation with {name, paths, arguments} and `go`, which does it. What it returns is returned;
 * for promises `go` gives a promise, and so must `around`; `isAsync` says which.
 */
function wrapFileOperations(around) {
  if (folder === undefined || !isProgram(process.argv[1])) return;
  const inside = (path) =>
    typeof path === 'string' && (resolve(path) === folder || resolve(path).startsWith(folder + sep));
  const concerned = (name, args) => {
    const named =
      name === 'rename' || name === 'link' || name === 'copyFile' ? args.slice(0, 2) : args.slice(0, 1);
    return named.some(inside) ? named.map((path) => resolve(path)) : undefined;
  };
  for (const name of ON_PATHS) {
    const { [name]: promised } = fs.promises;
    fs.promises[name] = async function (...args) {
      const named = concerned(name, args);
      if (!named) return await promised.apply(this, args);
      return await around({ name, paths: named, args, isAsync: true }, async () => {
        const result = await promised.apply(this, args);
        if (name === 'open') paths.set(result.fd, named[0]);
        return result;
      });
    };
    const now = fs[`${name}Sync`];
    fs[`${name}Sync`] = function (...args) {
      const named = concerned(name, args);
      if (!named) return now.apply(this, args);
      return around({ name, paths: named, args, isAsync: false }, () => {
        const result = now.apply(this, args);
        if (name === 'open') paths.set(result, named[0]);
        return result;
      });
    };
  }
  wrapCallbackOpen(around, concerned);
  for (const name of ON_DESCRIPTORS) {
    const now = fs[`${name}Sync`];
    fs[`${name}Sync`] = function (descriptor, ...args) {
      const path = paths.get(descriptor);
      const go = () => now.call(this, descriptor, ...args);
      return path === undefined
        ? go()
        : around({ name: name === 'fdatasync' ? 'fsync' : name, paths: [path], args, isAsync: false }, go);
    };
  }
  const close = fs.closeSync;
  fs.closeSync = function (descriptor) {
    paths.delete(descriptor);
    return close.call(this, descriptor);
  };
  wrapHandles(around);
  syncBuiltinESMExports();
}

/** Streams open their files with a callback. */
function wrapCallbackOpen(around, concerned) {
  const { open } = fs;
  fs.open = function (...args) {
    const named = concerned('open', args);
    const done = args.at(-1);
    if (!named) return open.apply(this, args);
    const go = () =>
      new Promise((opened, failed) =>
        open.call(this, ...args.slice(0, -1), (error, fd) => (error ? failed(error) : opened(fd))),
      );
    around({ name: 'open', paths: named, args, isAsync: true }, go).then(
      (fd) => done(null, fd),
      (error) => done(error),
    );
  };
}

/** The methods of what `fs.promises.open` gives, whose class Node does not export. */
function wrapHandles(around) {
  let wrapped = false;
  const { open } = fs.promises;
  fs.promises.open = async function (...args) {
    const handle = await open.apply(this, args);
    if (!wrapped) {
      wrapped = true;
      const methods = Object.getPrototypeOf(handle);
      for (const [method, name] of Object.entries(ON_HANDLES)) {
        const original = methods[method];
        methods[method] = async function (...given) {
          const path = paths.get(this.fd);
          const go = () => original.apply(this, given);
          return path === undefined
            ? await go()
            : await around({ name, paths: [path], args: given, isAsync: true }, go);
        };
      }
      const { close } = methods;
      methods.close = async function () {
        paths.delete(this.fd);
        return await close.call(this);
      };
    }
    return handle;
  };
}

/** `fs` as it was, for those who wrap. */
const untouched = { ...fs, promises: { ...fs.promises } };

module.exports = { settings, untouched, wrapFileOperations };
