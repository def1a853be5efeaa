import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Finished, outcomes, Project } from './rig.ts';

/** Two stages, the first with a result that is too large for its record. */
const BIG_AND_SMALL = `schema: 1
name: shared
stages:
  make:
    uses: command
    with: { run: "seq 1 40000 > big", outputs: { big: big } }
  count:
    uses: command
    inputs: { big: make.big }
    with: { run: "wc -l < inputs/big > lines", outputs: { lines: lines } }
`;

/** A machine that makes results, others that believe it, and a folder that they share. */
export class TwoMachines {
  readonly maker: Project;
  readonly reader: Project;
  /** The store, and its address. */
  readonly folder: string;
  remote: string;
  readonly #pipeline: string;
  readonly #others: Project[] = [];

  private constructor(pipeline: string) {
    this.#pipeline = pipeline;
    this.maker = new Project({ 'p.yaml': pipeline, 'home/x': '' });
    this.reader = new Project({ 'p.yaml': pipeline, 'home/x': '' });
    this.folder = this.maker.path('shared');
    mkdirSync(this.folder);
    this.remote = pathToFileURL(this.folder).href;
  }

  static async start(pipeline = BIG_AND_SMALL): Promise<TwoMachines> {
    const machines = new TwoMachines(pipeline);
    await machines.pipe(machines.maker, 'trust', 'create', '--name', 'maker');
    machines.reader.write('pipe-trust.json', machines.trust);
    return machines;
  }

  /** The trust file: the maker is believed. */
  get trust(): Buffer {
    return readFileSync(this.maker.path('pipe-trust.json'));
  }

  /** One more machine that believes the maker. */
  another(): Project {
    const project = new Project({ 'p.yaml': this.#pipeline, 'home/x': '', 'pipe-trust.json': this.trust });
    this.#others.push(project);
    return project;
  }

  environment(project: Project): Record<string, string> {
    return { XDG_CONFIG_HOME: project.path('home'), PIPE_REMOTE: this.remote };
  }

  pipe(project: Project, ...args: string[]): Promise<Finished> {
    return project.pipe(args, this.environment(project));
  }

  async run(project: Project, ...args: string[]) {
    const ended = await project.run(['p.yaml', ...args], this.environment(project));
    return { ...ended, outcomes: outcomes(ended.events) };
  }

  /** Names of all that is in the store. */
  get stored(): readonly string[] {
    return readdirSync(this.folder, { recursive: true }).map(String).sort();
  }

  remove(): void {
    for (const project of [this.maker, this.reader, ...this.#others]) project.remove();
  }
}
