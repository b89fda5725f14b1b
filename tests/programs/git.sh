#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A repository's life.
set -eu
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
git config --global user.name A; git config --global user.email a@example.org; git config --global init.defaultBranch main
git init -q repo && cd repo
for i in 1 2 3; do seq "$i" 50 >"f$i"; git add . && git commit -qm "commit $i"; done
git checkout -qb topic && echo topic >>f1 && git commit -qam topic && git checkout -q main
echo main >>f2 && git commit -qam main && git merge -q --no-edit topic && git log --oneline --graph | cat
echo conflict-a >f3 && git commit -qam a && git checkout -q topic && echo conflict-b >f3 && git commit -qam b
git merge main || echo conflict; git checkout -q --ours f3 && git add f3 && git commit -qm resolved
git rebase -q HEAD~1 || echo "rebase says $?"; git stash list; git status --short; git diff HEAD~1 --stat | cat; git tag v1; git describe --tags
git gc -q && git fsck 2>&1 | head -n 3; git count-objects -v | grep -c in-pack; cd .. && git clone -q repo clone && cd clone && git log -1 --format=%H
git blame -s f1 | tail -n 1; git archive HEAD | tar t | sort; git grep -c 5 -- f1; git bundle create -q ../b.bundle --all && git bundle verify -q ../b.bundle
git worktree add -q ../wt topic 2>/dev/null || git worktree add -q ../wt origin/topic; ls ../wt; git rev-parse HEAD; cd .. && rm -rf repo/.git/index clone/.git/index wt b.bundle
rm -rf clone repo/.git/logs repo/.git/gc.log; find repo/.git -name '*.pack' -o -name '*.idx' -o -name '*.rev' | wc -l; rm -rf repo
