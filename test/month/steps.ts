import type { Random } from '../faults/seeded.ts';
import { MISTAKES, newWord, type ProjectState } from './project-state.ts';

/** Something that is done to a project in one step; undefined where it does not fit the state. */
export type Edit = (state: ProjectState, random: Random) => ProjectState | undefined;

/** Edits of files, by what they are called in the table. */
export const EDITS: Readonly<Record<string, Edit>> = {
  'adds data': (state, random) => ({ ...state, words: [...state.words, newWord(random)] }),
  'changes data': (state, random) => ({
    ...state,
    words: state.words.with(random.below(state.words.length), newWord(random)),
  }),
  'removes data': (state, random) =>
    state.words.length > 8
      ? { ...state, words: state.words.toSpliced(random.below(state.words.length), 1) }
      : undefined,
  'changes the script': (state, random) => ({ ...state, constant: random.below(5) }),
  'comments the script': (state, random) => ({ ...state, comment: newWord(random) }),
  'sets a parameter': (state, random) => ({ ...state, learningRate: random.pick(RATES) }),
  sweeps: (state, random) => ({ ...state, sweep: RATES.filter(() => random.chance(0.6)).slice(0, 3) }),
  'ends the sweep': (state) => (state.sweep ? { ...state, sweep: undefined } : undefined),
  renames: (state, random) => ({
    ...state,
    names: { train: random.pick(['train', 'fit', 'learn']), judge: random.pick(['judge', 'score']) },
  }),
  reorders: (state) => ({ ...state, reversed: !state.reversed }),
  reformats: (state) => ({ ...state, airy: !state.airy }),
  breaks: (state, random) => (state.mistake ? undefined : { ...state, mistake: random.pick(MISTAKES) }),
  mends: (state) => (state.mistake ? { ...state, mistake: undefined } : undefined),
};

const RATES = [0.0001, 0.0005, 0.001, 0.005];
