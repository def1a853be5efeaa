/* Loaded into pipe itself: its clock stands still, at the milliseconds since 2026 that a file holds. */
const { readFileSync } = require('node:fs');

const [, program = ''] = process.argv;
const file = process.env.CLOCK;
if (/[\\/]pipe(\.cjs)?$/.test(program) && file !== undefined) {
  const passed = () => Number(readFileSync(file, 'utf8'));
  const now = () => Date.UTC(2026, 0, 1) + passed();
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length === 0 ? [now()] : given));
    }
    static now() {
      return now();
    }
  };
  performance.now = passed;
  process.uptime = () => passed() / 1000;
}
