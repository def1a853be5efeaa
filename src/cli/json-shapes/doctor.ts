import { Type } from 'typebox';
import { engineCandidateShape } from '../../contract/engine-shapes.ts';
import { bytesShape, type Described, exact } from '../../contract/shapes.ts';

/** What `pipe doctor` found out about this machine; `pipe doctor --json` prints it. */
export const doctorShape = exact(
  {
    ready: Type.Boolean({ description: 'Node is new enough, artifacts can be written, an engine works' }),
    node: exact({ version: Type.String(), supported: Type.Boolean() }),
    platform: exact({
      system: Type.String(),
      architecture: Type.String(),
      processor: Type.String(),
      cores: Type.Integer({ minimum: 1 }),
    }),
    memory: exact({ total_bytes: bytesShape, available_bytes: bytesShape }),
    artifacts: exact({ directory: Type.String(), writable: Type.Boolean(), free_bytes: bytesShape }),
    engines: Type.Array(engineCandidateShape, { description: 'best first' }),
    ollama: exact({
      url: Type.String(),
      reachable: Type.Boolean(),
      version: Type.Optional(Type.String()),
      models: Type.Array(Type.String()),
      problem: Type.Optional(Type.String()),
    }),
  },
  'pipe doctor --json',
);

export type DoctorReport = Described<typeof doctorShape>;
