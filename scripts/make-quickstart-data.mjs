// Writes pipelines/data/quickstart.json, the records that the quickstart trains on. They are made for this
// project: small questions whose rules a nano GPT-2 can learn from scratch in a minute, so that the scores
// show real learning: the words of the test part never occur in the training part under the same question.
import { writeFileSync } from 'node:fs';

const words = `
able acid acorn actor adult agent album alley amber angle ankle apple apron arrow atlas aunt autumn badge bagel baker
balcony bamboo banana banjo barn basil basket beach beacon bean bear beetle bell bench berry bicycle bird biscuit blanket
boat bone book bottle bowl branch bread breeze brick bridge broom brush bucket butter button cabin cable cactus cake
camel camp candle canoe canyon carpet carrot castle cat cave cello chain chair chalk cheese cherry chess circle city
clay clock cloud clover coat coconut coin comet copper coral corn cotton cousin crab crane crown cup curtain daisy dance
dawn deer desert desk dish diver doctor dog dolphin donkey door dragon drum duck dune eagle earth echo egg elbow
elephant elm engine evening falcon farm feather fence fern ferry field finger fire fish flag flame flower flute fog
forest fork fossil fountain fox frog fruit garden gate giant ginger glass globe glove goat gold goose grain grape grass
guitar hail hammer harbor harp hat hawk hazel heart hedge helmet hen hero hill honey horn horse house ice igloo
insect island ivory ivy jacket jar jelly jewel jungle kettle key king kitchen kite kitten koala ladder lake lamp
lantern lark leaf lemon letter lily lime lion lizard log lotus magnet map maple marble market meadow melon mint mirror
monkey moon moose moss mountain mouse mud music nail needle nest night north nose nut oak oar oasis ocean olive onion
orange orchard otter oven owl oyster paint palace palm panda paper parrot path peach pear pebble pencil penguin pepper
piano pigeon pillow pine pilot planet plate plum pocket poem pond pony poppy potato prince pumpkin puzzle queen quilt
rabbit radio rain raven ribbon rice ring river road robin rocket roof rope rose ruby sail salt sand saddle school
seal seed shell ship silk silver sky snow soap sock spoon spring star stone storm straw sugar summer sun swan table
tailor tea teapot temple tent thread thunder tiger timber toast tomato torch tower train tree trumpet tulip tunnel turtle
umbrella uncle valley vase velvet village vine violin volcano wagon walnut water wave whale wheat wheel whistle willow
wind window winter wolf wood wool yard yarn zebra
`
  .trim()
  .split(/\s+/);

const opposites =
  `hot cold, big small, up down, day night, wet dry, fast slow, old new, hard soft, open closed, full empty,
light dark, high low, near far, early late, left right, loud quiet, rich poor, strong weak, thick thin, true false,
warm cool, wide narrow, young aged, clean dirty, happy sad, deep shallow, first last, push pull, give take, in out`
    .split(',')
    .map((pair) => pair.trim().split(/\s+/));

/** A fixed permutation: the same records for everybody, whatever the machine. */
function shuffled(items, seed) {
  const result = [...items];
  let state = seed;
  for (let i = result.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

const records = [
  ...words.map((word) => ({ instruction: 'First letter?', input: word, output: word[0] })),
  ...shuffled(words, 2)
    .slice(0, 160)
    .map((word) => ({ instruction: 'How many letters?', input: word, output: String(word.length) })),
  ...Array.from({ length: 99 }, (_, n) => ({
    instruction: 'Next number?',
    input: String(n),
    output: String(n + 1),
  })),
  ...opposites.flatMap(([one, other]) =>
    ['Opposite?', 'Not this?'].flatMap((instruction) => [
      { instruction, input: one, output: other },
      { instruction, input: other, output: one },
    ]),
  ),
];

const target = new URL('../pipelines/data/quickstart.json', import.meta.url);
writeFileSync(
  target,
  `[\n${shuffled(records, 3)
    .map((record) => JSON.stringify(record))
    .join(',\n')}\n]\n`,
);
console.log(`${records.length} records`);
