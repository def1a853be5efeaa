import fc from 'fast-check';
import type {
  CacheFolder,
  Change,
  Content,
  Damaged,
  History,
  RawStage,
  Rival,
  RunSketch,
  Step,
} from './history.ts';
import { withRawStage } from './reshape.ts';
import { type Axis, FILES, type OutputName, type StageSketch, type Work } from './sketch.ts';

export interface Sizes {
  readonly stages: number;
  readonly steps: number;
  /** Milliseconds that a stage takes at most. */
  readonly duration: number;
  /** Names that inputs have; at least ten. */
  readonly inputNames: readonly string[];
  /** Beside each run there may be another; then no stage fails for a while, or which of them succeeds would be luck. */
  readonly haveRivals: boolean;
}

const choice = fc.nat(1000);
const file = fc.constantFrom(...FILES);
const content: fc.Arbitrary<Content> = fc.record({ first: fc.nat(1), second: fc.nat(2) });

const axes: fc.Arbitrary<readonly Axis[]> = fc
  .array(fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 2 }), { maxLength: 2 })
  .map((lists) => lists.map((values, index) => ({ name: ['p', 'q'][index]!, values })));

const work: fc.Arbitrary<Work> = fc.record({
  salt: fc.nat(2),
  reads: fc.constantFrom('all', 'first-line'),
  outputs: fc.uniqueArray(fc.constantFrom<OutputName>('out', 'dir', 'big'), { minLength: 1 }),
  fails: often('never', fc.constantFrom('always', 'by-content', 'by-content', 'by-content'), 8),
  flaky: often(0, fc.integer({ min: 1, max: 2 }), 20),
  retries: often(0, fc.constant(1), 12),
});

const resources = often(
  { cpu: 1, gpu: 0, memory: 0 },
  fc.record({
    cpu: fc.constantFrom(0, 0.5, 1, 3, 64),
    gpu: fc.nat(2),
    memory: fc.constantFrom(0, 1e9, 5e9, 8e9),
  }),
  2,
);

const rawStage: fc.Arbitrary<RawStage> = fc.record({
  type: often('in-place', fc.constantFrom('copying', 'one-at-a-time'), 1),
  work,
  axes: often<string[]>([], fc.subarray(['p', 'q']), 1),
  collects: often(false, fc.constant(true), 3),
  optional: fc.boolean(),
  resources,
  files: fc.array(file, { maxLength: 5 }),
  needs: fc.array(fc.record({ back: often(0, choice, 1), output: choice }), { maxLength: 4 }),
  firstName: choice,
  twinOf: often<number | undefined>(undefined, choice, 6),
});

/** Mostly one value, to which a failure shrinks too. */
function often<T>(usual: T, other: fc.Arbitrary<T>, times: number): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: times, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: other },
  ) as fc.Arbitrary<T>;
}

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('edit' as const),
      file,
      content,
      how: fc.constantFrom('plain', 'same-time', 'renamed'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('touch' as const), file }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('damage' as const),
      what: fc.constantFrom<Damaged>(
        'objects',
        'objects',
        'objects',
        'objects',
        'actions',
        'latest',
        'file-inputs',
      ),
      which: choice,
      count: fc.constantFrom(1, 3, 100),
      how: fc.constantFrom('delete', 'flip', 'truncate'),
      keepsTime: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('delete-folder' as const),
      folder: fc.constantFrom<CacheFolder>(
        'cache/objects',
        'cache/actions',
        'cache/latest',
        'cache/file-inputs',
        'cache/tmp',
        'cache/locks',
        'work',
        'runs',
        '.',
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ is: fc.constant('salt' as const), stage: choice, salt: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('resources' as const), stage: choice, resources }) },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('rename' as const),
      stage: choice,
      name: fc.nat(9).map((number) => `r${number}`),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('remove' as const), stage: choice }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('add' as const), stage: rawStage }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('sweep' as const), axes }) },
);

/** Waiting costs seconds, so it is rare. */
const rareWait: fc.Arbitrary<Change[]> = often<Change[]>([], fc.constant([{ is: 'wait' }]), 60);

function runSketch({ duration }: Sizes): fc.Arbitrary<RunSketch> {
  return fc.record({
    jobs: fc.integer({ min: 1, max: 4 }),
    only: often<number | undefined>(undefined, choice, 5),
    force: often<number | undefined>(undefined, choice, 2),
    interrupts: often<number[]>([], fc.array(fc.nat(40), { minLength: 1, maxLength: 2 }), 4),
    isStubborn: fc.boolean(),
    durations: fc.array(fc.nat(duration), { minLength: 1, maxLength: 6 }),
  });
}

function rivalSketch(sizes: Sizes): fc.Arbitrary<Rival> {
  return fc.tuple(runSketch(sizes), fc.nat(20)).map(([run, startsAt]) => ({ ...run, startsAt }));
}

/** Pipelines with files, and what happens to them: a few changes before each run. */
export function histories(sizes: Sizes): fc.Arbitrary<History> {
  const steady = (stage: RawStage): RawStage =>
    sizes.haveRivals ? { ...stage, work: { ...stage.work, flaky: 0 } } : stage;
  const adapted = (one: Change): Change => (one.is === 'add' ? { ...one, stage: steady(one.stage) } : one);
  const step: fc.Arbitrary<Step> = fc.record({
    changes: fc
      .tuple(fc.array(change, { maxLength: 3 }), rareWait)
      .map(([changes, wait]) => [...changes.map(adapted), ...wait]),
    run: runSketch(sizes),
    rival: sizes.haveRivals ? rivalSketch(sizes) : fc.constant(undefined),
  });
  const stages = fc
    .array(rawStage.map(steady), { minLength: 1, maxLength: sizes.stages })
    .map((raw) =>
      raw.reduce<StageSketch[]>(
        (before, stage, index) => withRawStage(before, stage, `s${index}`, sizes.inputNames),
        [],
      ),
    );
  return fc.record({
    pipeline: fc.record({ axes: often<readonly Axis[]>([], axes, 2), stages }),
    files: fc.tuple(...FILES.map(() => content)),
    steps: fc.array(step, { minLength: 1, maxLength: sizes.steps }),
  });
}
