import { ModelFileError } from '../../files/model-file-error.ts';
import { type Rope, speedsOf } from './rope.ts';

/*
 * How a file for llama.cpp says that positions are scaled as in Llama 3: one number for each pair of a head's numbers, by which its speed is
 * divided (`rope_freqs.weight` [D / 2]). The settings from which transformers computes them are not in the file.
 */

/** What float32 loses of a factor and of the settings that are found again. */
const TOLERANCE = 1e-6;
/** Decimal places of settings as people write them. */
const DIGITS = 4;
/** `high_freq_factor` of all published models. */
const USUAL_HIGH = 4;

/** By what the speed of each pair is divided [D / 2], as convert_hf_to_gguf.py of llama.cpp computes it. */
export function factorsOf(rope: Rope, D: number): Float32Array {
  const plain = speedsOf({ rope_type: 'default', rope_theta: rope.rope_theta }, D);
  const scaled = speedsOf(rope, D);
  return Float32Array.from(plain, (speed, i) => speed / scaled[i]!);
}

/**
 * The settings of positions whose speeds are divided by these factors. Many settings give the same factors: those with a
 * `low_freq_factor` of 1 are taken, as in all published models. Throws ModelFileError, which names the file, if none give them.
 */
export function ropeOfFactors(factors: Float32Array, rope_theta: number, file: string): Rope {
  const D = 2 * factors.length;
  const known = candidates(factors, rope_theta).find((rope) => {
    const again = factorsOf(rope, D);
    return factors.every((factor, i) => Math.abs(factor - again[i]!) <= TOLERANCE * factor);
  });
  if (known !== undefined) return known;
  throw ModelFileError.of(
    file,
    'rope_freqs.weight scales positions in a way that is not read',
    'Positions that are scaled as in Llama 3 are read. Take the model from its Hugging Face folder, if there is one.',
  );
}

function candidates(factors: Float32Array, rope_theta: number): Rope[] {
  const factor = Math.max(...factors);
  if (Math.min(...factors) === factor)
    return [
      { rope_type: 'default', rope_theta },
      { rope_type: 'linear', rope_theta, factor },
    ];
  return ramps(factors, rope_theta).flatMap(({ slowed, kept }) => {
    const settings = (shorten: (value: number) => number): Rope => ({
      rope_type: 'llama3',
      rope_theta,
      factor: shorten(factor),
      low_freq_factor: 1,
      high_freq_factor: shorten(kept / slowed),
      original_max_position_embeddings: shorten((2 * Math.PI) / slowed),
    });
    return [
      settings(Math.round),
      settings((value) => Number(value.toFixed(DIGITS))),
      settings((value) => value),
    ];
  });
}

/** The speeds from which on down pairs are slowed by the whole factor, and from which on up not at all. */
interface Ramp {
  readonly slowed: number;
  readonly kept: number;
}

/**
 * What a pair between both speeds keeps of its own is a line over the speeds, so two such pairs give it. One alone may be of
 * the usual ramp; and any line gives the same factors that is steep enough for the pairs next to it.
 */
function ramps(factors: Float32Array, rope_theta: number): Ramp[] {
  const factor = Math.max(...factors);
  const speeds = speedsOf({ rope_type: 'default', rope_theta }, 2 * factors.length);
  const pairs = Array.from(factors, (own, i) => ({
    speed: speeds[i]!,
    kept: (1 / own - 1 / factor) / (1 - 1 / factor),
  }));
  const between = pairs.filter(({ kept }) => kept > 0 && kept < 1);
  const above = pairs.filter(({ kept }) => kept >= 1).at(-1);
  const below = pairs.find(({ kept }) => kept <= 0)!;
  const anchor = between[0] ?? below;
  const others = between.length > 1 ? between.slice(-1) : [above, below];
  const slopes = others.flatMap((other) =>
    other === undefined || other === anchor
      ? []
      : [(anchor.kept - other.kept) / (anchor.speed - other.speed)],
  );
  const slope = Math.max(...slopes);
  const slowed = anchor.speed - anchor.kept / slope;
  const usual = anchor.speed / (1 + anchor.kept * (USUAL_HIGH - 1));
  return [
    { slowed: usual, kept: USUAL_HIGH * usual },
    { slowed, kept: slowed + 1 / slope },
  ];
}
