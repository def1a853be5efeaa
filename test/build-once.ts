import { execFileSync } from 'node:child_process';

/** Builds `dist/` once before the suite: tests under test/cli drive the real binary. */
export default function buildOnce(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
