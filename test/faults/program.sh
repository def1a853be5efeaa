# What a stage of the attacked pipeline runs: sh program.sh NAME SHAPE SECONDS
# It logs its start and end to $FAULT_LOG, which lies outside of the artifacts, and its output depends on its name and
# its inputs alone: it ends at the first write that fails. It also logs an "overlap" when another process is at work on
# the same action at this moment.
set -e
read_inputs() { find inputs -type f 2> /dev/null | LC_ALL=C sort | xargs -r cat; }
name=$1 shape=$2 seconds=$3

while read -r what action pid; do
  [ "$what $action" = "start $name" ] && [ "$pid" != $$ ] || continue
  # A process that has ended has no environment, and a foreign one that has got its number has another log.
  if grep -qzsF "FAULT_LOG=$FAULT_LOG" "/proc/$pid/environ"; then echo "overlap $name $pid" >> "$FAULT_LOG"; fi
done < "$FAULT_LOG"
echo "start $name $$" >> "$FAULT_LOG"

case $shape in
  session) setsid sh -c "sleep $seconds; echo made in a session of its own > made" & wait $! ;;
  orphan) setsid sh -c 'sleep 100; :' > orphan.log 2>&1 & sleep "$seconds" ;;
  *) sleep "$seconds" ;;
esac

case $shape in
  small) { echo "$name"; read_inputs; } > out ;;
  folder)
    mkdir -p out/deep/empty
    { echo '#!/bin/sh'; read_inputs; } > out/run
    chmod +x out/run
    seq 1 20000 > out/deep/numbers
    ;;
  session) { cat made; read_inputs; seq 1 15000; } > out ;;
  sum) find inputs -type f | LC_ALL=C sort | xargs sha256sum > out ;;
  *) { echo "$name"; seq 1 30000; read_inputs; } > out ;; # more than a record holds
esac
echo "end $name $$" >> "$FAULT_LOG"
