#!/bin/sh
# Evaluates alone, in CI or on any machine: judges from a bundle, never trains, and compares the scores with a baseline.
#
#   examples/ci/evaluate.sh PIPELINE BUNDLE BASELINE
#
# Exit code 0: as good as the baseline, as far as the items can show. 1: worse, or the bundle does not fit the pipeline.
# 2: the pipeline or the arguments are wrong. Variables:
#   BY             fail only where the scores are worse by more than this (default 2)
#   PIPE           the command (default: npx --no -- pipe, which never fetches anything)
#   PULL_REQUEST   number of the pull request to comment on with gh, which needs GH_TOKEN (default: no comment)
set -eu

pipeline=$1 bundle=$2 baseline=$3
pipe=${PIPE:-npx --no -- pipe}

$pipe unbundle "$bundle"
$pipe run "$pipeline" --only judge --frozen

table=$(mktemp)
trap 'rm -f "$table"' EXIT
code=0
$pipe compare "$baseline" last --fail-if-worse --by "${BY:-2}" --format markdown > "$table" || code=$?
cat "$table"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$table" >> "$GITHUB_STEP_SUMMARY"; fi
if [ -n "${PULL_REQUEST:-}" ] && [ -s "$table" ]; then
  # The token of a pull request from a fork may not comment; the job's summary has the table all the same.
  gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file "$table" ||
    echo "::warning::the comparison could not be posted as a comment"
fi
exit "$code"
