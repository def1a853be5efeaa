import { describe, expect, it } from 'vitest';
import type { AnySchema } from '../../src/contract/settings.ts';
import { stageTypes } from '../../src/stages/index.ts';

describe.each([...stageTypes.values()])('the stage type $uses', (type) => {
  it('is known by its own name', () => {
    expect(stageTypes.get(type.uses)).toBe(type);
  });

  it.each(Object.entries(type.settings.properties))(
    'setting %s says what it affects and means',
    (_, schema) => {
      const { affects, description } = schema as AnySchema;
      expect(affects).toMatch(/^(result|execution)$/);
      expect(description).toMatch(/\.$/);
    },
  );
});
