import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { buildFixtures, Rig } from './rig.ts';

/** The programs that are built once for a file of tests. */
export let fixtures: Awaited<ReturnType<typeof buildFixtures>>;
/** The rig of the test that runs. */
export let rig: Rig;

/** To be called at the top of a file of tests: each gets a rig of its own, whose stages are real processes. */
export function rigForEachTest(): void {
  beforeAll(async () => {
    fixtures = await buildFixtures();
  });
  afterAll(() => fixtures.remove());
  beforeEach(() => {
    rig = new Rig(fixtures.host);
  });
  afterEach(() => rig.remove());
}
