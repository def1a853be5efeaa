import type { Work } from './sketch.ts';

/**
 * The work of the model (compute.ts) as a shell script. It appends to `log` in the directory what it does: `start KEY
 * IDENTITY`, `end KEY done|failed IDENTITY`. How long it takes, and whether it heeds an interrupt, are in files there,
 * so that they are no part of the action.
 */
export function workScript(work: Work, task: string, point: string, directory: string): string {
  const read = work.reads === 'all' ? 'cat' : 'head -n 1';
  const outputs = work.outputs.map((name) => WRITERS[name]);
  return `dir=${shellQuoted(directory)}
each() { [ ! -d inputs ] || (cd inputs; find . -type f | sed 's|^[.]/||' | LC_ALL=C sort | while IFS= read -r f; do printf '%s\\n' "$f"; $1 "$f"; done); }
short() { sha256sum | cut -c 1-16; }
key=$(pwd | sed 's|.*/work/\\([0-9a-f]*\\)/.*|\\1|')
identity="$(printf %s ${task}) of $(each cat | short)"
printf 'start %s %s\\n' "$key" "$identity" >> "$dir/log"
[ ! -e "$dir/stubborn" ] || trap '' TERM
sleep "$(sed -n "$(($$ % $(wc -l < "$dir/pace") + 1))p" "$dir/pace")"
body=$({ printf '%s\\n' ${shellQuoted(`${work.salt} ${point}`)}; each '${read}'; } | short)
failed() { printf 'end %s failed %s\\n' "$key" "$identity" >> "$dir/log"; exit 1; }
tries=$(grep -cF "failed $identity" "$dir/log" || true)
${work.flaky > 0 ? `[ "$tries" -ge ${work.flaky} ] || failed` : ':'}
${work.fails === 'always' ? 'failed' : ':'}
${work.fails === 'by-content' ? 'case $body in [0-7]*) failed;; esac' : ':'}
text() { printf '%s\\n%s\\n' "$body" ${work.salt}; }
${outputs.join('\n')}
printf 'end %s done %s\\n' "$key" "$identity" >> "$dir/log"
`.replaceAll('$SALT', String(work.salt));
}

/** A text as one word of the shell, and as it is for the pipeline language. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const WRITERS = {
  out: 'text > out',
  big: `{ text; head -c 70000 /dev/zero | tr '\\0' x; } > big`,
  dir: `mkdir -p deep/dir/sub; printf '%s\\n' "$body" > deep/dir/x; printf '%s\\n' $SALT > deep/dir/sub/y`,
} as const;
