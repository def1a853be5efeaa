// Tries one engine and sends what it found to the process that started this one (src/engine/choose-engine.ts).
import type { EngineName } from './contract/engine-name.ts';
import { probe } from './engine/probe.ts';

const result = await probe(process.argv[2] as EngineName);
process.send?.(result, () => process.exit());
