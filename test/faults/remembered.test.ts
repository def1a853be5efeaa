import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { digests, outcomes, Project } from '../cli/rig.ts';
import { type OllamaServer, startOllamaServer } from '../servers/ollama-server.ts';
import { DAMAGE_NAMES, damageIn } from './damage.ts';
import { require } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

const ROUNDS = LONG ? 100 : 10;
const ITEMS = 6;
/** What a server said last of its model, and its answers. */
const PLACES = ['cache/observed/', 'cache/items/'];

/** Scores that do not depend on when or how often the server is asked. */
const answerOf = (question: string) => String(10 * Number(/\d+/.exec(question)![0]));

describe('what is remembered of a judge', () => {
  let server: OllamaServer;
  let project: Project;
  beforeAll(async () => {
    server = await startOllamaServer(({ messages }) => answerOf(messages[0]!.content));
    const responses = Array.from({ length: ITEMS }, (_, index) => ({
      instruction: '?',
      output: 'x',
      model_response: `reply ${index}`,
    }));
    const judge = {
      kind: 'ollama',
      label: 'A',
      model: 'llama3',
      prompt: '{{ model_response }}',
      instructions: '',
      options: {},
    };
    const stage = {
      uses: 'judge',
      inputs: { responses: { file: './responses.json' } },
      with: { rationales: 0, url: server.url, judge },
    };
    project = new Project({
      'responses.json': JSON.stringify(responses),
      'judge.yaml': JSON.stringify({ schema: 1, name: 'judged', stages: { judge: stage } }),
    });
  });
  afterAll(async () => {
    project.remove();
    await server.close();
  });

  it(`is asked for again where it was damaged, in ${ROUNDS} ways`, {
    timeout: ROUNDS * 30_000,
  }, async (context) => {
    const first = await project.run(['judge.yaml']);
    require(first.code === 0, `the first run: ${first.stdout}${first.stderr}`);
    const reference = digests(first.events);
    const artifacts = project.path('artifacts');
    const tally = new Tally();
    for (let round = 0; round < ROUNDS; round++) {
      const place = PLACES[round % PLACES.length]!;
      await tally.round(`damage: ${place}`, round, async (random) => {
        const how = random.pick(DAMAGE_NAMES);
        const file = damageIn(artifacts, place, { how, keepTime: random.chance(0.6), random });
        require(file !==
          undefined, `there is no file in ${place}: ${readdirSync(project.path('artifacts', 'cache'))}`);
        const asked = server.questions.length;
        const hit = await project.run(['judge.yaml']);
        require(outcomes(hit.events).judge === 'hit', `${how} of ${file}: no hit`);
        require(server.questions.length === asked, `${how} of ${file}: a hit asks the judge`);
        const forced = await project.run(['judge.yaml', '--force', 'judge']);
        require(forced.code === 0, `${how} of ${file}: exit code ${forced.code}: ${forced.stderr}`);
        for (const [name, digest] of Object.entries(reference))
          require(digests(forced.events)[name] === digest, `${how} of ${file}: ${name} is another one`);
        const more = server.questions.length - asked;
        require(more <=
          (place === 'cache/items/' ? 1 : 0), `${how} of ${file}: ${more} questions are asked again`);
        return `right scores, ${more} asked again`;
      });
    }
    tally.finish(context);
  });
});
