/** Three stages that take no time: `count` needs `words`, `shout` needs `count` and a parameter. */
export const SMALL = `schema: 1
name: small
params: { mark: "!" }
stages:
  words:
    uses: command
    with: { run: "printf 'one two three' > words.txt", outputs: { text: words.txt } }
  count:
    uses: command
    inputs: { text: words.text }
    with: { run: "wc -w < inputs/text | tr -d ' ' > count.txt", outputs: { number: count.txt } }
  shout:
    uses: command
    inputs: { number: count.number }
    with: { run: "echo \\"$(cat inputs/number)\${params.mark}\\" > shout.txt", outputs: { text: shout.txt } }
`;
