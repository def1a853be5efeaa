import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../rig.ts';

const PIPELINE = `schema: 1
name: diamond
stages:
  left:
    uses: command
    inputs: { data: { file: ./data.txt } }
    with: { run: "true", outputs: { out: out } }
  right:
    uses: command
    inputs: { data: { file: ./data.txt } }
    with: { run: "true", outputs: { out: out } }
  middle:
    uses: command
    inputs: { left: left.out }
    with: { run: "true", outputs: { out: out } }
  end:
    uses: command
    inputs: { a: middle.out, b: right.out, c: middle.out }
    with: { run: "true", outputs: { out: out } }
`;

describe('pipe graph', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'diamond.yaml': PIPELINE, 'data.txt': 'data' });
  });
  afterAll(() => project.remove());

  const graph = async (format: string) =>
    (await project.pipe(['graph', 'diamond.yaml', '--format', format])).stdout;

  it('as a tree draws what is needed twice once', async () => {
    expect(await graph('text')).toBe(`diamond
end (command)
├─ a: middle.out (command)
│  └─ left: left.out (command)
│     └─ data: file data.txt
├─ b: right.out (command)
│  └─ data: file data.txt
└─ c: middle.out (above)
`);
  });

  it('as Mermaid', async () => {
    expect(await graph('mermaid')).toBe(`flowchart TD
  n0["left"]
  n1["right"]
  n2["middle"]
  n3["end"]
  n4[/"data.txt"/]
  n4 -->|"data"| n0
  n4 -->|"data"| n1
  n0 -->|"out as left"| n2
  n2 -->|"out as a"| n3
  n1 -->|"out as b"| n3
  n2 -->|"out as c"| n3
`);
  });

  it('as DOT', async () => {
    const text = await graph('dot');
    expect(text).toMatch(/^digraph "diamond" \{\n {2}node \[shape=box\];\n/);
    expect(text).toContain('  n4 [label="data.txt", shape=note];\n');
    expect(text).toContain('  n0 -> n2 [label="out as left"];\n');
  });
});
