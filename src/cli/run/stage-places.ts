import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { LineTable } from '../../pipeline/yaml/line-table.ts';
import type { AnnotatedPlace } from '../../reporters/annotation.ts';

/** Tells where a pipeline declares a stage; undefined where its file cannot be read any more, or it is from `--set`. */
export function stagePlaces({ stages }: Pipeline): (stage: string) => AnnotatedPlace | undefined {
  return (id) => {
    const place = stages.find((stage) => stage.id === id)?.place;
    if (place === undefined) return undefined;
    try {
      const position = new LineTable(readFileSync(place.file, 'utf8')).position(place.offset);
      return { file: relative('.', place.file), ...position };
    } catch {
      return undefined;
    }
  };
}
