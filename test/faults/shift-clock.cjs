// Loaded by NODE_OPTIONS=--require: the clock of this process is off by the `clock` of FAULT_HOOK, in milliseconds.
'use strict';
const { clock: shift = 0 } = JSON.parse(process.env.FAULT_HOOK || '{}');
const Real = Date;

globalThis.Date = class extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + shift);
    else super(...args);
  }
  static now() {
    return Real.now() + shift;
  }
};
