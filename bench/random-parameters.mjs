// Parameters for benchmarks, of about the size of a trained model's; the speed does not depend on them.

/** Variables of the current engine by name. */
export function randomParameters(tf, shapes) {
  return new Map([...shapes].map(([name, shape]) => [name, randomParameter(tf, name, shape)]));
}

function randomParameter(tf, name, shape) {
  const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
  const centre = name.includes('ln_') && name.endsWith('.weight') ? 1 : 0;
  for (let i = 0, state = 1; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = centre + state * 2 ** -31 * 0.03;
  }
  const initial = tf.tensor(values, [...shape]);
  const parameter = tf.variable(initial);
  initial.dispose();
  return parameter;
}
