#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shell's own machinery: processes, pipes, traps, jobs.
shopt -s extglob
echo one two three | while read -r a b c; do echo "$c $b $a"; done
x=$(echo nested $(echo substitution $(echo deep))); echo "$x"
cat <<END | tr a-z A-Z | rev
here document $x
END
cat <<<"here string"
diff <(seq 1 5) <(seq 2 6); echo "diff says $?"
tee >(wc -c >counted) <<<"into a process" >/dev/null; wait $!; sleep 0.1; cat counted
(exit 7); echo "subshell $?"
set -o pipefail; false | true | cat; echo "pipefail $? ${PIPESTATUS[*]}"
declare -A map=([one]=1 [two]=2 [three]=3)
for key in $(printf '%s\n' "${!map[@]}" | sort); do echo "$key=${map[$key]}"; done
array=(a b c d); unset 'array[1]'; echo "${array[@]} ${#array[@]} ${!array[@]}"
mapfile -t lines < <(seq 3); echo "${lines[2]}"
trap 'echo on USR1' USR1; kill -USR1 $$; trap - USR1
trap 'echo leaving with $?' EXIT
(trap 'echo child got TERM; exit 9' TERM; kill -TERM $BASHPID; echo unreached)
echo "after term $?"
{ sleep 100 & pid=$!; sleep 0.1; kill $pid; wait $pid; echo "killed $?"; } 2>/dev/null
{ sh -c 'kill -9 $$'; echo "kill9 $?"; } 2>/dev/null
(sleep 0.02; echo slept) & (sleep 0.01; echo first) & wait; echo all done
set -m; sleep 5 & jobs -r >running; sed 's/  */ /g' running; sleep 0.1; kill %%; { wait $!; } 2>/dev/null
echo "job $?"; set +m
coproc CAT { cat; }; echo through coproc >&"${CAT[1]}"; read -r l <&"${CAT[0]}"; echo "$l"
exec {fd}>file; echo to fd >&"$fd"; exec {fd}>&-; cat file
echo append >>file; wc -l <file; : >|file; wc -c <file
echo stderr >&2; { echo both; echo both >&2; } 2>&1 | sort
for i in {1..5}; do ((i == 3)) && continue; ((i == 5)) && break; echo "i$i"; done
case abc in a*) echo glob;; esac; [[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
shopt -s nullglob; touch f1 f2 g1; echo f* !(f*) h*
f() { local v=$1; ((v <= 1)) && { echo 1; return; }; echo $((v * $(f $((v - 1))))); }; f 6
echo $((2 ** 40 % 1000)) ${x^^} ${x%% *} ${x/nested/flat} ${#x}
read -r -t 0.05 line < <(sleep 1); echo "read timed out: $(($? > 128))"
ulimit -n >/dev/null; umask; printf -v padded '%08.3f' 3.14159; echo "$padded"
time_output=$( { time true; } 2>&1 ); [[ $time_output == *real* ]] && echo timed
select_me=2; eval 'echo evaluated $select_me'; type -t cd echo if ls
kill -l TERM; echo "bye"; exit 5
